// The path of a value inside a configuration, as messages show it: `routes[0].upstream`.

/** Keys of objects and indexes of arrays, from the root. */
export type KeyPath = readonly (string | number)[];

/** `routes[0].upstream`, `upstreams["a b"].endpoints`; '' for the root. */
export function formatKeyPath(path: KeyPath): string {
  let text = '';
  for (const key of path) {
    if (typeof key === 'number') text += `[${key}]`;
    else if (!/^[A-Za-z_$][\w$-]*$/.test(key)) text += `[${JSON.stringify(key)}]`;
    else text += text === '' ? key : `.${key}`;
  }
  return text;
}

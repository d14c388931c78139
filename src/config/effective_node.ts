// A configuration with every default filled in, as a tree in which each value knows where it comes
// from: what `zproxy config print` writes, with the defaults marked.

/** `written` in the file, the `default`, or `inherited` from the top level. */
export type EffectiveFrom = 'written' | 'inherited' | 'default';

/** A single value, a list, or an object whose entries stand in the order to print. */
export type EffectiveNode =
  | {
      readonly kind: 'value';
      readonly value: string | number | boolean | null;
      readonly from: EffectiveFrom;
    }
  | {
      readonly kind: 'list';
      readonly items: readonly EffectiveNode[];
      readonly from: EffectiveFrom;
    }
  | {
      readonly kind: 'map';
      readonly entries: readonly (readonly [key: string, node: EffectiveNode])[];
      readonly from: EffectiveFrom;
    };

/** The tree of plain data, all of it from one place. */
export function nodeOf(value: unknown, from: EffectiveFrom): EffectiveNode {
  if (Array.isArray(value)) {
    return { kind: 'list', items: value.map((item) => nodeOf(item, from)), from };
  }
  if (value !== null && typeof value === 'object') {
    const entries = Object.entries(value).filter(([, inner]) => inner !== undefined);
    return {
      kind: 'map',
      entries: entries.map(([key, inner]) => [key, nodeOf(inner, from)]),
      from,
    };
  }
  const isSingle = ['string', 'number', 'boolean'].includes(typeof value);
  return { kind: 'value', value: isSingle ? (value as string | number | boolean) : null, from };
}

/** The plain data of a tree: a configuration that means the same. */
export function plainOf(node: EffectiveNode): unknown {
  switch (node.kind) {
    case 'value':
      return node.value;
    case 'list':
      return node.items.map(plainOf);
    case 'map':
      return Object.fromEntries(node.entries.map(([key, inner]) => [key, plainOf(inner)]));
  }
}

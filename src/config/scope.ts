// Where a timeout or a limit may be set. The narrowest place that sets one wins over the wider
// ones.

/** `global` is the top level of the configuration. */
export type Scope = 'global' | 'listener' | 'upstream' | 'route';

const PLACES: Readonly<Record<Scope, string>> = {
  global: 'at the top level',
  listener: 'per listener',
  upstream: 'per upstream',
  route: 'per route',
};

/** `at the top level or per upstream`. */
export function formatScopes(scopes: readonly Scope[]): string {
  return scopes.map((scope) => PLACES[scope]).join(' or ');
}

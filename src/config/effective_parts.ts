// What the effective forms of listeners, upstreams and routes are put together from.

import { formatByteSize } from './byte_size.ts';
import { formatDuration } from './duration.ts';
import { type EffectiveNode, nodeOf } from './effective_node.ts';
import { LIMIT_RULES, type LimitKey } from './limits.ts';
import { isObject } from './schema_shapes.ts';
import type { Scope } from './scope.ts';
import { TIMEOUT_RULES, type TimeoutKey } from './timeouts.ts';

/** An object of accepted data. */
export type Written = Readonly<Record<string, unknown>>;

/** Error pages with the short form written out. */
export function effectiveErrorPages(pages: unknown): EffectiveNode {
  return mapOf(pages, (page) => {
    const written: Written = isObject(page) ? page : { file: page };
    return withDefaults(written, { upstream: false });
  });
}

/** What is written, and behind it the defaults of the keys that are not. */
export function withDefaults(written: Written, defaults: Written): EffectiveNode {
  const missing = Object.entries(defaults).filter(([key]) => written[key] === undefined);
  return {
    kind: 'map',
    entries: [
      ...Object.entries(written)
        .filter(([, value]) => value !== undefined)
        .map(([key, value]): [string, EffectiveNode] => [key, nodeOf(value, 'written')]),
      ...missing.map(([key, value]): [string, EffectiveNode] => [key, nodeOf(value, 'default')]),
    ],
    from: 'written',
  };
}

/** The limits that may be set in one place: the narrowest that is written, then the default. */
export function limitsAt(scope: Scope, narrow: unknown, wide: unknown): EffectiveNode {
  const keys = Object.keys(LIMIT_RULES) as LimitKey[];
  return sectionOf(
    keys.filter((key) => LIMIT_RULES[key].scopes.includes(scope)),
    [narrow, wide],
    (key) => {
      const rule = LIMIT_RULES[key];
      if (rule.default === Number.POSITIVE_INFINITY) return 'none';
      return rule.kind === 'size' ? formatByteSize(rule.default) : rule.default;
    },
  );
}

/** The timeouts that may be set in one place, in the same way. */
export function timeoutsAt(scope: Scope, narrow: unknown, wide: unknown): EffectiveNode {
  const keys = Object.keys(TIMEOUT_RULES) as TimeoutKey[];
  return sectionOf(
    keys.filter((key) => TIMEOUT_RULES[key].scopes.includes(scope)),
    [narrow, wide],
    (key) => formatDuration(TIMEOUT_RULES[key].defaultMs),
  );
}

function sectionOf<Key extends string>(
  keys: readonly Key[],
  [narrow, wide]: readonly [unknown, unknown],
  defaultOf: (key: Key) => string | number,
): EffectiveNode {
  const written = (narrow ?? {}) as Written;
  const above = (wide ?? {}) as Written;
  const entries = keys.map((key): [string, EffectiveNode] => {
    if (written[key] !== undefined) return [key, nodeOf(written[key], 'written')];
    if (above[key] !== undefined) return [key, nodeOf(above[key], 'inherited')];
    return [key, nodeOf(defaultOf(key), 'default')];
  });
  return { kind: 'map', entries, from: narrow === undefined ? 'default' : 'written' };
}

/** A list that is there, each item made by `each`. */
export function listOf(
  list: unknown,
  each: (item: unknown, index: number) => EffectiveNode,
): EffectiveNode {
  return { kind: 'list', items: (list as readonly unknown[]).map(each), from: 'written' };
}

/** An object with names of the user's for keys; empty where it is not written. */
export function mapOf(map: unknown, each: (value: unknown) => EffectiveNode): EffectiveNode {
  const entries = Object.entries((map ?? {}) as Written);
  const from = map === undefined ? 'default' : 'written';
  return { kind: 'map', entries: entries.map(([key, value]) => [key, each(value)]), from };
}

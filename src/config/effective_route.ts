// A route with every default filled in: conditions as they are written (there is nothing to say of
// those that are not), its one action with all that belongs to it.

import {
  MIRROR_PERCENT_DEFAULT,
  REDIRECT_STATUS_DEFAULT,
  RESPOND_STATUS_DEFAULT,
  UPGRADES_DEFAULT,
} from './build_routes.ts';
import { type EffectiveNode, nodeOf } from './effective_node.ts';
import { effectiveErrorPages, limitsAt, type Written, withDefaults } from './effective_parts.ts';
import { isObject } from './schema_shapes.ts';

const CONDITIONS = [
  'host',
  'path',
  'method',
  'scheme',
  'headers',
  'query',
  'cookies',
  'clientIp',
] as const;

/** One route; `name` is the one that it goes by. */
export function effectiveRoute(item: unknown, config: Written, name: string): EffectiveNode {
  const route = item as Written;
  const entries: [string, EffectiveNode][] = [
    ['name', nodeOf(name, route['name'] === undefined ? 'default' : 'written')],
  ];
  for (const key of CONDITIONS) {
    if (route[key] !== undefined) entries.push([key, nodeOf(route[key], 'written')]);
  }
  entries.push(...effectiveAction(route));
  entries.push(
    ['middleware', orDefault(route['middleware'], [])],
    ['limits', limitsAt('route', route['limits'], config['limits'])],
    ['unsafePaths', orDefault(route['unsafePaths'], [])],
  );
  if (route['errorPages'] !== undefined) {
    entries.push(['errorPages', effectiveErrorPages(route['errorPages'])]);
  }
  return { kind: 'map', entries, from: 'written' };
}

function effectiveAction(route: Written): [string, EffectiveNode][] {
  const { redirect, respond } = route;
  if (redirect !== undefined) {
    const written: Written = isObject(redirect) ? redirect : { to: redirect };
    return [['redirect', withDefaults(written, { status: REDIRECT_STATUS_DEFAULT })]];
  }
  if (respond !== undefined) {
    return [['respond', withDefaults(respond as Written, { status: RESPOND_STATUS_DEFAULT })]];
  }
  const entries: [string, EffectiveNode][] = [];
  for (const key of ['upstream', 'upstreams', 'splitBy', 'rewrite']) {
    if (route[key] !== undefined) entries.push([key, nodeOf(route[key], 'written')]);
  }
  if (route['mirror'] !== undefined) entries.push(['mirror', effectiveMirrors(route['mirror'])]);
  entries.push(['upgrades', orDefault(route['upgrades'], UPGRADES_DEFAULT)]);
  return entries;
}

function effectiveMirrors(written: unknown): EffectiveNode {
  const list: readonly unknown[] = Array.isArray(written) ? written : [written];
  const items = list.map((mirror) =>
    withDefaults(isObject(mirror) ? mirror : { upstream: mirror }, {
      percent: MIRROR_PERCENT_DEFAULT,
    }),
  );
  return { kind: 'list', items, from: 'written' };
}

function orDefault(written: unknown, value: unknown): EffectiveNode {
  return written === undefined ? nodeOf(value, 'default') : nodeOf(written, 'written');
}

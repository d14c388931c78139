// The whole configuration with every default filled in and every short form written out. Made from
// data that was accepted; secrets must be masked in it before. What it gives is a configuration
// again, and means the same: effective_config_test.ts holds it to that.

import { type EffectiveFrom, type EffectiveNode, nodeOf } from './effective_node.ts';
import {
  effectiveErrorPages,
  limitsAt,
  listOf,
  mapOf,
  timeoutsAt,
  type Written,
  withDefaults,
} from './effective_parts.ts';
import { effectiveRoute } from './effective_route.ts';
import { isObject } from './schema_shapes.ts';
import type { Snapshot } from './snapshot.ts';

type Entries = [string, EffectiveNode][];

/** What keys of the top level are where nobody writes them. */
const TOP_LEVEL_DEFAULTS: Written = {
  middleware: [],
  mergeSlashes: false,
  workers: 'auto',
  transport: 'auto',
  trustedProxies: [],
  forwarded: 'x',
  via: true,
  requestId: true,
  watch: false,
};
const ACCESS_LOG_DEFAULTS: Written = { format: 'json', to: 'stdout' };

/**
 * The effective configuration of `data`, from which `snapshot` was made (for the names of routes).
 */
export function effectiveConfig(data: unknown, snapshot: Snapshot): EffectiveNode {
  const config = data as Written;
  const inherit = (key: string, value: unknown): EffectiveNode =>
    config[key] === undefined ? nodeOf(value, 'default') : nodeOf(config[key], 'written');
  const entries: Entries = [
    ['listeners', listOf(config['listeners'], (item) => effectiveListener(item, config))],
    ['upstreams', mapOf(config['upstreams'], (item) => effectiveUpstream(item, config))],
    [
      'routes',
      listOf(config['routes'], (item, index) =>
        effectiveRoute(item, config, snapshot.routes[index]!.name),
      ),
    ],
  ];
  if (config['errorPages'] !== undefined) {
    entries.push(['errorPages', effectiveErrorPages(config['errorPages'])]);
  }
  for (const [key, value] of Object.entries(TOP_LEVEL_DEFAULTS)) {
    entries.push([key, inherit(key, value)]);
  }
  entries.push(
    ['hostHeader', inherit('hostHeader', 'preserve')],
    ['allowUnderscores', inherit('allowUnderscores', false)],
    ['halfClose', inherit('halfClose', false)],
    ['accessLog', effectiveAccessLog(config['accessLog'])],
    ['timeouts', timeoutsAt('global', config['timeouts'], undefined)],
    ['limits', limitsAt('global', config['limits'], undefined)],
  );
  for (const key of ['metrics', 'user', 'group', 'control']) {
    if (config[key] !== undefined) entries.push([key, nodeOf(config[key], 'written')]);
  }
  return { kind: 'map', entries, from: 'written' };
}

function effectiveListener(item: unknown, config: Written): EffectiveNode {
  const listener = item as Written;
  return {
    kind: 'map',
    entries: [
      ['address', nodeOf(listener['address'], 'written')],
      ['timeouts', timeoutsAt('listener', listener['timeouts'], config['timeouts'])],
      ['limits', limitsAt('listener', listener['limits'], config['limits'])],
      ['allowUnderscores', narrowest('allowUnderscores', [listener, config], false)],
      ['halfClose', narrowest('halfClose', [listener, config], false)],
    ],
    from: 'written',
  };
}

function effectiveUpstream(item: unknown, config: Written): EffectiveNode {
  const upstream = item as Written;
  return {
    kind: 'map',
    entries: [
      [
        'endpoints',
        listOf(upstream['endpoints'], (endpoint) => {
          const written: Written = isObject(endpoint) ? endpoint : { url: endpoint };
          return withDefaults(written, { weight: 1 });
        }),
      ],
      ['hostHeader', narrowest('hostHeader', [upstream, config], 'preserve')],
      ['timeouts', timeoutsAt('upstream', upstream['timeouts'], config['timeouts'])],
      ['limits', limitsAt('upstream', upstream['limits'], config['limits'])],
    ],
    from: 'written',
  };
}

function effectiveAccessLog(log: unknown): EffectiveNode {
  if (log === false) return nodeOf(false, 'written');
  if (log === undefined) return nodeOf(ACCESS_LOG_DEFAULTS, 'default');
  return withDefaults(log as Written, ACCESS_LOG_DEFAULTS);
}

function narrowest(
  key: string,
  [narrow, wide]: readonly [Written, Written],
  value: unknown,
): EffectiveNode {
  if (narrow[key] !== undefined) return nodeOf(narrow[key], 'written');
  const from: EffectiveFrom = wide[key] === undefined ? 'default' : 'inherited';
  return nodeOf(wide[key] ?? value, from);
}

// The hosts of a route table: which routes each host pattern has. Patterns with the same routes
// share a group, and its paths. Compile-time only; host_matcher.ts asks what is built here.

import { ByteIndexBuilder } from './byte_index.ts';
import { readHostPattern } from './host_pattern.ts';
import type { RouteConditions } from './route.ts';
import type { TextPool } from './text_pool.ts';

/** Groups of the index: what kind of pattern a name belongs to. */
export const HostKind = { EXACT: 0, ONE_LABEL: 1, ANY_DEPTH: 2 } as const;
export type HostKind = (typeof HostKind)[keyof typeof HostKind];

/** Group of the routes for any host. */
export const ANY_HOST = 0;

/** Plain data for host_matcher.ts. */
export interface HostIndexData {
  /** (kind, name) -> group. */
  readonly slots: Int32Array;
  readonly patternsCount: number;
  readonly hasWildcards: boolean;
  readonly hasAddressesV6: boolean;
  /** Most labels that a name of an `**.` pattern has; 0 where there is none. */
  readonly anyDepthLabelsMax: number;
}

export interface HostGroups {
  /** Lays out the index once all texts are in the pool. */
  readonly build: (text: Uint8Array) => HostIndexData;
  /** Routes of each group, in order; the first group is that of any host. */
  readonly routes: readonly (readonly number[])[];
}

export function groupHosts(conditions: readonly RouteConditions[], pool: TextPool): HostGroups {
  const routesOf = new Map<string, number[]>();
  const anyHost: number[] = [];
  conditions.forEach(({ hosts }, route) => {
    if (hosts.length === 0) anyHost.push(route);
    for (const host of hosts) {
      const routes = routesOf.get(host);
      if (routes === undefined) routesOf.set(host, [route]);
      else if (routes.at(-1) !== route) routes.push(route);
    }
  });
  const groups: (readonly number[])[] = [anyHost];
  const groupOf = new Map<string, number>();
  const index = new ByteIndexBuilder(true);
  let anyDepthLabelsMax = 0;
  let hasWildcards = false;
  let hasAddressesV6 = false;
  for (const [host, routes] of routesOf) {
    const key = routes.join();
    let group = groupOf.get(key);
    if (group === undefined) {
      group = groups.push(routes) - 1;
      groupOf.set(key, group);
    }
    const { kind, name } = readHostPattern(host);
    const start = pool.add(name);
    index.add(kindOf(kind), start, pool.lastLength, group);
    if (kind !== 'exact') hasWildcards = true;
    if (kind === 'any-depth') {
      anyDepthLabelsMax = Math.max(anyDepthLabelsMax, name.split('.').length);
    }
    if (name.startsWith('[')) hasAddressesV6 = true;
  }
  const build = (text: Uint8Array): HostIndexData => ({
    slots: index.build(text),
    patternsCount: routesOf.size,
    hasWildcards,
    hasAddressesV6,
    anyDepthLabelsMax,
  });
  return { build, routes: groups };
}

function kindOf(kind: 'exact' | 'one-label' | 'any-depth'): HostKind {
  if (kind === 'exact') return HostKind.EXACT;
  return kind === 'one-label' ? HostKind.ONE_LABEL : HostKind.ANY_DEPTH;
}

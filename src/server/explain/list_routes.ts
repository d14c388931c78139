// The compiled routes as a list, in the order in which they would be tried for a request that all
// of them match: one row per host and path of a route. Plain data, the shape that `zproxy routes
// --json` prints.

import type { Snapshot, Source } from '../../config/snapshot.ts';
import type { RouteAction } from '../../proxy/options.ts';
import { matchersCount } from '../../routing/condition_code.ts';
import { readHostPattern } from '../../routing/host_pattern.ts';
import { formatPathPattern, readPathPattern } from '../../routing/path_pattern.ts';
import { pathRankText } from '../../routing/path_rank.ts';
import type { AddressCondition, RouteConditions, ValueCondition } from '../../routing/route.ts';
import { pathVariants } from '../../routing/route_table_data.ts';

export interface ListedRoute {
  readonly name: string;
  readonly source: Source;
  /** '' for any. */
  readonly host: string;
  readonly path: string;
  /** None: any. */
  readonly methods: readonly string[];
  /** Scheme, values and addresses that must hold, in words. */
  readonly conditions: readonly string[];
  /** What is done, in words: `api`, `a 90 %, b 10 %`, `308 to /new/{path}`, `200`. */
  readonly action: string;
  /** Names, those of all routes first. */
  readonly middleware: readonly string[];
}

interface RankedRoute {
  readonly listed: ListedRoute;
  readonly hostClass: number;
  readonly hostLength: number;
  readonly pathRank: string;
  readonly isAnyMethod: boolean;
  readonly matchersCount: number;
}

/** Rows of equal rank stand in the order of the configuration. */
export function listRoutes(snapshot: Snapshot): ListedRoute[] {
  return rankRoutes(snapshot)
    .sort(compareRanks)
    .map(({ listed }) => listed);
}

function rankRoutes(snapshot: Snapshot): RankedRoute[] {
  const everywhere = snapshot.proxy.middleware.map(({ name }) => name);
  return snapshot.routes.flatMap((route) => {
    const { conditions } = route;
    const common = {
      name: route.name,
      source: route.source as Source,
      methods: conditions.methods,
      conditions: describeConditions(conditions),
      action: describeAction(route.action, snapshot),
      middleware: [...everywhere, ...route.middleware.map(({ name }) => name)],
    };
    const hosts = conditions.hosts.length === 0 ? [''] : conditions.hosts;
    return hosts.flatMap((host) =>
      rankPaths(conditions).map(({ path, pathRank }): RankedRoute => {
        const pattern = host === '' ? null : readHostPattern(host);
        return {
          listed: { ...common, host, path },
          hostClass: pattern === null ? 3 : HOST_CLASSES[pattern.kind],
          hostLength: pattern?.name.length ?? 0,
          pathRank,
          isAnyMethod: conditions.methods.length === 0,
          matchersCount: matchersCount(conditions),
        };
      }),
    );
  });
}

const HOST_CLASSES = { exact: 0, 'one-label': 1, 'any-depth': 2 } as const;

function rankPaths({ paths }: RouteConditions): { path: string; pathRank: string }[] {
  if (paths.length === 0) return [{ path: '', pathRank: pathRankText(null) }];
  return paths.flatMap((path) =>
    pathVariants(readPathPattern(path)).map((pattern) => ({
      path: formatPathPattern(pattern),
      pathRank: pathRankText(pattern),
    })),
  );
}

function compareRanks(a: RankedRoute, b: RankedRoute): number {
  return (
    a.hostClass - b.hostClass ||
    // Names that have nothing to do with each other stay together.
    (a.hostClass === HOST_CLASSES['any-depth'] ? b.hostLength - a.hostLength : 0) ||
    compareTexts(a.listed.host, b.listed.host) ||
    compareTexts(a.pathRank, b.pathRank) ||
    Number(a.isAnyMethod) - Number(b.isAnyMethod) ||
    b.matchersCount - a.matchersCount
  );
}

function compareTexts(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function describeConditions(conditions: RouteConditions): string[] {
  const { scheme, values, clientAddress } = conditions;
  return [
    ...(scheme === '' ? [] : [`scheme ${scheme}`]),
    ...values.map(describeValue),
    ...(clientAddress === null ? [] : [describeAddresses(clientAddress)]),
  ];
}

function describeValue({ on, name, test, isNegated }: ValueCondition): string {
  const not = isNegated ? 'not ' : '';
  switch (test.kind) {
    case 'present':
      return `${on} ${name} ${isNegated ? 'absent' : 'present'}`;
    case 'exact':
      return `${on} ${name} ${not}${JSON.stringify(test.value)}`;
    case 'prefix':
      return `${on} ${name} ${not}${JSON.stringify(test.value)}...`;
    case 'pattern':
      return `${on} ${name} ${not}/${test.value}/`;
  }
}

function describeAddresses({ ranges, isNegated }: AddressCondition): string {
  const count = `${ranges.length} address range${ranges.length === 1 ? '' : 's'}`;
  return `client ${isNegated ? 'not ' : ''}in ${count}`;
}

function describeAction(action: RouteAction, snapshot: Snapshot): string {
  switch (action.kind) {
    case 'redirect':
      return `${action.status} to ${action.location}`;
    case 'respond':
      return String(action.status);
    case 'forward':
      break;
  }
  const { upstreams } = action;
  const nameOf = (index: number): string => snapshot.upstreams[index]!.name;
  if (upstreams.length === 1) return nameOf(upstreams[0]!.upstreamIndex);
  const sum = upstreams.reduce((total, { weight }) => total + weight, 0);
  return upstreams
    .map(({ upstreamIndex, weight }) => {
      return `${nameOf(upstreamIndex)} ${Math.round((weight * 100) / sum)} %`;
    })
    .join(', ');
}

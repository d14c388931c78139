// What is different between two configurations, in meaning: the same thing written in another way,
// or in another order that decides nothing, is no difference. Listeners are the same by address,
// upstreams by name, endpoints by URL, routes by what they ask for.

import { isDeepStrictEqual } from 'node:util';
import type { RouteOptions } from '../proxy/options.ts';
import type { EndpointOptions, UpstreamOptions } from '../upstream/options.ts';
import { formatDuration } from './duration.ts';
import { identityOf, orderKeysOf } from './route_identity.ts';
import {
  finite,
  type Summary,
  summarizeConditions,
  summarizeErrorPages,
  summarizeMiddleware,
  summarizeRoute,
} from './route_summary.ts';
import type { Snapshot, SnapshotListener } from './snapshot.ts';

/** One difference. */
export interface ConfigChange {
  readonly kind: 'added' | 'removed' | 'changed';
  readonly what: 'option' | 'listener' | 'upstream' | 'endpoint' | 'route';
  /** Address, name or URL of what it is about; '' for an option of the top level. */
  readonly name: string;
  /** Key path in it; '' for the whole. `order` is that of routes. */
  readonly path: string;
  /** Null where there was nothing. */
  readonly from: unknown;
  /** Null where nothing is left. */
  readonly to: unknown;
}

type What = ConfigChange['what'];

/** All differences: options, listeners, upstreams, routes. None for equal meaning. */
export function diffConfigs(from: Snapshot, to: Snapshot): ConfigChange[] {
  return [
    ...diffSummaries('option', '', summarizeOptions(from), summarizeOptions(to)),
    ...diffListeners(from, to),
    ...diffUpstreams(from, to),
    ...diffRoutes(from, to),
  ];
}

function summarizeOptions(snapshot: Snapshot): Summary {
  const { proxy, metricsListen } = snapshot;
  // A name that was made differs with the file, and means nothing.
  const isMade = /^zproxy-[0-9a-f]{8}$/.test(proxy.viaPseudonym);
  return {
    workers: snapshot.workers === 0 ? 'auto' : snapshot.workers,
    transport: snapshot.transport,
    trustedProxies: proxy.trustedProxies.map(({ host, bits }) => `${host}/${bits}`),
    forwarded: proxy.forwarded,
    via: isMade ? true : proxy.viaPseudonym === '' ? false : proxy.viaPseudonym,
    requestId: proxy.requestId,
    mergeSlashes: proxy.mergeSlashes,
    middleware: summarizeMiddleware(proxy.middleware),
    errorPages: summarizeErrorPages(proxy.errorPages),
    'accessLog.format': summarizeFormat(snapshot),
    'accessLog.to': snapshot.accessLogPath === '' ? 'stdout' : snapshot.accessLogPath,
    'timeouts.drain': formatDuration(snapshot.drainMs),
    'timeouts.retire': formatDuration(snapshot.retireMs),
    watch: snapshot.watch,
    metrics: metricsListen,
    user: snapshot.user,
    group: snapshot.group,
    control: snapshot.controlPath,
    code: snapshot.code.hash,
  };
}

function summarizeFormat({ proxy }: Snapshot): string | null {
  if (proxy.accessLog === null) return null;
  const { format } = proxy.accessLog;
  return format.kind === 'template' ? format.template : format.kind;
}

function diffListeners(from: Snapshot, to: Snapshot): ConfigChange[] {
  return diffNamed('listener', [from.listeners, to.listeners], {
    nameOf: ({ address }) => address,
    summarize: summarizeListener,
  });
}

function summarizeListener({ timeouts, limits, ...rest }: SnapshotListener): Summary {
  return {
    'timeouts.requestHead': formatDuration(timeouts.requestHeadMs),
    'timeouts.bodyIdle': formatDuration(timeouts.bodyIdleMs),
    'timeouts.bodyRateGrace': formatDuration(limits.bodyRateGraceMs),
    'timeouts.keepAliveIdle': formatDuration(timeouts.keepAliveIdleMs),
    'timeouts.linger': formatDuration(timeouts.lingerMs),
    'timeouts.drainIdle': formatDuration(timeouts.drainIdleMs),
    'limits.requestHead': limits.requestHeadBytesMax,
    'limits.field': limits.fieldBytesMax,
    'limits.fields': limits.fieldsCountMax,
    'limits.target': limits.targetBytesMax,
    'limits.requestsPerConnection': limits.requestsPerConnectionMax,
    'limits.connections': limits.connectionsMax,
    'limits.bodyRate': limits.bodyRateMin,
    'limits.linger': limits.lingerBytesMax,
    allowUnderscores: rest.allowUnderscores,
    halfClose: rest.halfClose,
  };
}

function diffUpstreams(from: Snapshot, to: Snapshot): ConfigChange[] {
  const changes = diffNamed('upstream', [from.upstreams, to.upstreams], {
    nameOf: ({ name }) => name,
    summarize: summarizeUpstream,
  });
  const before = new Map(from.upstreams.map((upstream) => [upstream.name, upstream]));
  for (const { name, endpoints } of to.upstreams) {
    const old = before.get(name);
    if (old === undefined) continue;
    const inside = diffNamed<EndpointOptions>('endpoint', [old.endpoints, endpoints], {
      nameOf: ({ url }) => url,
      summarize: ({ weight }) => ({ weight }),
    });
    changes.push(
      ...inside.map((change) => ({
        ...change,
        path: `upstreams.${name}.endpoints${change.path === '' ? '' : `.${change.path}`}`,
      })),
    );
  }
  return changes;
}

function summarizeUpstream({ hostHeader, timeouts, pool, ...rest }: UpstreamOptions): Summary {
  return {
    hostHeader: hostHeader.kind === 'fixed' ? hostHeader.value : hostHeader.kind,
    'timeouts.connect': formatDuration(timeouts.connectMs),
    'timeouts.firstByte': formatDuration(timeouts.firstByteMs),
    'timeouts.betweenBytes': formatDuration(timeouts.betweenBytesMs),
    'timeouts.tunnelIdle': formatDuration(timeouts.tunnelIdleMs),
    'timeouts.upstreamIdle': formatDuration(pool.idleTimeoutMs),
    'timeouts.upstreamAge': formatDuration(pool.ageMsMax),
    'limits.upstreamConnections': finite(pool.connectionsMax),
    'limits.upstreamIdleConnections': finite(pool.idleConnectionsMax),
    'limits.responseHead': rest.responseHeadBytesMax,
  };
}

function diffRoutes(from: Snapshot, to: Snapshot): ConfigChange[] {
  const before = new Map(from.routes.map((route) => [identityOf(route.conditions), route]));
  const after = new Map(to.routes.map((route) => [identityOf(route.conditions), route]));
  const changes: ConfigChange[] = [];
  for (const [identity, route] of before) {
    if (after.has(identity)) continue;
    changes.push({
      kind: 'removed',
      what: 'route',
      name: route.name,
      path: '',
      from: { ...summarizeConditions(route), ...summarizeRoute(route, from) },
      to: null,
    });
  }
  for (const [identity, route] of after) {
    const old = before.get(identity);
    if (old === undefined) {
      const whole = { ...summarizeConditions(route), ...summarizeRoute(route, to) };
      changes.push({
        kind: 'added',
        what: 'route',
        name: route.name,
        path: '',
        from: null,
        to: whole,
      });
      continue;
    }
    const summary = { ...pathOf(route), ...summarizeRoute(route, to) };
    const oldSummary = { ...pathOf(old), ...summarizeRoute(old, from) };
    changes.push(...diffSummaries('route', route.name, oldSummary, summary));
  }
  return [...changes, ...diffOrder(before, after)];
}

/** Names of parameters may have changed. */
function pathOf({ conditions }: RouteOptions): Summary {
  return { path: conditions.paths.toSorted() };
}

/** Routes that are on both sides, among which the order decides and is another one. */
function diffOrder(
  before: ReadonlyMap<string, RouteOptions>,
  after: ReadonlyMap<string, RouteOptions>,
): ConfigChange[] {
  const groups = new Map<string, string[]>();
  for (const [identity, { conditions }] of after) {
    if (!before.has(identity)) continue;
    for (const key of orderKeysOf(conditions)) {
      const group = groups.get(key);
      if (group === undefined) groups.set(key, [identity]);
      else group.push(identity);
    }
  }
  const places = new Map([...before.keys()].map((identity, index) => [identity, index]));
  const changes = new Map<string, ConfigChange>();
  for (const group of groups.values()) {
    const sorted = group.toSorted((a, b) => places.get(a)! - places.get(b)!);
    if (isDeepStrictEqual(sorted, group)) continue;
    const name = after.get(group[0]!)!.name;
    const from = sorted.map((identity) => before.get(identity)!.name);
    const to = group.map((identity) => after.get(identity)!.name);
    const key = JSON.stringify([from, to]);
    changes.set(key, { kind: 'changed', what: 'route', name, path: 'order', from, to });
  }
  return [...changes.values()];
}

interface Named<T> {
  readonly nameOf: (thing: T) => string;
  readonly summarize: (thing: T) => Summary;
}

function diffNamed<T>(
  what: What,
  [from, to]: readonly [readonly T[], readonly T[]],
  { nameOf, summarize }: Named<T>,
): ConfigChange[] {
  const before = byName(from, nameOf);
  const after = byName(to, nameOf);
  const changes: ConfigChange[] = [];
  for (const [key, thing] of before) {
    if (after.has(key)) continue;
    const name = nameOf(thing);
    changes.push({ kind: 'removed', what, name, path: '', from: summarize(thing), to: null });
  }
  for (const [key, thing] of after) {
    const old = before.get(key);
    const name = nameOf(thing);
    if (old !== undefined) {
      changes.push(...diffSummaries(what, name, summarize(old), summarize(thing)));
    } else {
      changes.push({ kind: 'added', what, name, path: '', from: null, to: summarize(thing) });
    }
  }
  return changes;
}

/** Several of one name (`:0`, or an endpoint that is there twice) are told apart by their order. */
function byName<T>(things: readonly T[], nameOf: (thing: T) => string): Map<string, T> {
  const counts = new Map<string, number>();
  const named = new Map<string, T>();
  for (const thing of things) {
    const name = nameOf(thing);
    const count = counts.get(name) ?? 0;
    counts.set(name, count + 1);
    named.set(`${name} ${count}`, thing);
  }
  return named;
}

function diffSummaries(what: What, name: string, from: Summary, to: Summary): ConfigChange[] {
  const paths = new Set([...Object.keys(from), ...Object.keys(to)]);
  const changes: ConfigChange[] = [];
  for (const path of paths) {
    const before = from[path] ?? null;
    const after = to[path] ?? null;
    if (isDeepStrictEqual(before, after)) continue;
    changes.push({ kind: 'changed', what, name, path, from: before, to: after });
  }
  return changes;
}

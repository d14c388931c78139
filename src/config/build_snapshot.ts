// From parsed values to the immutable snapshot: every default filled in, the narrowest timeout
// and limit chosen, names resolved to indexes, paths made absolute. It cannot fail: what can be
// wrong was checked.

import { createHash } from 'node:crypto';
import { hostname } from 'node:os';
import { resolve } from 'node:path';
import type { ProxyOptions } from '../proxy/options.ts';
import type { RouteOptions } from '../routing/route.ts';
import type { EndpointOptions, UpstreamOptions } from '../upstream/options.ts';
import { formatKeyPath, type KeyPath } from './key_path.ts';
import type { LimitKey } from './limits.ts';
import { limitReader, timeoutReader } from './narrowest.ts';
import type { ParsedConfig, ParsedListener } from './parsed_config.ts';
import type { Positions } from './positions.ts';
import type { Snapshot, SnapshotListener, Source } from './snapshot.ts';

/** Where the configuration came from. */
export interface ConfigOrigin {
  /** As messages show it. */
  readonly file: string;
  /** Real path, '' for an object. */
  readonly realPath: string;
  /** Folder that relative paths start from. */
  readonly folder: string;
  readonly positions: Positions;
}

const UPGRADES_DEFAULT: readonly string[] = ['websocket'];

export function buildSnapshot(config: ParsedConfig, origin: ConfigOrigin): Snapshot {
  const log = config.accessLog ?? {};
  const to = log === false ? null : (log.to ?? 'stdout');
  const rest: Omit<Snapshot, 'hash'> = {
    file: origin.realPath,
    workers: typeof config.workers === 'number' ? config.workers : 0,
    transport: config.transport ?? 'auto',
    listeners: config.listeners.map((_, index) => buildListener(config, origin, index)),
    upstreams: buildUpstreams(config, origin),
    routes: buildRoutes(config, origin),
    proxy: buildProxy(config, origin),
    accessLogPath: to === 'stdout' ? '' : to && resolve(origin.folder, to),
    drainMs: timeoutReader(config.timeouts)('drain'),
    user: config.user ?? '',
    group: config.group ?? '',
    controlPath: config.control === undefined ? '' : resolve(origin.folder, config.control),
    sources: sourcesOf(config, origin),
  };
  return freezeDeep({ hash: hashOf(rest), ...rest });
}

function buildListener(
  config: ParsedConfig,
  origin: ConfigOrigin,
  index: number,
): SnapshotListener {
  const listener = config.listeners[index]!;
  const timeout = timeoutReader(config.timeouts, listener.timeouts);
  return {
    address: listener.address.text,
    listen: listener.address.listen,
    timeouts: {
      requestHeadMs: timeout('requestHead'),
      bodyIdleMs: timeout('bodyIdle'),
      keepAliveIdleMs: timeout('keepAliveIdle'),
      lingerMs: timeout('linger'),
      drainIdleMs: timeout('drainIdle'),
    },
    limits: buildDownstreamLimits(config, listener),
    allowUnderscores: listener.allowUnderscores ?? config.allowUnderscores ?? false,
    halfClose: listener.halfClose ?? config.halfClose ?? false,
    source: sourceOf(origin, ['listeners', index, 'address']),
  };
}

function buildDownstreamLimits(
  config: ParsedConfig,
  listener: ParsedListener,
): SnapshotListener['limits'] {
  const limit = limitReader(config.limits, listener.limits);
  const requestHead = limit('requestHead');
  // A field or a target larger than the head that holds it cannot arrive.
  const withinHead = (key: LimitKey): number => Math.min(limit(key), requestHead);
  return {
    requestHeadBytesMax: requestHead,
    fieldBytesMax: withinHead('field'),
    fieldsCountMax: limit('fields'),
    targetBytesMax: withinHead('target'),
    requestsPerConnectionMax: limit('requestsPerConnection'),
    connectionsMax: limit('connections'),
    bodyRateMin: limit('bodyRate'),
    bodyRateGraceMs: timeoutReader(config.timeouts, listener.timeouts)('bodyRateGrace'),
    lingerBytesMax: limit('linger'),
  };
}

function buildUpstreams(config: ParsedConfig, origin: ConfigOrigin): UpstreamOptions[] {
  let endpointSlot = 0;
  return Object.entries(config.upstreams).map(([name, upstream], slot): UpstreamOptions => {
    const timeout = timeoutReader(config.timeouts, upstream.timeouts);
    const limit = limitReader(config.limits, upstream.limits);
    const connectionsMax = limit('upstreamConnections');
    return {
      name,
      endpoints: upstream.endpoints.map(
        ({ url, weight }, index): EndpointOptions => ({
          url: url.text,
          ...url.target,
          weight: weight ?? 1,
          slot: endpointSlot++,
          source: sourceOf(origin, ['upstreams', name, 'endpoints', index]),
        }),
      ),
      hostHeader: upstream.hostHeader ?? config.hostHeader ?? { kind: 'preserve' },
      timeouts: {
        connectMs: timeout('connect'),
        firstByteMs: timeout('firstByte'),
        betweenBytesMs: timeout('betweenBytes'),
        tunnelIdleMs: timeout('tunnelIdle'),
      },
      pool: {
        idleConnectionsMax: Math.min(limit('upstreamIdleConnections'), connectionsMax),
        connectionsMax,
        idleTimeoutMs: timeout('upstreamIdle'),
        ageMsMax: timeout('upstreamAge'),
      },
      responseHeadBytesMax: limit('responseHead'),
      slot,
      source: sourceOf(origin, ['upstreams', name]),
    };
  });
}

function buildRoutes(config: ParsedConfig, origin: ConfigOrigin): RouteOptions[] {
  const names = Object.keys(config.upstreams);
  return config.routes.map((route, index) => ({
    host: route.host ?? '',
    path: route.path ?? '',
    upstreamIndex: names.indexOf(route.upstream),
    upgrades: route.upgrades ?? UPGRADES_DEFAULT,
    requestBodyBytesMax: limitReader(config.limits, route.limits)('requestBody'),
    source: sourceOf(origin, ['routes', index]),
  }));
}

function buildProxy(config: ParsedConfig, origin: ConfigOrigin): ProxyOptions {
  const via = config.via ?? true;
  const format = config.accessLog === false ? null : (config.accessLog?.format ?? { kind: 'json' });
  return {
    trustedProxies: config.trustedProxies ?? [],
    forwarded: config.forwarded ?? 'x',
    viaPseudonym: via === true ? pseudonym(config, origin) : via === false ? '' : via,
    requestId: config.requestId ?? true,
    accessLog: format === null ? null : { format },
  };
}

/**
 * The name in `Via`. The same in all workers and after a restart, and another one for another
 * machine, file or address, because a proxy that sees its own name answers 508.
 */
function pseudonym(config: ParsedConfig, origin: ConfigOrigin): string {
  const addresses = config.listeners.map((listener) => listener.address.text);
  const identity = JSON.stringify([hostname(), origin.realPath, addresses]);
  return `zproxy-${createHash('sha256').update(identity).digest('hex').slice(0, 8)}`;
}

function sourceOf(origin: ConfigOrigin, path: KeyPath): Source {
  const position = origin.positions.locate(path, 'value');
  return { file: origin.file, ...position, path: formatKeyPath(path) };
}

function sourcesOf(config: ParsedConfig, origin: ConfigOrigin): Snapshot['sources'] {
  const keys = ['accessLog', 'control', 'group', 'user'] as const;
  const written = keys.filter((key) => config[key] !== undefined);
  return Object.fromEntries(written.map((key) => [key, sourceOf(origin, [key])]));
}

/** JSON has no Infinity; as text it still makes a difference. */
function hashOf(rest: Omit<Snapshot, 'hash'>): string {
  const text = JSON.stringify(rest, (_, value: unknown) =>
    value === Number.POSITIVE_INFINITY ? 'Infinity' : value,
  );
  return createHash('sha256').update(text).digest('hex');
}

function freezeDeep<T extends object>(value: T): T {
  for (const inner of Object.values(value)) {
    if (inner !== null && typeof inner === 'object') freezeDeep(inner);
  }
  return Object.freeze(value);
}

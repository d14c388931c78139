// From parsed values to the immutable snapshot: every default filled in, the narrowest timeout
// and limit chosen, names resolved to indexes, paths made absolute. It cannot fail: what can be
// wrong was checked.

import { createHash } from 'node:crypto';
import { hostname } from 'node:os';
import { resolve } from 'node:path';
import type { ProxyOptions, RouteOptions } from '../proxy/options.ts';
import { compileRouteTable } from '../routing/route_table_data.ts';
import type { EndpointOptions, UpstreamOptions } from '../upstream/options.ts';
import { buildRoutes } from './build_routes.ts';
import type { ConfigOrigin } from './config_origin.ts';
import type { KeyPath } from './key_path.ts';
import type { LimitKey } from './limits.ts';
import { buildMiddlewareUse } from './middleware_uses.ts';
import { limitReader, timeoutReader } from './narrowest.ts';
import { buildErrorPages } from './own_bodies.ts';
import type { OwnFiles } from './own_files.ts';
import type { ParsedConfig, ParsedListener } from './parsed_config.ts';
import type { Snapshot, SnapshotListener } from './snapshot.ts';
import { sourceOf } from './source_of.ts';

/** `files` are those that routes and error pages send; they were read before. */
export function buildSnapshot(
  config: ParsedConfig,
  origin: ConfigOrigin,
  files: OwnFiles,
): Snapshot {
  const log = config.accessLog ?? {};
  const to = log === false ? null : (log.to ?? 'stdout');
  const inFolder = (path: string, ...key: KeyPath): string =>
    resolve(origin.positions.folderOf(key), path);
  const routes = buildRoutes(config, origin, files);
  const rest: Omit<Snapshot, 'hash' | 'routeTable'> = {
    file: origin.realPath,
    workers: typeof config.workers === 'number' ? config.workers : 0,
    transport: config.transport ?? 'auto',
    listeners: config.listeners.map((_, index) => buildListener(config, origin, index)),
    upstreams: buildUpstreams(config, origin),
    routes,
    code: origin.code,
    proxy: buildProxy(config, origin, files),
    accessLogPath: to === 'stdout' ? '' : to && inFolder(to, 'accessLog', 'to'),
    drainMs: timeoutReader(config.timeouts)('drain'),
    retireMs: timeoutReader(config.timeouts)('retire'),
    watch: config.watch ?? false,
    files: [...new Set([...origin.files, ...files.paths()])].toSorted(),
    metricsListen: config.metrics?.address.listen ?? null,
    user: config.user ?? '',
    group: config.group ?? '',
    controlPath: config.control === undefined ? '' : inFolder(config.control, 'control'),
    sources: sourcesOf(config, origin),
  };
  const routeTable = compileRouteTable(routes.map(({ conditions }) => conditions));
  return freezeDeep({ hash: hashOf(rest), ...rest, routeTable });
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
  return Object.entries(config.upstreams ?? {}).map(([name, upstream], slot): UpstreamOptions => {
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

function buildProxy(config: ParsedConfig, origin: ConfigOrigin, files: OwnFiles): ProxyOptions {
  const folderOf = (path: KeyPath): string => origin.positions.folderOf(path);
  const via = config.via ?? true;
  const format = config.accessLog === false ? null : (config.accessLog?.format ?? { kind: 'json' });
  return {
    trustedProxies: config.trustedProxies ?? [],
    forwarded: config.forwarded ?? 'x',
    viaPseudonym: via === true ? pseudonym(config, origin) : via === false ? '' : via,
    requestId: config.requestId ?? true,
    accessLog: format === null ? null : { format },
    mergeSlashes: config.mergeSlashes ?? false,
    errorPages: buildErrorPages(config.errorPages, ['errorPages'], folderOf, files),
    middleware: (config.middleware ?? []).map((use, index) => {
      const path = ['middleware', index];
      return buildMiddlewareUse(use, folderOf(path), sourceOf(origin, path));
    }),
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

function sourcesOf(config: ParsedConfig, origin: ConfigOrigin): Snapshot['sources'] {
  const keys = ['accessLog', 'control', 'group', 'metrics', 'user'] as const;
  const written = keys.filter((key) => config[key] !== undefined);
  return Object.fromEntries(written.map((key) => [key, sourceOf(origin, [key])]));
}

/** Over all values. Routes are many: each is text by itself, the quick way where that will do. */
function hashOf(rest: Omit<Snapshot, 'hash' | 'routeTable'>): string {
  const hash = createHash('sha256');
  const { routes, ...others } = rest;
  hash.update(textOf(others));
  for (const route of routes) hash.update(isPlain(route) ? JSON.stringify(route) : textOf(route));
  return hash.digest('hex');
}

/** Whether JSON says all about it. `null` in place of Infinity is as good a difference. */
function isPlain({ action, errorPages, middleware }: RouteOptions): boolean {
  return action.kind !== 'respond' && errorPages.length === 0 && middleware.length === 0;
}

/** JSON has neither Infinity nor bytes; as text both still make a difference. */
function textOf(value: unknown): string {
  return JSON.stringify(value, (_, inner: unknown) => {
    if (inner === Number.POSITIVE_INFINITY) return 'Infinity';
    if (inner instanceof Uint8Array) return createHash('sha256').update(inner).digest('hex');
    return inner;
  });
}

/** Typed arrays cannot be frozen: nobody writes to those of a snapshot. */
function freezeDeep<T extends object>(value: T): T {
  if (ArrayBuffer.isView(value) || Object.isFrozen(value)) return value;
  Object.freeze(value);
  for (const key in value) {
    const inner = value[key];
    if (inner !== null && typeof inner === 'object') freezeDeep(inner);
  }
  return value;
}

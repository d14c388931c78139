// The configuration as users write it: plain data, the same keys in TypeScript, YAML and JSON.
// These types are the reference: each key has its unit and its default in its comment. The schema
// checks them. Routes have a file of their own, as have timeouts and limits.

import type { Limits, ListenerLimits, UpstreamLimits } from './limits.ts';
import type { MiddlewareConfig } from './middleware_config.ts';
import type { ErrorPagesConfig, RouteConfig } from './route_config.ts';
import type { ListenerTimeouts, Timeouts, UpstreamTimeoutsConfig } from './timeouts.ts';

/** A whole configuration. Only `listeners` and `routes` are required. */
export interface Config {
  /** The addresses to listen on; at least one. */
  listeners: readonly ListenerConfig[];
  /** Named sets of endpoints that routes refer to. Default: none, for routes that need none. */
  upstreams?: Readonly<Record<string, UpstreamConfig>> | undefined;
  /** What becomes of which request; at least one. The more specific wins, then the order. */
  routes: readonly RouteConfig[];
  /** Middleware of all requests, in order, before that of their routes. Default `[]`. */
  middleware?: readonly MiddlewareConfig[] | undefined;
  /**
   * Pages for errors, by status (`404`), class (`'5xx'`) or range (`'502-504'`): the path of a file
   * or an object. Default: a short text.
   */
  errorPages?: ErrorPagesConfig | undefined;
  /** Whether `//` in a path counts, and is forwarded, as `/`. Default `false`. */
  mergeSlashes?: boolean | undefined;
  /** Worker processes: a number from 1 to 256, or `'auto'` for one per core. Default `'auto'`. */
  workers?: 'auto' | number | undefined;
  /** How sockets are driven: `'auto'` is io_uring where the kernel has it. Default `'auto'`. */
  transport?: 'auto' | 'uring' | 'node' | undefined;
  /** One line per exchange, or `false` for none. Default `{ format: 'json', to: 'stdout' }`. */
  accessLog?: false | AccessLogConfig | undefined;
  /**
   * Durations after which ZProxy stops waiting, for all listeners and upstreams. Default: each
   * key's.
   */
  timeouts?: Timeouts | undefined;
  /** Sizes and counts, for all listeners, upstreams and routes. Default: each key's. */
  limits?: Limits | undefined;
  /** Addresses and networks (`'10.0.0.0/8'`) whose forwarding fields are believed. Default `[]`. */
  trustedProxies?: readonly string[] | undefined;
  /** The Host that endpoints are sent: see the key of an upstream. Default `'preserve'`. */
  hostHeader?: 'preserve' | 'endpoint' | (string & {}) | undefined;
  /**
   * X-Forwarded-For, -Proto and -Host, the `Forwarded` field of RFC 7239, both or none. Default
   * `'x'`.
   */
  forwarded?: 'x' | 'rfc7239' | 'both' | 'off' | undefined;
  /**
   * Whether `Via` is added, which is also how loops are found; a text is used as the name in it.
   * Default `true`: a name made from the machine's, so that two proxies in a row do not take each
   * other for a loop.
   */
  via?: boolean | string | undefined;
  /** Whether each request gets an `x-request-id` (a trusted proxy's is kept). Default `true`. */
  requestId?: boolean | undefined;
  /**
   * Whether request fields whose name has an underscore are forwarded, not dropped. Default
   * `false`.
   */
  allowUnderscores?: boolean | undefined;
  /** Whether a client that has closed its sending side is still answered. Default `false`. */
  halfClose?: boolean | undefined;
  /** User to become once the sockets are open; needs root. Default: no change. */
  user?: string | undefined;
  /** Group to become once the sockets are open; needs root. Default: that of `user`. */
  group?: string | undefined;
  /**
   * Further files whose keys are added to these: `'conf.d/*.yaml'`, from this file's folder.
   * Default: none.
   */
  include?: string | readonly string[] | undefined;
  /** Whether a change of a file that was read for the configuration reloads it. Default `false`. */
  watch?: boolean | undefined;
  /** Serves metrics for Prometheus at an address of its own, too. Default: control socket only. */
  metrics?: MetricsConfig | undefined;
  /** Path of the control socket, from this file's folder. Default: in the runtime folder. */
  control?: string | undefined;
}

/** One address to listen on. What is left out is taken from the top level. */
export interface ListenerConfig {
  /**
   * `'127.0.0.1:8080'`, `'[::]:8080'` (IPv6), `':8080'` (both) or `'unix:/path'`; port 0 picks
   * one.
   */
  address: string;
  /** Durations for the connections of this listener. Default: those of the top level. */
  timeouts?: ListenerTimeouts | undefined;
  /** Limits for the connections of this listener. Default: those of the top level. */
  limits?: ListenerLimits | undefined;
  /** Whether request fields with an underscore are forwarded. Default: that of the top level. */
  allowUnderscores?: boolean | undefined;
  /** Whether a client that closed its sending side is answered. Default: that of the top level. */
  halfClose?: boolean | undefined;
}

/** A named set of endpoints. */
export interface UpstreamConfig {
  /** The origin servers; at least one. They are used in turn, by weight. */
  endpoints: readonly (string | EndpointConfig)[];
  /** The client's Host unchanged, the endpoint's own, or a fixed one. Default `'preserve'`. */
  hostHeader?: 'preserve' | 'endpoint' | (string & {}) | undefined;
  /** Durations for the connections of this upstream. Default: those of the top level. */
  timeouts?: UpstreamTimeoutsConfig | undefined;
  /** Limits for the connections of this upstream. Default: those of the top level. */
  limits?: UpstreamLimits | undefined;
}

/** One origin server with its share. */
export interface EndpointConfig {
  /** `'http://host:port'` (port 80 if none) or `'unix:/path'`. */
  url: string;
  /** Share of the requests relative to the other endpoints, 0 (none) to 1000. Default `1`. */
  weight?: number | undefined;
}

/** What is written about each exchange, and where. */
export interface AccessLogConfig {
  /**
   * `'json'`, `'combined'`, or a template with fields such as `'{status} {path}'`. Default
   * `'json'`.
   */
  format?: 'json' | 'combined' | (string & {}) | undefined;
  /** `'stdout'`, or the path of a file, from this file's folder. Default `'stdout'`. */
  to?: 'stdout' | (string & {}) | undefined;
}

/** Where metrics are served beside the control socket. */
export interface MetricsConfig {
  /** An address as that of a listener; keep it away from the public. */
  address: string;
}

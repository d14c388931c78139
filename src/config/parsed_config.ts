// A configuration whose every value was parsed, but in which nothing was filled in yet: what the
// schema gives and what the snapshot is built from. `undefined` is "not written here".

import type { AccessLogFormat, AddressRange, ForwardedMode } from '../proxy/options.ts';
import type { HostHeader } from '../upstream/options.ts';
import type { EndpointTarget } from './endpoint_url.ts';
import type { LimitKey } from './limits.ts';
import type { ListenAddress, TransportChoice } from './snapshot.ts';
import type { TimeoutKey } from './timeouts.ts';

/** Milliseconds by key. */
export type ParsedTimeouts = Partial<Record<TimeoutKey, number | undefined>>;
/** Bytes or counts by key; Infinity for `'none'`. */
export type ParsedLimits = Partial<Record<LimitKey, number | undefined>>;

export interface ParsedListener {
  /** As written, and what it means. */
  readonly address: { readonly text: string; readonly listen: ListenAddress };
  readonly timeouts?: ParsedTimeouts | undefined;
  readonly limits?: ParsedLimits | undefined;
  readonly allowUnderscores?: boolean | undefined;
  readonly halfClose?: boolean | undefined;
}

export interface ParsedEndpoint {
  readonly url: { readonly text: string; readonly target: EndpointTarget };
  readonly weight?: number | undefined;
}

export interface ParsedUpstream {
  readonly endpoints: readonly ParsedEndpoint[];
  readonly hostHeader?: HostHeader | undefined;
  readonly timeouts?: ParsedTimeouts | undefined;
  readonly limits?: ParsedLimits | undefined;
}

export interface ParsedRoute {
  readonly host?: string | undefined;
  readonly path?: string | undefined;
  readonly upstream: string;
  readonly upgrades?: readonly string[] | undefined;
  readonly limits?: ParsedLimits | undefined;
}

export interface ParsedAccessLog {
  readonly format?: AccessLogFormat | undefined;
  readonly to?: string | undefined;
}

export interface ParsedConfig {
  readonly listeners: readonly ParsedListener[];
  readonly upstreams: Readonly<Record<string, ParsedUpstream>>;
  readonly routes: readonly ParsedRoute[];
  readonly workers?: 'auto' | number | undefined;
  readonly transport?: TransportChoice | undefined;
  readonly accessLog?: false | ParsedAccessLog | undefined;
  readonly timeouts?: ParsedTimeouts | undefined;
  readonly limits?: ParsedLimits | undefined;
  readonly trustedProxies?: readonly AddressRange[] | undefined;
  readonly hostHeader?: HostHeader | undefined;
  readonly forwarded?: ForwardedMode | undefined;
  readonly via?: boolean | string | undefined;
  readonly requestId?: boolean | undefined;
  readonly allowUnderscores?: boolean | undefined;
  readonly halfClose?: boolean | undefined;
  readonly user?: string | undefined;
  readonly group?: string | undefined;
  readonly control?: string | undefined;
}

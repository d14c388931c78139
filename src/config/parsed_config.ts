// A configuration whose every value was parsed, but in which nothing was filled in yet: what the
// schema gives and what the snapshot is built from. `undefined` is "not written here".

import type { AddressRange } from '../base/address_ranges.ts';
import type { AccessLogFormat, ForwardedMode } from '../proxy/options.ts';
import type { AddressCondition } from '../routing/route.ts';
import type { HostHeader } from '../upstream/options.ts';
import type { EndpointTarget } from './endpoint_url.ts';
import type { LimitKey } from './limits.ts';
import type { UnsafePath } from './route_config.ts';
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

/** One test of a named value; exactly one of the first four, which check_routes.ts sees to. */
export interface ParsedValueTest {
  readonly present?: true | undefined;
  readonly exact?: string | undefined;
  readonly prefix?: string | undefined;
  readonly pattern?: string | undefined;
  readonly not?: boolean | undefined;
}
export type ParsedValueTests = Readonly<Record<string, ParsedValueTest>>;

export interface ParsedMirror {
  readonly upstream: string;
  readonly percent?: number | undefined;
}

export interface ParsedRedirect {
  readonly to: string;
  readonly status?: 301 | 302 | 303 | 307 | 308 | undefined;
}

export interface ParsedRespond {
  readonly status?: number | undefined;
  readonly body?: string | undefined;
  readonly file?: string | undefined;
  readonly contentType?: string | undefined;
  readonly headers?: Readonly<Record<string, readonly string[]>> | undefined;
}

export interface ParsedRewrite {
  readonly stripPrefix?: string | undefined;
  readonly addPrefix?: string | undefined;
  readonly path?: string | undefined;
}

export interface ParsedErrorPage {
  readonly file?: string | undefined;
  readonly body?: string | undefined;
  readonly contentType?: string | undefined;
  readonly upstream?: boolean | undefined;
}
/** By `404`, `5xx` or `502-504`. */
export type ParsedErrorPages = Readonly<Record<string, ParsedErrorPage>>;

/** `module` is '' for what ZProxy brings along, else as written. */
export interface ParsedMiddleware {
  readonly module: string;
  /** '' for the only one that the module defines. */
  readonly name: string;
  readonly options: unknown;
}

/** Conditions are in their normal form. */
export interface ParsedRoute {
  readonly name?: string | undefined;
  readonly host?: readonly string[] | undefined;
  readonly path?: readonly string[] | undefined;
  readonly method?: readonly string[] | undefined;
  readonly scheme?: 'http' | 'https' | undefined;
  readonly headers?: ParsedValueTests | undefined;
  readonly query?: ParsedValueTests | undefined;
  readonly cookies?: ParsedValueTests | undefined;
  readonly clientIp?: AddressCondition | undefined;
  readonly upstream?: string | undefined;
  readonly upstreams?: Readonly<Record<string, number>> | undefined;
  readonly redirect?: ParsedRedirect | undefined;
  readonly respond?: ParsedRespond | undefined;
  readonly splitBy?:
    | { readonly cookie?: string | undefined; readonly header?: string | undefined }
    | undefined;
  readonly rewrite?: ParsedRewrite | undefined;
  readonly mirror?: readonly ParsedMirror[] | undefined;
  readonly middleware?: readonly ParsedMiddleware[] | undefined;
  readonly upgrades?: readonly string[] | undefined;
  readonly limits?: ParsedLimits | undefined;
  readonly unsafePaths?: readonly UnsafePath[] | undefined;
  readonly errorPages?: ParsedErrorPages | undefined;
}

export interface ParsedAccessLog {
  readonly format?: AccessLogFormat | undefined;
  readonly to?: string | undefined;
}

export interface ParsedConfig {
  readonly listeners: readonly ParsedListener[];
  readonly upstreams?: Readonly<Record<string, ParsedUpstream>> | undefined;
  readonly routes: readonly ParsedRoute[];
  readonly middleware?: readonly ParsedMiddleware[] | undefined;
  readonly errorPages?: ParsedErrorPages | undefined;
  readonly mergeSlashes?: boolean | undefined;
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
  /** Resolved before the schema sees the data: of no meaning from there on. */
  readonly include?: readonly string[] | undefined;
  readonly watch?: boolean | undefined;
  readonly metrics?: { readonly address: ParsedListener['address'] } | undefined;
  readonly control?: string | undefined;
}

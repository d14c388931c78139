// What the proxy layer is told by the config: plain data with every default filled in.

import type { AddressRange } from '../base/address_ranges.ts';
import type { MiddlewareUse } from '../middleware/middleware_use.ts';
import type { RouteConditions } from '../routing/route.ts';

export type ForwardedMode = 'x' | 'rfc7239' | 'both' | 'off';

/** `json` and `combined` are the built-in formats; a template is text with `{name}` fields. */
export type AccessLogFormat =
  | { readonly kind: 'json' }
  | { readonly kind: 'combined' }
  | { readonly kind: 'template'; readonly template: string };

/** A body that the proxy sends on its own account, kept in memory. */
export interface OwnBody {
  readonly bytes: Uint8Array;
  /** Value of Content-Type; '' for none. */
  readonly contentType: string;
}

/** A page for answers of certain statuses. */
export interface ErrorPage {
  /** Statuses from `statusMin` to `statusMax`, both included. */
  readonly statusMin: number;
  readonly statusMax: number;
  readonly body: OwnBody;
  /** Also in place of an upstream's answer of that status; otherwise for our own answers alone. */
  readonly isForUpstream: boolean;
}

/** What decides which share of a split a client belongs to, so that it stays there. */
export type SplitKey =
  | { readonly kind: 'none' }
  | { readonly kind: 'header'; readonly name: string }
  | { readonly kind: 'cookie'; readonly name: string };

/** How the path changes on its way upstream. Templates: middleware/template.ts. */
export type RewriteOptions =
  /** Removed where it is followed by a slash or the end: `/api` of `/api/x` and `/api`. */
  | { readonly kind: 'strip-prefix'; readonly prefix: string }
  | { readonly kind: 'add-prefix'; readonly prefix: string }
  /** A whole new path; the query stays unless the template has a `?`. */
  | { readonly kind: 'template'; readonly template: string };

/** A copy of each request (or of some) for another upstream, whose answers are not looked at. */
export interface MirrorOptions {
  readonly upstreamIndex: number;
  /** Share of the requests, above 0 to 100. */
  readonly percent: number;
}

/** What is done with a request of a route. */
export type RouteAction =
  | {
      readonly kind: 'forward';
      /** At least one; of several each gets its weight's share of the requests. */
      readonly upstreams: readonly { readonly upstreamIndex: number; readonly weight: number }[];
      readonly splitKey: SplitKey;
      readonly rewrite: RewriteOptions | null;
      readonly mirrors: readonly MirrorOptions[];
    }
  | {
      readonly kind: 'redirect';
      readonly status: 301 | 302 | 303 | 307 | 308;
      /** Template of the Location value. */
      readonly location: string;
    }
  | {
      readonly kind: 'respond';
      readonly status: number;
      readonly body: OwnBody | null;
      /** Fields to send, names as written. */
      readonly fields: readonly (readonly [name: string, value: string])[];
    };

/** A route: what it matches and what becomes of the request. */
export interface RouteOptions {
  /** As written, or made from host and path; for the log, metrics and `explain`. */
  readonly name: string;
  readonly conditions: RouteConditions;
  readonly action: RouteAction;
  /** The route's own, in order; those of ProxyOptions run before them. */
  readonly middleware: readonly MiddlewareUse[];
  /** Upgrade tokens that are tunnelled (lower case); `websocket` by default. */
  readonly upgrades: readonly string[];
  /** Largest request body in bytes; Infinity for no limit. */
  readonly requestBodyBytesMax: number;
  /** `PathDoubt` bits (http/target.ts) that do not lead to 400. */
  readonly pathDoubtsAllowed: number;
  /** The route's own; those of ProxyOptions follow, and the first that fits counts. */
  readonly errorPages: readonly ErrorPage[];
  /** Opaque to this layer: where the route was written, for messages. */
  readonly source: unknown;
}

export interface ProxyOptions {
  readonly trustedProxies: readonly AddressRange[];
  readonly forwarded: ForwardedMode;
  /** Adds `Via: 1.1 <pseudonym>`; '' turns it off. Also what a loop is told by. */
  readonly viaPseudonym: string;
  readonly requestId: boolean;
  readonly accessLog: { readonly format: AccessLogFormat } | null;
  /** `//` in a path counts, and is forwarded, as `/`. */
  readonly mergeSlashes: boolean;
  /** Of all routes, and of requests that no route matches. */
  readonly errorPages: readonly ErrorPage[];
  /** Runs for all requests, those included that no route matches. */
  readonly middleware: readonly MiddlewareUse[];
}

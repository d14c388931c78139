// The contract of middleware: what an author writes, and what it is handed. Hooks may be
// synchronous (nothing is awaited, no promise is made) or return a promise, which one bridge
// awaits; meanwhile neither body is read.
//
//   client -> onRequest 1, 2, 3 -> upstream -> onUpstreamResponse 3, 2, 1 -> client
//                                             onComplete 1, 2, 3, when all is over
//
// An answer from `onRequest` ends the way up: later middleware and the upstream do not see the
// request, `onUpstreamResponse` of the ones before it does not run for it. One from
// `onUpstreamResponse` takes the response's place: the middleware before it does not see either.
// `onComplete` runs for every middleware whose `onRequest` ran (or that has none and stands before
// one that did).
//
// Bodies and WebSocket messages will pass through further hooks of the same object, a chunk or a
// message at a time, under the back pressure that the body pumps have
// (docs/internals/middleware.md).

import type { LogSink } from '../base/log_sink.ts';

/** Header fields of one message. Names are case-insensitive; values are latin1 texts. */
export interface MiddlewareFields {
  /** The first value of that name, or null. */
  get(name: string): string | null;
  /** All values of that name, in order. */
  getAll(name: string): string[];
  has(name: string): boolean;
  /**
   * Replaces all values of that name by one. Throws ZP_FIELD_INVALID for what is no field name or
   * value (RFC 9110 section 5), and for the fields that framing and connections depend on.
   */
  set(name: string, value: string): void;
  /** Adds a value behind those that are there. Throws as `set` does. */
  append(name: string, value: string): void;
  /** Removes all values of that name; false where there was none. Throws as `set` does. */
  delete(name: string): boolean;
  /** Name (lower case) and value of each field, in order. */
  entries(): [name: string, value: string][];
}

/**
 * A request on its way up. It is changed in `onRequest` (and until its promise has settled), may be
 * read until the exchange is over or has become a tunnel, and throws at any other time
 * (ZP_MESSAGE_SENT, ZP_EXCHANGE_OVER).
 */
export interface MiddlewareRequest {
  readonly method: string;
  /** `http` or `https`, as the client (or a trusted proxy before us) has it. */
  readonly scheme: 'http' | 'https';
  /** Host and port as the client named them; '' where it named none (HTTP/1.0). */
  readonly host: string;
  /** Path in normal form, percent-encoded. */
  readonly path: string;
  /** What stands behind `?`; '' for none. */
  readonly query: string;
  /**
   * Values of the route's path parameters, percent-decoded; those that are not UTF-8 as they are.
   */
  readonly params: Readonly<Record<string, string>>;
  readonly headers: MiddlewareFields;
  /** Values of the request's cookies by name; the first of a name counts (RFC 6265). */
  readonly cookies: Readonly<Record<string, string>>;
  /** Numeric address of the client, as far as trusted proxies tell it; '' on a Unix socket. */
  readonly clientIp: string;
  /** Name of the route. */
  readonly route: string;
  readonly requestId: string;
  /** Whatever middleware wants to tell later hooks of the same exchange. */
  readonly state: Record<string, unknown>;
  /** Forwards another path (and query). Throws ZP_PATH_INVALID where it is not in normal form. */
  rewrite(pathAndQuery: string): void;
  /** Forwards to another upstream of the configuration. Throws ZP_UPSTREAM_UNKNOWN. */
  useUpstream(name: string): void;
}

/** The final response of the upstream, until it goes on to the client. */
export interface MiddlewareResponse {
  /** Throws ZP_STATUS_INVALID where one has a body and the other cannot have one (204, 304). */
  status: number;
  readonly headers: MiddlewareFields;
}

/** An answer in place of the upstream's. */
export interface MiddlewareAnswer {
  /** 200 to 599. */
  readonly status: number;
  readonly headers?: Readonly<Record<string, string | readonly string[]>> | undefined;
  /**
   * A text is sent as UTF-8, as `text/plain` unless `headers` have a Content-Type. Bytes are not to
   * be changed any more.
   */
  readonly body?: string | Uint8Array | undefined;
}

/** What became of an exchange. */
export interface MiddlewareSummary {
  /** Status that was sent; 0 where none was. */
  readonly status: number;
  /** Code of docs/reference/errors.md; '' where all went well. */
  readonly error: string;
  readonly route: string;
  readonly upstream: string;
  readonly endpoint: string;
  readonly durationMs: number;
  readonly requestBodyBytes: number;
  readonly responseBytes: number;
  readonly state: Record<string, unknown>;
}

/** What a hook returns: nothing to go on, or an answer. */
// biome-ignore lint/suspicious/noConfusingVoidType: a hook without `return` is the common case
export type HookResult = MiddlewareAnswer | void | undefined;

/** What one use of a middleware does with the exchanges of its route. All hooks are optional. */
export interface MiddlewareHooks {
  onRequest?(request: MiddlewareRequest): HookResult | Promise<HookResult>;
  onUpstreamResponse?(
    response: MiddlewareResponse,
    request: MiddlewareRequest,
  ): HookResult | Promise<HookResult>;
  /** Never awaited: what it throws is logged. */
  onComplete?(summary: MiddlewareSummary): void;
  /** The configuration that it belongs to is no longer used by any exchange. */
  close?(): void;
}

/** What `create` is told beside its options. */
export interface MiddlewareEnvironment {
  /** Name of the route; '' for a middleware of all routes, which is made once. */
  readonly route: string;
  readonly log: LogSink;
}

/** A middleware: checks its options and makes hooks of them, once per use and worker. */
export interface MiddlewareDefinition<Options = unknown, Input = unknown> {
  /** Letters, digits, `-` and `_`; unique in its module. */
  readonly name: string;
  /**
   * Returns the options with defaults filled in, or throws an Error whose message says what was
   * wanted ("limit: wanted a number above 0"). Default: they are taken as they are, `{}` where none
   * were written. Runs at `zproxy check` and in each worker.
   */
  parse?(options: Input): Options;
  /** Throws where it cannot run: the configuration is refused then. */
  create(options: Options, environment: MiddlewareEnvironment): MiddlewareHooks;
}

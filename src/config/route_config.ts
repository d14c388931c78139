// Routes as users write them: what a request must be like, and what becomes of it. Like those of
// config.ts these types are the reference: each key has its unit and its default in its comment.

import type { RouteLimits } from './limits.ts';
import type { MiddlewareConfig } from './middleware_config.ts';

/**
 * What is matched and what becomes of it. All conditions that are written must hold; a route
 * without any matches every request. There is exactly one action: `upstream`, `upstreams`,
 * `redirect` or `respond`.
 */
export interface RouteConfig {
  /**
   * The route's name in the log, in metrics and in `zproxy explain`. Default: made of its host and
   * path.
   */
  name?: string | undefined;
  /**
   * Host names without port; one of a list must be met. `'example.com'`, `'*.example.com'` (one
   * label more) or `'**.example.com'` (one or more). Default: any host.
   */
  host?: string | readonly string[] | undefined;
  /**
   * Path patterns; one of a list must be met. `'/health'`, `'/users/:id'`, `'/users/:id(\\d+)'`,
   * `'/v:major.json'`, `'/users/:id?'` (the last segment may be missing), `'/files/*path'` (what
   * is below `/files/`). Default: any path.
   */
  path?: string | readonly string[] | undefined;
  /** Methods such as `'GET'`; one of a list must be met. Default: any method. */
  method?: string | readonly string[] | undefined;
  /** `'http'` or `'https'`, as the client or a trusted proxy has it. Default: both. */
  scheme?: 'http' | 'https' | undefined;
  /**
   * Header fields that are asked for, by name: `true` (there is one), `false` (there is none), a
   * text (exactly that value), or an object. Default: none.
   */
  headers?: Readonly<Record<string, ValueTest>> | undefined;
  /** Query parameters that are asked for, in the same way. Default: none. */
  query?: Readonly<Record<string, ValueTest>> | undefined;
  /** Cookies that are asked for, in the same way. Default: none. */
  cookies?: Readonly<Record<string, ValueTest>> | undefined;
  /**
   * Addresses and networks (`'10.0.0.0/8'`) of clients, or `{ not: [...] }` for all others.
   * Default: any address.
   */
  clientIp?: string | readonly string[] | ClientIpConfig | undefined;
  /** Action: forward to this name under `upstreams`. Default: none. */
  upstream?: string | undefined;
  /**
   * Action: forward to several upstreams, each with its share of the requests:
   * `{ stable: 90, canary: 10 }`, whole numbers from 0 to 1000. Default: none.
   */
  upstreams?: Readonly<Record<string, number>> | undefined;
  /**
   * Action: answer with a redirect to this URL or path, a template such as
   * `'https://example.com{path}'`. Default: none.
   */
  redirect?: string | RedirectConfig | undefined;
  /** Action: answer without an upstream. Default: none. */
  respond?: RespondConfig | undefined;
  /**
   * Which share of `upstreams` a client gets is decided by this cookie or header, so that it stays
   * there. Default: by chance, for each request.
   */
  splitBy?: SplitByConfig | undefined;
  /** How the path changes on its way to the upstream. Default: it does not. */
  rewrite?: RewriteConfig | undefined;
  /**
   * Upstreams that get a copy of each request, or of a share of them; their answers are not looked
   * at. Default: none.
   */
  mirror?: string | MirrorConfig | readonly (string | MirrorConfig)[] | undefined;
  /** Middleware of this route, in order, behind that of the top level. Default `[]`. */
  middleware?: readonly MiddlewareConfig[] | undefined;
  /** Upgrade tokens that are tunnelled; others are removed. Default `['websocket']`. */
  upgrades?: readonly string[] | undefined;
  /** Limits of this route. Default: those of the top level. */
  limits?: RouteLimits | undefined;
  /**
   * Spellings of a path that different servers read in different ways and that this route forwards
   * all the same, instead of answering 400: `'encoded-slash'` (`%2F`), `'encoded-backslash'`
   * (`%5C`), `'encoded-nul'` (`%00`), `'encoded-dots'` (a segment that is `.` or `..` once it is
   * decoded), `'backslash'`, `'dots-with-parameters'` (`/..;x/`). Default `[]`.
   */
  unsafePaths?: readonly UnsafePath[] | undefined;
  /** Pages for errors of this route, before those of the top level. Default: none. */
  errorPages?: ErrorPagesConfig | undefined;
}

/** What a header field, query parameter or cookie is asked. */
export type ValueTest = boolean | string | ValueTestConfig;

/** Exactly one of `present`, `exact`, `prefix` and `pattern`. */
export interface ValueTestConfig {
  /** There is such a value, whatever it is. Default: none. */
  present?: true | undefined;
  /** The value is exactly this text. Default: none. */
  exact?: string | undefined;
  /** The value begins with this text. Default: none. */
  prefix?: string | undefined;
  /**
   * A regular expression finds something in the value; without look-around, back references and
   * counted repetition, so that it takes linear time. Default: none.
   */
  pattern?: string | undefined;
  /** Turns the test round: it must fail, or there is no such value. Default `false`. */
  not?: boolean | undefined;
}

/** Clients that a route does not serve. */
export interface ClientIpConfig {
  /** Addresses and networks whose clients do not match. */
  not: string | readonly string[];
}

/** Exactly one of the two. */
export interface SplitByConfig {
  /** Name of a cookie. Default: none. */
  cookie?: string | undefined;
  /** Name of a header field. Default: none. */
  header?: string | undefined;
}

/** A redirect with its status. */
export interface RedirectConfig {
  /** The Location, a template such as `'https://example.com{path}'`. */
  to: string;
  /** 301, 302, 303, 307 or 308. Default `308`. */
  status?: 301 | 302 | 303 | 307 | 308 | undefined;
}

/** An answer of the proxy's own. */
export interface RespondConfig {
  /** From 200 to 599. Default `200`. */
  status?: number | undefined;
  /** The content as text, sent as UTF-8. Default: none. */
  body?: string | undefined;
  /**
   * The content as a file, from this file's folder, up to 1 MiB; read with the configuration.
   * Default: none.
   */
  file?: string | undefined;
  /** The Content-Type. Default: from the file's name, `text/plain; charset=utf-8` for a text. */
  contentType?: string | undefined;
  /** Further header fields; a list for several of one name. Default: none. */
  headers?: Readonly<Record<string, string | readonly string[]>> | undefined;
}

/** Exactly one of the three. */
export interface RewriteConfig {
  /** Takes this off the path where it stands before a slash or the end. Default: nothing. */
  stripPrefix?: string | undefined;
  /** Puts this before the path. Default: nothing. */
  addPrefix?: string | undefined;
  /**
   * The whole new path, a template such as `'/v2/{params.rest}'`; the query stays unless the
   * template has a `?`. Default: the old path.
   */
  path?: string | undefined;
}

/** An upstream that gets copies of requests. */
export interface MirrorConfig {
  /** A name under `upstreams`. */
  upstream: string;
  /** Share of the requests, above 0 to 100. Default `100`. */
  percent?: number | undefined;
}

/** By status (`404`), class (`'5xx'`) or range (`'502-504'`): the path of a file, or an object. */
export type ErrorPagesConfig = Readonly<Record<string, string | ErrorPageConfig>>;

/** One error page: exactly one of `file` and `body`. */
export interface ErrorPageConfig {
  /**
   * A file, from this file's folder, up to 1 MiB; read with the configuration. Default: the body.
   */
  file?: string | undefined;
  /** The page as text, sent as UTF-8. Default: the file. */
  body?: string | undefined;
  /** The Content-Type. Default: from the file's name, `text/html; charset=utf-8` for a text. */
  contentType?: string | undefined;
  /** Whether it also takes the place of an upstream's own answer. Default `false`. */
  upstream?: boolean | undefined;
}

/** Spellings of a path that are answered with 400 unless a route allows them. */
export type UnsafePath =
  | 'encoded-slash'
  | 'encoded-backslash'
  | 'encoded-nul'
  | 'encoded-dots'
  | 'backslash'
  | 'dots-with-parameters';

// A use of a middleware as users write it, in YAML and JSON as in TypeScript: plain data. The
// functions behind it are found by name in the processes that run them.

import type { HeadersOptions } from '../middleware/headers/headers_options.ts';

/**
 * One use of a middleware: one that ZProxy brings along, by its name, or one of yours, by its
 * module.
 */
export type MiddlewareConfig = BuiltInMiddlewareConfig | ModuleMiddlewareConfig;

/** Exactly one key. */
export interface BuiltInMiddlewareConfig {
  /** Sets, adds and removes header fields of requests and responses. Default: none. */
  headers?: HeadersOptions | undefined;
}

/** A middleware of a module of yours, which made it with `defineMiddleware`. */
export interface ModuleMiddlewareConfig {
  /** `'./auth.ts'`, from this file's folder, or a `file:` URL. */
  module: string;
  /** Which of the module's middleware. Default: the only one that it defines. */
  name?: string | undefined;
  /** Plain data; the middleware itself says what it takes. Default: none. */
  options?: unknown;
}

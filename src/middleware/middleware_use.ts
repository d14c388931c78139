// One use of a middleware in a configuration: plain data, so that it crosses processes. What it
// does is a function, found again by module and name in the process that runs it.

/** `name` with `options` on a route. */
export interface MiddlewareUse {
  /** '' for the only one that the module defines. */
  readonly name: string;
  /** URL of the module that defines it; '' for those that ZProxy brings along. */
  readonly module: string;
  /** Plain data, as written; the definition's `parse` has accepted it. */
  readonly options: unknown;
  /** Opaque to this layer: where it was written, for messages. */
  readonly source: unknown;
}

// What a route is to the route table: plain options that the config builds, and the compiled
// result.

/** A route as configured. All conditions must hold. */
export interface RouteOptions {
  /** Exact host name, lower case, without port; '' matches any host. */
  readonly host: string;
  /**
   * `/exact`, or `/prefix/*` (matches `/prefix/` and below, not `/prefix`); '' matches any path.
   */
  readonly path: string;
  /** Index into the snapshot's upstreams. */
  readonly upstreamIndex: number;
  /** Upgrade tokens that are tunnelled (lower case); `websocket` by default. */
  readonly upgrades: readonly string[];
  /** Largest request body in bytes; Infinity for no limit. */
  readonly requestBodyBytesMax: number;
  /** Opaque to this layer: where the route was written, for messages. */
  readonly source: unknown;
}

// What the upstream layer is told by the config: plain data with every default filled in.

/** One origin server. */
export interface EndpointOptions {
  /** As written, for logs: `http://10.0.0.1:9000`. */
  readonly url: string;
  /** Host name or numeric address ('' for a Unix socket) and port. */
  readonly host: string;
  readonly port: number;
  /** Path of a Unix socket, or ''. */
  readonly unixPath: string;
  /** Relative share of requests, 0 to 1000. */
  readonly weight: number;
  /** Row of the shared segment. */
  readonly slot: number;
  readonly source: unknown;
}

export interface UpstreamTimeouts {
  readonly connectMs: number;
  readonly firstByteMs: number;
  readonly betweenBytesMs: number;
  readonly tunnelIdleMs: number;
}

/** Of each worker and endpoint. */
export interface PoolLimits {
  readonly idleConnectionsMax: number;
  readonly connectionsMax: number;
  readonly idleTimeoutMs: number;
  readonly ageMsMax: number;
}

/** What `Host` an endpoint is sent: the client's, the endpoint's own, or a fixed one. */
export type HostHeader =
  | { readonly kind: 'preserve' }
  | { readonly kind: 'endpoint' }
  | { readonly kind: 'fixed'; readonly value: string };

export interface UpstreamOptions {
  readonly name: string;
  readonly endpoints: readonly EndpointOptions[];
  readonly hostHeader: HostHeader;
  readonly timeouts: UpstreamTimeouts;
  readonly pool: PoolLimits;
  readonly responseHeadBytesMax: number;
  readonly slot: number;
  readonly source: unknown;
}

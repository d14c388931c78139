// What the downstream layer is told by the config about one listener: plain data, defaults filled
// in.

export interface DownstreamTimeouts {
  readonly requestHeadMs: number;
  readonly bodyIdleMs: number;
  readonly keepAliveIdleMs: number;
  readonly lingerMs: number;
  /** While draining an idle connection is closed after this long. */
  readonly drainIdleMs: number;
}

export interface DownstreamLimits {
  readonly requestHeadBytesMax: number;
  readonly fieldBytesMax: number;
  readonly fieldsCountMax: number;
  readonly targetBytesMax: number;
  readonly requestsPerConnectionMax: number;
  /** Of one worker, over all listeners. */
  readonly connectionsMax: number;
  readonly bodyRateMin: number;
  readonly bodyRateGraceMs: number;
  readonly lingerBytesMax: number;
}

export interface ListenerOptions {
  /** As written: `0.0.0.0:8080`. */
  readonly address: string;
  readonly timeouts: DownstreamTimeouts;
  readonly limits: DownstreamLimits;
  /** Request fields whose name has an underscore: dropped unless this is true. */
  readonly allowUnderscores: boolean;
  /** A client that has sent its FIN is still answered. */
  readonly halfClose: boolean;
  readonly source: unknown;
}

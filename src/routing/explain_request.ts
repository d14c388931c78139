// The request that `explain` is asked about, as text.

export interface ExplainRequest {
  readonly method: string;
  /** Lower case, without port and final dot, IPv6 in brackets (RFC 5952); '' for none. */
  readonly host: string;
  /** In normal form (http/target.ts), or `*`. */
  readonly path: string;
  /** What stands behind `?`; '' for none. */
  readonly query: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** Numeric; '' for none (Unix socket). */
  readonly clientHost: string;
  readonly scheme: 'http' | 'https';
}

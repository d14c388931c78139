// What the proxy layer is told by the config: plain data with every default filled in.

/** A range of addresses: `bits` leading bits of `host` (numeric IPv4 or IPv6). */
export interface AddressRange {
  readonly host: string;
  readonly family: 4 | 6;
  readonly bits: number;
}

export type ForwardedMode = 'x' | 'rfc7239' | 'both' | 'off';

/** `json` and `combined` are the built-in formats; a template is text with `{name}` fields. */
export type AccessLogFormat =
  | { readonly kind: 'json' }
  | { readonly kind: 'combined' }
  | { readonly kind: 'template'; readonly template: string };

export interface ProxyOptions {
  readonly trustedProxies: readonly AddressRange[];
  readonly forwarded: ForwardedMode;
  /** Adds `Via: 1.1 <pseudonym>`; '' turns it off. Also what a loop is told by. */
  readonly viaPseudonym: string;
  readonly requestId: boolean;
  readonly accessLog: { readonly format: AccessLogFormat } | null;
}

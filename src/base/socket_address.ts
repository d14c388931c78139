// Where a socket listens or connects to: an address that needs no more resolution.

/** A resolved address. `host` is a numeric IPv4 or IPv6 address (no brackets, no zone). */
export type SocketAddress = TcpAddress | { readonly kind: 'unix'; readonly path: string };

export interface TcpAddress {
  readonly kind: 'tcp';
  readonly host: string;
  readonly port: number;
  readonly family: 4 | 6;
}

/** As users write it: `127.0.0.1:80`, `[::1]:80`, `unix:/path`. */
export function formatSocketAddress(address: SocketAddress): string {
  if (address.kind === 'unix') return `unix:${address.path}`;
  return address.family === 6
    ? `[${address.host}]:${address.port}`
    : `${address.host}:${address.port}`;
}

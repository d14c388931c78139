// Listening addresses as users write them: `host:port`, `[::]:port` (IPv6 only), `:port` (both
// families), `unix:/path`. Hosts are numeric (or `localhost`), because a name may resolve to
// something else tomorrow.

import { isIPv4, isIPv6 } from 'node:net';
import { Refusal } from './refusal.ts';
import type { ListenAddress } from './snapshot.ts';

const WANTED =
  'an address such as "127.0.0.1:8080", "[::1]:8080", ":8080" (IPv4 and IPv6) or "unix:/path"';

/** `sun_path` has 108 bytes, one of them for the NUL. */
const UNIX_PATH_BYTES_MAX = 107;

/** Parses a listening address. Port 0 lets the system pick one. */
export function parseListenAddress(value: unknown): ListenAddress | Refusal {
  if (typeof value === 'number') return new Refusal(WANTED, `:${value}`);
  if (typeof value !== 'string') return new Refusal(WANTED);
  if (value.startsWith('unix:')) return parseUnixAddress(value.slice('unix:'.length));
  const match = /^(\[[^\]]*\]|[^:[\]]*):(\d{1,5})$/.exec(value);
  if (match === null) return new Refusal(WANTED, addressMeant(value));
  const host = match[1]!;
  const port = Number(match[2]);
  if (port > 65_535) return new Refusal('a port from 0 (any free one) to 65535');
  if (host === '') return tcpAddress('::', port, true);
  if (host === 'localhost') return tcpAddress('127.0.0.1', port, false);
  if (host.startsWith('[')) {
    const inner = host.slice(1, -1);
    if (isIPv6(inner) && !inner.includes('%')) return tcpAddress(inner, port, false);
    return new Refusal('an IPv6 address without a zone inside the brackets');
  }
  if (isIPv4(host)) return tcpAddress(host, port, false);
  if (host === '*') return new Refusal(WANTED, `:${port}`);
  return new Refusal('a numeric host, or none for all addresses', `:${port}`);
}

/** The path of a Unix socket, or why it cannot be one. */
export function parseUnixPath(path: string): string | Refusal {
  if (!path.startsWith('/')) return new Refusal('an absolute path after "unix:"');
  if (Buffer.byteLength(path) > UNIX_PATH_BYTES_MAX || path.includes('\0')) {
    return new Refusal(`a path of at most ${UNIX_PATH_BYTES_MAX} bytes for a Unix socket`);
  }
  return path;
}

function parseUnixAddress(text: string): ListenAddress | Refusal {
  const path = parseUnixPath(text);
  if (path instanceof Refusal) return path;
  return { kind: 'unix', host: '', port: 0, isDual: false, path };
}

function tcpAddress(host: string, port: number, isDual: boolean): ListenAddress {
  return { kind: 'tcp', host, port, isDual, path: '' };
}

function addressMeant(text: string): string {
  if (/^\d{1,5}$/.test(text)) return `:${text}`;
  if (text.startsWith('/')) return `unix:${text}`;
  const bare = text.replace(/^[a-z0-9]+:\/\//i, '').replace(/\/.*$/, '');
  if (bare !== text && !(parseListenAddress(bare) instanceof Refusal)) return bare;
  const separator = text.lastIndexOf(':');
  const host = text.slice(0, separator);
  if (isIPv6(host) && /^\d+$/.test(text.slice(separator + 1))) {
    return `[${host}]:${text.slice(separator + 1)}`;
  }
  return isIPv4(text) ? `${text}:8080` : '';
}

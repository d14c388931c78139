// Endpoints as users write them: `http://host:port` or `unix:/path`. A path, a query or user
// information in it is an error: an endpoint is where to connect, and quietly ignoring the rest
// would surprise.

import { asciiHost, isHost } from './host_name.ts';
import { parseUnixPath } from './listen_address.ts';
import { Refusal } from './refusal.ts';

const WANTED = 'an endpoint such as "http://10.0.0.1:9000" or "unix:/path"';
const HTTP_PORT = 80;

/** Where to connect: host and port, or the path of a Unix socket. */
export interface EndpointTarget {
  readonly host: string;
  readonly port: number;
  readonly unixPath: string;
}

/**
 * Parses an endpoint. `https:` and `h2c:` are refused with their own text until there is a
 * driver.
 */
export function parseEndpointUrl(value: unknown): EndpointTarget | Refusal {
  if (typeof value !== 'string') return new Refusal(WANTED);
  if (value.startsWith('unix:')) {
    const unixPath = parseUnixPath(value.slice('unix:'.length));
    return unixPath instanceof Refusal ? unixPath : { host: '', port: 0, unixPath };
  }
  const match = /^([a-z][a-z0-9+.-]*):\/\/([^/?#]*)(.*)$/i.exec(value);
  if (match === null) return new Refusal(WANTED, endpointMeant(value));
  const scheme = match[1]!.toLowerCase();
  const authority = match[2]!;
  if (scheme === 'https' || scheme === 'h2c') {
    return new Refusal(`${WANTED} (this version speaks HTTP/1.1 without TLS to endpoints)`);
  }
  if (scheme !== 'http') return new Refusal(WANTED, `http://${authority}`);
  if (match[3] !== '') return new Refusal('an endpoint without a path', `http://${authority}`);
  return parseAuthority(authority);
}

function parseAuthority(authority: string): EndpointTarget | Refusal {
  const at = authority.lastIndexOf('@');
  if (at >= 0) {
    const meant = `http://${authority.slice(at + 1)}`;
    return new Refusal('an endpoint without user name and password', meant);
  }
  const match = /^(?:\[([^\]]*)\]|([^:[\]]*))(?::(\d*))?$/.exec(authority);
  if (match === null) return new Refusal(WANTED, bracketed(authority));
  const host = match[1] ?? match[2]!;
  const port = match[3] === undefined ? HTTP_PORT : Number(match[3]);
  if (port < 1 || port > 65_535) return new Refusal('an endpoint with a port from 1 to 65535');
  if (!isHost(host) || (match[1] !== undefined && !host.includes(':'))) {
    const ascii = asciiHost(host);
    const meant = ascii === '' ? '' : `http://${authority.replace(host, ascii)}`;
    return new Refusal('an endpoint with a host name or a numeric address', meant);
  }
  return { host: host.toLowerCase(), port, unixPath: '' };
}

function endpointMeant(text: string): string {
  if (text.startsWith('/')) return `unix:${text}`;
  if (text === '' || text.includes('/')) return '';
  const meant = `http://${text}`;
  return parseEndpointUrl(meant) instanceof Refusal ? '' : meant;
}

function bracketed(authority: string): string {
  const separator = authority.lastIndexOf(':');
  const meant = `http://[${authority.slice(0, separator)}]${authority.slice(separator)}`;
  return authority.includes('[') || parseEndpointUrl(meant) instanceof Refusal ? '' : meant;
}

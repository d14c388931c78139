// What a route matches, as users write it: an exact host, and `/exact` or `/prefix/*` for the
// path. Other patterns are refused instead of being matched as plain text. A path is brought into
// the same normal form (RFC 3986 section 6.2.2) that request targets are matched in, or it could
// never match.

import { normalizePath } from '../http/target.ts';
import { asciiHost, isHost, isHostName } from './host_name.ts';
import { Refusal } from './refusal.ts';

const HOST_WANTED = 'an exact host name without a port, such as "example.com"';
const PATH_WANTED = 'an exact path such as "/health" or a prefix such as "/api/*"';

/** Parses a route's host: lower case, IPv6 in brackets as in `Host`. */
export function parseRouteHost(value: unknown): string | Refusal {
  if (typeof value !== 'string') return new Refusal(HOST_WANTED);
  const host = value.toLowerCase();
  const inner = /^\[(.*)\]$/.exec(host)?.[1];
  if (inner === undefined ? isHostName(host) || isIPv4Host(host) : isHost(inner)) return host;
  const bare = host.replace(/^[a-z]+:\/\//, '').replace(/[/?#].*$/, '');
  const withoutPort = bare.replace(/:\d*$/, '').replace(/\.$/, '');
  if (withoutPort !== host && isHostName(withoutPort)) return new Refusal(HOST_WANTED, withoutPort);
  if (host.includes('*')) return new Refusal(`${HOST_WANTED} (this version has no wildcards)`);
  if (host.includes(':') && isHost(host)) return new Refusal(HOST_WANTED, `[${host}]`);
  return new Refusal(HOST_WANTED, asciiHost(host));
}

/** Parses a route's path into its normal form. */
export function parseRoutePath(value: unknown): string | Refusal {
  if (typeof value !== 'string' || value === '') return new Refusal(PATH_WANTED);
  if (!value.startsWith('/')) return new Refusal(PATH_WANTED, `/${value}`);
  if (/[?#]/.test(value)) return new Refusal(PATH_WANTED, value.replace(/[?#].*$/, ''));
  const star = value.indexOf('*');
  if (star >= 0 && star !== value.length - 1) return new Refusal(PATH_WANTED);
  if (star >= 0 && value[star - 1] !== '/') {
    return new Refusal(PATH_WANTED, `${value.slice(0, star)}/*`);
  }
  if (/\/:/.test(value)) {
    const prefix = value.slice(0, value.indexOf('/:'));
    return new Refusal(`${PATH_WANTED} (this version has no parameters)`, `${prefix}/*`);
  }
  return normalPath(value);
}

/**
 * Parses an upgrade token of a route: `websocket`, or another
 * `protocol-name["/"protocol-version]`.
 */
export function parseUpgradeToken(value: unknown): string | Refusal {
  const wanted = 'an Upgrade token such as "websocket"';
  if (typeof value !== 'string') return new Refusal(wanted);
  const token = value.toLowerCase();
  if (!/^[!#$%&'*+.^_`|~0-9a-z-]+(\/[!#$%&'*+.^_`|~0-9a-z-]+)?$/.test(token)) {
    return new Refusal(wanted);
  }
  // A tunnel that the endpoint takes for HTTP carries requests past every route.
  if (token === 'h2c' || token === 'h2' || token.startsWith('http')) {
    return new Refusal(`${wanted} (HTTP inside a tunnel would pass the routes unseen)`);
  }
  return token;
}

function isIPv4Host(host: string): boolean {
  return !host.includes(':') && isHost(host);
}

/** The form that the codec brings request targets in, made by the same function. */
function normalPath(path: string): string | Refusal {
  if (/[^\x21-\x7e]/.test(path)) {
    return new Refusal('a path of visible ASCII, other characters escaped', escaped(path));
  }
  if (/%(?![0-9a-f]{2})/i.test(path)) return new Refusal('a path whose "%" is written as "%25"');
  if (/%00/.test(path)) return new Refusal('a path without NUL');
  const bytes = Buffer.from(path, 'latin1');
  const normal = bytes.toString('latin1', 0, normalizePath(bytes, 0, bytes.length));
  if (/\/(\.|%2e){1,2}(\/|$)/i.test(path)) {
    return new Refusal('a path without "." and ".." segments', normal);
  }
  return normal;
}

function escaped(path: string): string {
  return path.isWellFormed() ? encodeURI(path).replaceAll('%25', '%') : '';
}

// Host names and numeric addresses as they stand in endpoints, routes and `hostHeader`. Names
// follow RFC 1123 with underscores, which container networks use.

import { isIPv4, isIPv6 } from 'node:net';
import { domainToASCII } from 'node:url';

/**
 * Whether it is a numeric address (IPv6 without brackets) or a name that a resolver may be asked
 * for.
 */
export function isHost(text: string): boolean {
  // The first call of isIPv6 takes tens of milliseconds, so it is made for what may be one alone.
  return text.includes(':')
    ? isIPv6(text) && !text.includes('%')
    : isIPv4(text) || isHostName(text);
}

/** A dotted name. One whose last label is all digits is a broken IPv4 address, not a name. */
function isHostName(text: string): boolean {
  if (text.length > 253) return false;
  const labels = text.split('.');
  if (/^(\d+|0x[0-9a-f]*)$/i.test(labels.at(-1)!)) return false;
  return labels.every((label) => /^[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?$/i.test(label));
}

/** The ASCII form of an international name, or '' where there is none. */
export function asciiHost(text: string): string {
  const ascii = domainToASCII(text);
  return ascii !== '' && isHostName(ascii) ? ascii : '';
}

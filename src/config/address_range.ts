// Ranges of addresses as users write them: `10.0.0.0/8`, `2001:db8::/32`, or a single address.
// Host bits that are set are refused: `10.0.0.1/8` means either the address or the network, and
// only the writer knows.

import { isIPv4, isIPv6 } from 'node:net';
import type { AddressRange } from '../base/address_ranges.ts';
import { Refusal } from './refusal.ts';

const WANTED = 'an address or a network such as "10.0.0.0/8", "192.168.1.7" or "2001:db8::/32"';

/** Parses an address (all its bits count) or a network in CIDR form. */
export function parseAddressRange(value: unknown): AddressRange | Refusal {
  if (typeof value !== 'string') return new Refusal(WANTED);
  const slash = value.indexOf('/');
  const host = slash < 0 ? value : value.slice(0, slash);
  const family = isIPv4(host) ? 4 : isIPv6(host) && !host.includes('%') ? 6 : 0;
  if (family === 0) return new Refusal(WANTED);
  const width = family === 4 ? 32 : 128;
  const bitsText = slash < 0 ? String(width) : value.slice(slash + 1);
  const bits = /^\d{1,3}$/.test(bitsText) ? Number(bitsText) : -1;
  if (bits < 0 || bits > width) {
    return new Refusal(`a network with a prefix of 0 to ${width} bits`);
  }
  const address = family === 4 ? numberOfIPv4(host) : numberOfIPv6(host);
  const shift = BigInt(width - bits);
  const network = (address >> shift) << shift;
  if (network !== address) {
    const meant = family === 4 ? formatIPv4(network) : formatIPv6(network);
    return new Refusal('a network whose bits after the prefix are 0', `${meant}/${bits}`);
  }
  return { host, family, bits };
}

function numberOfIPv4(text: string): bigint {
  return text.split('.').reduce((sum, part) => sum * 256n + BigInt(part), 0n);
}

/** The URL parser writes any IPv6 address in hexadecimal groups with at most one `::`. */
function numberOfIPv6(text: string): bigint {
  const [head, tail] = new URL(`http://[${text}]`).hostname.slice(1, -1).split('::');
  const left = head === '' ? [] : head!.split(':');
  const right = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = new Array<string>(8 - left.length - right.length).fill('0');
  return [...left, ...zeros, ...right].reduce((sum, g) => sum * 65_536n + BigInt(`0x${g}`), 0n);
}

function formatIPv4(address: bigint): string {
  return [24n, 16n, 8n, 0n].map((shift) => String((address >> shift) & 255n)).join('.');
}

function formatIPv6(address: bigint): string {
  const groups = Array.from({ length: 8 }, (_, i) => (address >> BigInt(112 - 16 * i)) & 65_535n);
  const full = groups.map((group) => group.toString(16)).join(':');
  return new URL(`http://[${full}]`).hostname.slice(1, -1);
}

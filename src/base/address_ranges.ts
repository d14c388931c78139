// Which addresses are in a list of networks: `trustedProxies`, the client addresses of a route.
// Asked once per connection, or by routes that ask for it, so it works on text. An IPv4 address
// that came in over an IPv6 socket (`::ffff:192.0.2.1`) is compared as IPv4.

import { assert } from './assert.ts';

/** A range of addresses: `bits` leading bits of `host` (numeric IPv4 or IPv6). */
export interface AddressRange {
  readonly host: string;
  readonly family: 4 | 6;
  readonly bits: number;
}

interface CompiledRange {
  readonly words: readonly number[];
  readonly bits: number;
}

/**
 * Compiles ranges into a question about one numeric address. A Unix socket's client has the
 * address '' and is in no range; neither is text that is no address.
 */
export function compileAddressRanges(ranges: readonly AddressRange[]): (host: string) => boolean {
  const compiled: CompiledRange[] = ranges.map((range) => {
    const words = parseAddress(range.host);
    assert(words !== null, 'the host of an address range is a numeric address');
    // `::ffff:192.0.2.0/120` is 192.0.2.0/24.
    const isMapped = range.family === 6 && words.length === 2;
    const bits = isMapped ? Math.max(0, range.bits - 96) : range.bits;
    assert(bits >= 0 && bits <= words.length * 16, 'the bits of a range fit its family');
    return { words, bits };
  });
  return (host) => {
    if (compiled.length === 0) return false;
    const words = parseAddress(host);
    return words !== null && compiled.some((range) => isWithin(words, range));
  };
}

/**
 * A numeric address as 16-bit words: two for IPv4 (and for IPv4 mapped into IPv6), eight for
 * IPv6. Null where it is none. A zone (`%eth0`) is ignored.
 */
export function parseAddress(text: string): readonly number[] | null {
  if (!text.includes(':')) return parseIpv4(text);
  const zone = text.indexOf('%');
  const words = parseIpv6(zone < 0 ? text : text.slice(0, zone));
  if (words === null) return null;
  const isMapped = words[5] === 0xffff && words.slice(0, 5).every((word) => word === 0);
  return isMapped ? words.slice(6) : words;
}

function parseIpv4(text: string): number[] | null {
  const parts = text.split('.');
  if (parts.length !== 4) return null;
  const octets: number[] = [];
  for (const part of parts) {
    if (!/^(0|[1-9][0-9]{0,2})$/.test(part) || Number(part) > 255) return null;
    octets.push(Number(part));
  }
  return [octets[0]! * 256 + octets[1]!, octets[2]! * 256 + octets[3]!];
}

function parseIpv6(text: string): number[] | null {
  const halves = text.split('::');
  if (halves.length > 2) return null;
  const head = parseGroups(halves[0]!);
  const tail = halves.length === 2 ? parseGroups(halves[1]!) : [];
  if (head === null || tail === null) return null;
  const missing = 8 - head.length - tail.length;
  if (halves.length === 1) return missing === 0 ? head : null;
  if (missing < 1) return null;
  return [...head, ...new Array<number>(missing).fill(0), ...tail];
}

function parseGroups(text: string): number[] | null {
  if (text === '') return [];
  const words: number[] = [];
  const groups = text.split(':');
  for (let i = 0; i < groups.length; i++) {
    const group = groups[i]!;
    if (group.includes('.')) {
      const dotted = i === groups.length - 1 ? parseIpv4(group) : null;
      if (dotted === null) return null;
      words.push(...dotted);
    } else {
      if (!/^[0-9a-fA-F]{1,4}$/.test(group)) return null;
      words.push(Number.parseInt(group, 16));
    }
  }
  return words;
}

function isWithin(words: readonly number[], range: CompiledRange): boolean {
  if (words.length !== range.words.length) return false;
  for (let i = 0; i < words.length; i++) {
    const bits = Math.min(16, Math.max(0, range.bits - i * 16));
    const mask = (0xffff << (16 - bits)) & 0xffff;
    if (((words[i]! ^ range.words[i]!) & mask) !== 0) return false;
  }
  return true;
}

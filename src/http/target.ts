// The path of a request target in the normalised form of RFC 3986 section 6.2.2, made in place:
// escapes of unreserved characters are decoded, the digits of the others are upper case, dot
// segments are removed (also those that were written `%2E`). What is not equivalent stays: `%2F`,
// `%5C`, `\`, `//`, `;`. The query is never touched. Routes match and upstreams receive this form,
// so that both see the same path.

import { BYTE_CLASS, ByteClass, HEX_VALUE } from './byte_class.ts';

const SLASH = 0x2f;
const DOT = 0x2e;
const PERCENT = 0x25;

/**
 * Normalises the path `bytes[start, end)`, which begins with `/` and whose escapes are well-formed.
 * Returns its new end, never behind the old one.
 */
export function normalizePath(bytes: Uint8Array, start: number, end: number): number {
  return removeDotSegments(bytes, start, normalizeEscapes(bytes, start, end));
}

// RFC 3986 sections 6.2.2.1 and 6.2.2.2, once: what an escaped `%` yields is never decoded again.
function normalizeEscapes(bytes: Uint8Array, start: number, end: number): number {
  let to = start;
  let from = start;
  while (from < end) {
    const byte = bytes[from]!;
    if (byte !== PERCENT) {
      bytes[to++] = byte;
      from++;
      continue;
    }
    const value = (HEX_VALUE[bytes[from + 1]!]! << 4) | HEX_VALUE[bytes[from + 2]!]!;
    if ((BYTE_CLASS[value]! & ByteClass.UNRESERVED) !== 0) {
      bytes[to++] = value;
    } else {
      bytes[to] = PERCENT;
      bytes[to + 1] = upperHex(bytes[from + 1]!);
      bytes[to + 2] = upperHex(bytes[from + 2]!);
      to += 3;
    }
    from += 3;
  }
  return to;
}

// RFC 3986 section 5.2.4. `to` is where the next segment's slash goes; above the root `..` is
// dropped.
function removeDotSegments(bytes: Uint8Array, start: number, end: number): number {
  let to = start;
  let from = start;
  while (from < end) {
    const segment = from + 1; // behind the slash
    let next = segment;
    while (next < end && bytes[next] !== SLASH) next++;
    const byteCount = next - segment;
    const isDots = byteCount > 0 && byteCount < 3 && bytes[segment] === DOT;
    if (isDots && byteCount === 1) {
      if (next === end) bytes[to++] = SLASH;
    } else if (isDots && bytes[segment + 1] === DOT) {
      while (to > start && bytes[--to] !== SLASH);
      if (next === end) bytes[to++] = SLASH;
    } else {
      for (let i = from; i < next; i++) bytes[to++] = bytes[i]!;
    }
    from = next;
  }
  return to;
}

function upperHex(digit: number): number {
  return digit >= 0x61 ? digit - 0x20 : digit;
}

// The path of a request target in the normalised form of RFC 3986 section 6.2.2, made in place:
// escapes of unreserved characters are decoded, the digits of the others are upper case, dot
// segments are removed (also those that were written `%2E`). What is not equivalent stays: `%2F`,
// `%5C`, `\`, `//`, `;`. The query is never touched. Routes match and upstreams receive this form,
// so that both see the same path.
//
// What an upstream may still take for another path (by decoding `%2F`, by reading `\` as `/`, by
// dropping `;x`) is noted as a doubt: such a request is refused unless its route allows it.

import { BYTE_CLASS, ByteClass, HEX_VALUE } from './byte_class.ts';

const SLASH = 0x2f;
const DOT = 0x2e;
const PERCENT = 0x25;
const BACKSLASH = 0x5c;
const SEMICOLON = 0x3b;
const QUESTION = 0x3f;

/** Bits of what makes a path doubtful, as it was written. */
export const PathDoubt = {
  /** A segment that becomes `.` or `..` through decoding. */
  ENCODED_DOTS: 1,
  /** `%2F` */
  ENCODED_SLASH: 2,
  /** `%5C` */
  ENCODED_BACKSLASH: 4,
  /** `%00` */
  ENCODED_NUL: 8,
  /** `\`, which some take for a slash. */
  BACKSLASH: 16,
  /** A segment that begins with a dot and has a `;` (or `%3B`): `..;x` is `..` for some. */
  DOTS_WITH_PARAMETERS: 32,
} as const;
export type PathDoubt = (typeof PathDoubt)[keyof typeof PathDoubt];

/**
 * Normalises the path `bytes[start, end)`, which begins with `/` and whose escapes are well-formed.
 * Returns its new end, never behind the old one.
 */
export function normalizePath(bytes: Uint8Array, start: number, end: number): number {
  return removeDotSegments(bytes, start, normalizeEscapes(bytes, start, end));
}

/** The `PathDoubt` bits of the path `bytes[start, end)`, which was not normalised yet. */
export function findPathDoubts(bytes: Uint8Array, start: number, end: number): number {
  let doubts = 0;
  let at = start;
  let decodedCount = 0; // bytes of the segment, an escape counting as one
  let dotsCount = 0; // leading dots among them
  let hasEscapedDot = false;
  let hasParameters = false;
  while (at <= end) {
    let byte = at < end ? bytes[at]! : SLASH;
    if (byte === SLASH) {
      const isDots = dotsCount === decodedCount && (dotsCount === 1 || dotsCount === 2);
      if (isDots && hasEscapedDot) doubts |= PathDoubt.ENCODED_DOTS;
      if (dotsCount > 0 && hasParameters) doubts |= PathDoubt.DOTS_WITH_PARAMETERS;
      decodedCount = dotsCount = 0;
      hasEscapedDot = hasParameters = false;
      at++;
      continue;
    }
    if (byte === BACKSLASH) doubts |= PathDoubt.BACKSLASH;
    const isEscape = byte === PERCENT;
    if (isEscape) {
      byte = (HEX_VALUE[bytes[at + 1]!]! << 4) | HEX_VALUE[bytes[at + 2]!]!;
      doubts |= doubtOfEscape(byte);
    }
    if (byte === DOT && dotsCount === decodedCount) {
      dotsCount++;
      hasEscapedDot = hasEscapedDot || isEscape;
    } else if (byte === SEMICOLON) {
      hasParameters = true;
    }
    decodedCount++;
    at += isEscape ? 3 : 1;
  }
  return doubts;
}

function doubtOfEscape(value: number): number {
  if (value === SLASH) return PathDoubt.ENCODED_SLASH;
  if (value === BACKSLASH) return PathDoubt.ENCODED_BACKSLASH;
  return value === 0 ? PathDoubt.ENCODED_NUL : 0;
}

/**
 * Makes one slash of each run of them, in place, in a path that is normalised (so `/a//../b` is
 * `/a/b`, as it is without). Returns the new end.
 */
export function mergeSlashes(bytes: Uint8Array, start: number, end: number): number {
  let to = start;
  for (let from = start; from < end; from++) {
    const byte = bytes[from]!;
    if (byte === SLASH && to > start && bytes[to - 1] === SLASH) continue;
    bytes[to++] = byte;
  }
  return to;
}

/** Whether the path has escapes. */
export function hasEscapes(bytes: Uint8Array, start: number, end: number): boolean {
  for (let i = start; i < end; i++) if (bytes[i] === PERCENT) return true;
  return false;
}

/** Whether a path that we are to send is in the form that `normalizePath` would give it. */
export function isNormalPath(text: string): boolean {
  if (text.charCodeAt(0) !== SLASH) return false;
  let segmentStart = 1;
  for (let i = 1; i <= text.length; i++) {
    const unit = i < text.length ? text.charCodeAt(i) : SLASH;
    if (unit === SLASH) {
      const length = i - segmentStart;
      const isDots = length > 0 && length < 3 && text.charCodeAt(segmentStart) === DOT;
      if (isDots && text.charCodeAt(i - 1) === DOT) return false;
      segmentStart = i + 1;
    } else if (unit === PERCENT) {
      if (!isNormalEscape(text.charCodeAt(i + 1), text.charCodeAt(i + 2))) return false;
      i += 2;
    } else if (unit === QUESTION || unit > 0x7e || (BYTE_CLASS[unit]! & ByteClass.TARGET) === 0) {
      return false;
    }
  }
  return true;
}

// NaN, behind the end of the text, is no digit.
function isNormalEscape(high: number, low: number): boolean {
  if (!isUpperHex(high) || !isUpperHex(low)) return false;
  const value = (HEX_VALUE[high]! << 4) | HEX_VALUE[low]!;
  return (BYTE_CLASS[value]! & ByteClass.UNRESERVED) === 0;
}

function isUpperHex(unit: number): boolean {
  return (unit >= 0x30 && unit <= 0x39) || (unit >= 0x41 && unit <= 0x46);
}

/**
 * RFC 3986 sections 6.2.2.1 and 6.2.2.2 alone, in place. Once: what an escaped `%` yields is never
 * decoded again. Returns the new end.
 */
export function normalizeEscapes(bytes: Uint8Array, start: number, end: number): number {
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

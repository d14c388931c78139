// The authority of a request: `uri-host [ ":" port ]` (RFC 9110 section 7.2, RFC 3986 section 3.2).
// User information is refused (RFC 9110 section 4.2.4), as is an empty host (section 4.2.1). Names
// are not resolved, folded or decoded here: what is valid is forwarded as it is.

import { BYTE_CLASS, ByteClass, HEX_VALUE, NOT_HEX } from './byte_class.ts';

const PORT_MAX = 65_535;
const COLON = 0x3a;
const DOT = 0x2e;
const PERCENT = 0x25;
const OPEN = 0x5b;
const CLOSE = 0x5d;

/** Whether `bytes[start, end)` is a host with an optional port. An empty port ("a:") is valid. */
export function isAuthority(bytes: Uint8Array, start: number, end: number): boolean {
  const hostEnd = endOfHost(bytes, start, end);
  if (hostEnd < 0) return false;
  return hostEnd === end || portOf(bytes, hostEnd, end) >= 0;
}

/** Whether it is a host with a port, as CONNECT wants it (RFC 9112 section 3.2.3). */
export function isAuthorityWithPort(bytes: Uint8Array, start: number, end: number): boolean {
  const hostEnd = endOfHost(bytes, start, end);
  return hostEnd >= 0 && hostEnd + 1 < end && portOf(bytes, hostEnd, end) > 0;
}

/** Offset behind the host of an authority, or -1 where there is no valid, non-empty host. */
export function endOfHost(bytes: Uint8Array, start: number, end: number): number {
  if (start >= end) return -1;
  if (bytes[start] === OPEN) return endOfLiteral(bytes, start, end);
  let at = start;
  while (at < end) {
    const byte = bytes[at]!;
    if ((BYTE_CLASS[byte]! & ByteClass.HOST) !== 0) {
      at++;
    } else if (byte === PERCENT) {
      if (at + 2 >= end || !isHex(bytes[at + 1]!) || !isHex(bytes[at + 2]!)) return -1;
      at += 3;
    } else {
      break;
    }
  }
  if (at === start || (at < end && bytes[at] !== COLON)) return -1;
  return at;
}

// ":" 1*5DIGIT up to 65535; 0 where no digit follows the colon; -1 where it is none.
function portOf(bytes: Uint8Array, colon: number, end: number): number {
  if (bytes[colon] !== COLON) return -1;
  let port = 0;
  for (let i = colon + 1; i < end; i++) {
    const digit = bytes[i]! - 0x30;
    if (digit < 0 || digit > 9) return -1;
    port = port * 10 + digit;
    if (port > PORT_MAX) return -1;
  }
  return port;
}

// "[" ( IPv6address / IPvFuture ) "]"
function endOfLiteral(bytes: Uint8Array, start: number, end: number): number {
  let close = start + 1;
  while (close < end && bytes[close] !== CLOSE) close++;
  if (close === end) return -1;
  const isValid =
    (bytes[start + 1]! | 0x20) === 0x76
      ? isFutureAddress(bytes, start + 2, close)
      : isAddressV6(bytes, start + 1, close);
  if (!isValid || (close + 1 < end && bytes[close + 1] !== COLON)) return -1;
  return close + 1;
}

// After "v": 1*HEXDIG "." 1*( unreserved / sub-delims / ":" )
function isFutureAddress(bytes: Uint8Array, start: number, end: number): boolean {
  let at = start;
  while (at < end && isHex(bytes[at]!)) at++;
  if (at === start || bytes[at] !== DOT || at + 1 >= end) return false;
  for (let i = at + 1; i < end; i++) {
    if (bytes[i] !== COLON && (BYTE_CLASS[bytes[i]!]! & ByteClass.HOST) === 0) return false;
  }
  return true;
}

// Eight groups of 1*4HEXDIG; one run of them may be "::"; the last two may be an IPv4 address.
function isAddressV6(bytes: Uint8Array, start: number, end: number): boolean {
  let groups = 0;
  let isCompressed = false;
  let at = start;
  if (bytes[at] === COLON) {
    if (at + 1 >= end || bytes[at + 1] !== COLON) return false;
    isCompressed = true;
    at += 2;
  }
  while (at < end) {
    const groupStart = at;
    while (at < end && isHex(bytes[at]!)) at++;
    if (at < end && bytes[at] === DOT) {
      if (!isAddressV4(bytes, groupStart, end)) return false;
      groups += 2;
      break;
    }
    if (at === groupStart || at - groupStart > 4) return false;
    groups++;
    if (at === end) break;
    if (bytes[at] !== COLON) return false;
    at++;
    if (at === end) return false;
    if (bytes[at] === COLON) {
      if (isCompressed) return false;
      isCompressed = true;
      at++;
    }
  }
  return isCompressed ? groups < 8 : groups === 8;
}

function isAddressV4(bytes: Uint8Array, start: number, end: number): boolean {
  let parts = 0;
  let at = start;
  for (;;) {
    const partStart = at;
    let value = 0;
    while (at < end && bytes[at]! >= 0x30 && bytes[at]! <= 0x39 && at - partStart < 4) {
      value = value * 10 + bytes[at]! - 0x30;
      at++;
    }
    const hasLeadingZero = at - partStart > 1 && bytes[partStart] === 0x30;
    if (at === partStart || value > 255 || hasLeadingZero) return false;
    parts++;
    if (at === end) return parts === 4;
    if (bytes[at] !== DOT || parts === 4) return false;
    at++;
  }
}

function isHex(byte: number): boolean {
  return HEX_VALUE[byte] !== NOT_HEX;
}

// The value of Content-Length: `1*DIGIT`, or a list of such that are all equal (RFC 9110 section
// 8.6). Signs, white space inside, empty elements and what does not fit a safe integer are refused.

const ZERO = 0x30;
const COMMA = 0x2c;
const SPACE = 0x20;
const TAB = 0x09;
const DIGITS_MAX = 19;

/** The number that `bytes[start, end)` (without white space around it) says, or -1. */
export function parseContentLength(bytes: Uint8Array, start: number, end: number): number {
  const first = endOfDigits(bytes, start, end);
  const value = parseDigits(bytes, start, first);
  if (value < 0) return -1;
  let at = first;
  while (at < end) {
    at = skipSpace(bytes, at, end);
    if (at === end || bytes[at] !== COMMA) return -1;
    at = skipSpace(bytes, at + 1, end);
    const next = endOfDigits(bytes, at, end);
    if (parseDigits(bytes, at, next) !== value) return -1;
    at = next;
  }
  return value;
}

/** End of the digits that begin at `start`. */
export function endOfDigits(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  while (at < end && bytes[at]! >= ZERO && bytes[at]! <= ZERO + 9) at++;
  return at;
}

/** Behind the zeros that lead a number, of which the last digit is left. */
export function skipLeadingZeros(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  while (at + 1 < end && bytes[at] === ZERO) at++;
  return at;
}

function parseDigits(bytes: Uint8Array, start: number, end: number): number {
  if (start === end || end - start > DIGITS_MAX) return -1;
  let value = 0;
  for (let i = start; i < end; i++) value = value * 10 + (bytes[i]! - ZERO);
  return value <= Number.MAX_SAFE_INTEGER ? value : -1;
}

function skipSpace(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  while (at < end && (bytes[at] === SPACE || bytes[at] === TAB)) at++;
  return at;
}

// Bytes of a query as `application/x-www-form-urlencoded` has them (WHATWG URL section 5.1): `%XX`
// is a byte, `+` a space. What is no escape stands for itself.

import { HEX_VALUE, NOT_HEX } from '../http/byte_class.ts';
import { latin1Text } from '../http/text.ts';

const PERCENT = 0x25;
const PLUS = 0x2b;
const SPACE = 0x20;
const ESCAPE_BYTES = 3;

const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

/** The byte that the one at `at`, or the escape there, stands for. */
export function decodedByte(bytes: Uint8Array, at: number, end: number): number {
  const byte = bytes[at]!;
  if (byte === PLUS) return SPACE;
  if (byte !== PERCENT || !isEscape(bytes, at, end)) return byte;
  return (HEX_VALUE[bytes[at + 1]!]! << 4) | HEX_VALUE[bytes[at + 2]!]!;
}

/** How many bytes stand for it. */
export function decodedLength(bytes: Uint8Array, at: number, end: number): number {
  return bytes[at] === PERCENT && isEscape(bytes, at, end) ? ESCAPE_BYTES : 1;
}

/**
 * A value as text for a regular expression: UTF-8, decoded first with `isEncoded`. Allocates.
 */
export function valueText(
  bytes: Uint8Array,
  start: number,
  end: number,
  isEncoded: boolean,
): string {
  let isPlain = true;
  for (let i = start; i < end && isPlain; i++) {
    const byte = bytes[i]!;
    isPlain = byte < 0x80 && !(isEncoded && (byte === PERCENT || byte === PLUS));
  }
  if (isPlain) return latin1Text(bytes, start, end);
  const decoded = new Uint8Array(end - start);
  let length = 0;
  for (let at = start; at < end; ) {
    decoded[length++] = isEncoded ? decodedByte(bytes, at, end) : bytes[at]!;
    at += isEncoded ? decodedLength(bytes, at, end) : 1;
  }
  return decoder.decode(decoded.subarray(0, length));
}

function isEscape(bytes: Uint8Array, at: number, end: number): boolean {
  return (
    at + 2 < end && HEX_VALUE[bytes[at + 1]!] !== NOT_HEX && HEX_VALUE[bytes[at + 2]!] !== NOT_HEX
  );
}

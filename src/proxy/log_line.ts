// One line of the access log while it is written: bytes of its own, never more than the limit,
// values escaped for the format. Whatever does not fit is left out; the newline always fits.

import { LOG_LINE_BYTES_MAX } from '../base/limits.ts';

/** How values are escaped: as JSON strings, or as nginx's `combined` does (`\xHH`). */
export type LogEscape = 'json' | 'hex';

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const DELETE = 0x7f;
const NEWLINE = 0x0a;
const ZERO = 0x30;
/** Longest escape: `\u00XX`. */
const ESCAPE_BYTES_MAX = 6;

export class LogLine {
  readonly bytes: Uint8Array = new Uint8Array(LOG_LINE_BYTES_MAX);
  at = 0;
  readonly #isJson: boolean;
  /** Where the line must end, without its newline. */
  readonly #limit: number = LOG_LINE_BYTES_MAX - 1;

  constructor(escaping: LogEscape) {
    this.#isJson = escaping === 'json';
  }

  restart(): void {
    this.at = 0;
  }

  /** Adds the newline. */
  end(): void {
    this.bytes[this.at++] = NEWLINE;
  }

  putByte(byte: number): void {
    if (this.at < this.#limit) this.bytes[this.at++] = byte;
  }

  /** Text of our own, which needs no escapes. */
  putText(text: string): void {
    for (let i = 0; i < text.length; i++) this.putByte(text.charCodeAt(i));
  }

  /** A value of a message, cut where its escaped form exceeds `bytesMax`. */
  putValue(source: Uint8Array, start: number, end: number, bytesMax: number): void {
    const limit = Math.min(this.at + bytesMax, this.#limit) - ESCAPE_BYTES_MAX;
    for (let i = start; i < end && this.at <= limit; ) {
      const byte = source[i]!;
      if (byte < DELETE) {
        this.#putAscii(byte);
        i++;
        continue;
      }
      const byteCount = this.#isJson ? utf8Bytes(source, i, end) : 0;
      if (byteCount === 0) {
        this.#putEscape(byte);
        i++;
      } else for (const next = i + byteCount; i < next; i++) this.putByte(source[i]!);
    }
  }

  /** The same for a name from the config. */
  putName(text: string, bytesMax: number): void {
    const limit = Math.min(this.at + bytesMax, this.#limit) - ESCAPE_BYTES_MAX;
    for (let i = 0; i < text.length && this.at <= limit; i++) {
      const code = text.charCodeAt(i);
      if (code < DELETE) this.#putAscii(code);
      else if (this.#isJson || code < 256) this.#putEscape(code);
      else this.putByte(0x3f);
    }
  }

  /** A whole number. */
  putNumber(value: number): void {
    let divisor = 1;
    while (divisor * 10 <= value) divisor *= 10;
    for (; divisor >= 1; divisor /= 10) this.putByte(ZERO + (Math.floor(value / divisor) % 10));
  }

  /** The last `count` decimal digits of a whole number, with leading zeros. */
  putDigits(value: number, count: number): void {
    for (let divisor = 10 ** (count - 1); divisor >= 1; divisor /= 10) {
      this.putByte(ZERO + (Math.floor(value / divisor) % 10));
    }
  }

  /** Milliseconds with three decimals. */
  putMilliseconds(value: number): void {
    const microseconds = Math.round(value * 1000);
    this.putNumber(Math.floor(microseconds / 1000));
    this.putText('.');
    this.putDigits(microseconds, 3);
  }

  #putAscii(byte: number): void {
    if (byte < 0x20) this.#putEscape(byte);
    else if (this.#isJson && (byte === QUOTE || byte === BACKSLASH)) {
      this.putByte(BACKSLASH);
      this.putByte(byte);
    } else if (!this.#isJson && (byte === QUOTE || byte === BACKSLASH)) this.#putEscape(byte);
    else this.putByte(byte);
  }

  #putEscape(code: number): void {
    this.putText(this.#isJson ? '\\u' : '\\x');
    for (let shift = this.#isJson ? 12 : 4; shift >= 0; shift -= 4) {
      const digit = (code >>> shift) & 15;
      this.putByte(digit < 10 ? ZERO + digit : 0x57 + digit);
    }
  }
}

/**
 * Bytes of the well-formed UTF-8 sequence of more than one byte at `at` (RFC 3629 section 4); 0:
 * none.
 */
function utf8Bytes(bytes: Uint8Array, at: number, end: number): number {
  const lead = bytes[at]!;
  const byteCount = lead < 0xc2 ? 0 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : lead < 0xf5 ? 4 : 0;
  if (byteCount === 0 || at + byteCount > end) return 0;
  // The second byte has a narrower range after these: no overlong forms, no surrogates, no more
  // than U+10FFFF.
  const second = bytes[at + 1]!;
  const lowest = lead === 0xe0 ? 0xa0 : lead === 0xf0 ? 0x90 : 0x80;
  const highest = lead === 0xed ? 0x9f : lead === 0xf4 ? 0x8f : 0xbf;
  if (second < lowest || second > highest) return 0;
  for (let i = 2; i < byteCount; i++) if ((bytes[at + i]! & 0xc0) !== 0x80) return 0;
  return byteCount;
}

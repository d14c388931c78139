// One line of the access log while it is written: bytes of its own, never more than the limit,
// values escaped for the format. Whatever does not fit is left out; the newline always fits.

import { LOG_LINE_BYTES_MAX } from '../base/limits.ts';
import { writeDecimal } from '../http/text.ts';

/** How values are escaped: as JSON strings, or as nginx's `combined` does (`\xHH`). */
export type LogEscape = 'json' | 'hex';

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const DELETE = 0x7f;
const NEWLINE = 0x0a;
const ZERO = 0x30;
const SMALL_U = 0x75;
const SMALL_X = 0x78;
/** Longest escape: `\u00XX`. */
const ESCAPE_BYTES_MAX = 6;
const NUMBER_BYTES_MAX = 16;

/** Bytes that both formats write as they are. */
const PLAIN: Uint8Array = makePlain();

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

  /** Whether `byteCount` more bytes fit. */
  hasRoom(byteCount: number): boolean {
    return this.at + byteCount <= this.#limit;
  }

  putByte(byte: number): void {
    if (this.at < this.#limit) this.bytes[this.at++] = byte;
  }

  /** Text of our own, which needs no escapes. */
  putText(text: string): void {
    if (!this.hasRoom(text.length)) return;
    const { bytes, at } = this;
    for (let i = 0; i < text.length; i++) bytes[at + i] = text.charCodeAt(i);
    this.at = at + text.length;
  }

  /** The same, encoded before. */
  putBytes(source: Uint8Array): void {
    if (!this.hasRoom(source.length)) return;
    const { bytes, at } = this;
    for (let i = 0; i < source.length; i++) bytes[at + i] = source[i]!;
    this.at = at + source.length;
  }

  /** A value of a message, cut where its escaped form exceeds `bytesMax`. */
  putValue(source: Uint8Array, start: number, end: number, bytesMax: number): void {
    const { bytes } = this;
    const limit = Math.min(this.at + bytesMax, this.#limit) - ESCAPE_BYTES_MAX;
    let at = this.at;
    for (let i = start; i < end && at <= limit; ) {
      const byte = source[i]!;
      if (PLAIN[byte] === 1) {
        bytes[at++] = byte;
        i++;
        continue;
      }
      const byteCount = this.#isJson && byte > DELETE ? utf8Bytes(source, i, end) : 0;
      if (byteCount > 0) {
        for (const next = i + byteCount; i < next; i++) bytes[at++] = source[i]!;
      } else {
        at = this.#escape(at, byte);
        i++;
      }
    }
    this.at = at;
  }

  /** The same for a name from the config. */
  putName(text: string, bytesMax: number): void {
    const { bytes } = this;
    const limit = Math.min(this.at + bytesMax, this.#limit) - ESCAPE_BYTES_MAX;
    let at = this.at;
    for (let i = 0; i < text.length && at <= limit; i++) {
      const code = text.charCodeAt(i);
      if (code < 256 && PLAIN[code] === 1) bytes[at++] = code;
      else if (this.#isJson || code < 256) at = this.#escape(at, code);
      else bytes[at++] = 0x3f; // `?`: the other formats know bytes only
    }
    this.at = at;
  }

  /** A whole number. */
  putNumber(value: number): void {
    if (this.hasRoom(NUMBER_BYTES_MAX)) this.at = writeDecimal(this.bytes, this.at, value);
  }

  /** The last `count` decimal digits of a whole number, with leading zeros. */
  putDigits(value: number, count: number): void {
    if (!this.hasRoom(count)) return;
    let rest = value;
    for (let i = this.at + count - 1; i >= this.at; i--) {
      const next = Math.floor(rest / 10);
      this.bytes[i] = ZERO + (rest - next * 10);
      rest = next;
    }
    this.at += count;
  }

  /** Milliseconds with three decimals. */
  putMilliseconds(value: number): void {
    const microseconds = Math.round(value * 1000);
    this.putNumber(Math.floor(microseconds / 1000));
    this.putByte(0x2e);
    this.putDigits(microseconds, 3);
  }

  #escape(at: number, code: number): number {
    const { bytes } = this;
    let end = at;
    bytes[end++] = BACKSLASH;
    if (this.#isJson && (code === QUOTE || code === BACKSLASH)) {
      bytes[end++] = code;
      return end;
    }
    bytes[end++] = this.#isJson ? SMALL_U : SMALL_X;
    for (let shift = this.#isJson ? 12 : 4; shift >= 0; shift -= 4) {
      const digit = (code >>> shift) & 15;
      bytes[end++] = digit < 10 ? ZERO + digit : 0x57 + digit;
    }
    return end;
  }
}

function makePlain(): Uint8Array {
  const table = new Uint8Array(256);
  table.fill(1, 0x20, DELETE);
  table[QUOTE] = 0;
  table[BACKSLASH] = 0;
  return table;
}

/**
 * Bytes of the well-formed UTF-8 sequence of more than one byte at `at` (RFC 3629 section 4); 0:
 * none.
 */
function utf8Bytes(bytes: Uint8Array, at: number, end: number): number {
  const lead = bytes[at]!;
  const byteCount = lead < 0xc2 ? 0 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : lead < 0xf5 ? 4 : 0;
  if (byteCount === 0 || at + byteCount > end) return 0;
  // After these the second byte has a narrower range: no overlong forms, no surrogates, nothing
  // above U+10FFFF.
  const second = bytes[at + 1]!;
  const lowest = lead === 0xe0 ? 0xa0 : lead === 0xf0 ? 0x90 : 0x80;
  const highest = lead === 0xed ? 0x9f : lead === 0xf4 ? 0x8f : 0xbf;
  if (second < lowest || second > highest) return 0;
  for (let i = 2; i < byteCount; i++) if ((bytes[at + i]! & 0xc0) !== 0x80) return 0;
  return byteCount;
}

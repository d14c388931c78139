// The scanner in plain TypeScript: one look at each byte (bench/micro/http1_codec.ts). It is what
// runs where there is no SIMD, and what a SIMD scanner is compared with.

import { FIELDS_COUNT_MAX } from '../base/limits.ts';
import { BYTE_CLASS, ByteClass } from '../http/byte_class.ts';
import type { Scanner, ScannerOptions } from './scanner.ts';
import { LINE_COLON, LINE_END, LINE_STRIDE, LINE_UNDERSCORE, ScanResult } from './scanner.ts';

const TAB = 0x09;
const LF = 0x0a;
const CR = 0x0d;
const SPACE = 0x20;
const COLON = 0x3a;
// The same byte four times, to look at four bytes of text at once.
const SPACE_BYTES = 0x20202020;
const DEL_BYTES = 0x7f7f7f7f;
const ONE_BYTES = 0x01010101;
const HIGH_BITS = 0x80808080;

export class ScalarScanner implements Scanner {
  readonly lines: Int32Array = new Int32Array(LINE_STRIDE * FIELDS_COUNT_MAX);
  linesCount = 0;
  sectionEnd = 0;
  lineStart = 0;
  lookedEnd = 0;
  lineColon = -1;
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #lineBytesMax: number;
  readonly #isSpaceBeforeColonAllowed: boolean;

  constructor(bytes: Uint8Array, options: ScannerOptions) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#lineBytesMax = options.lineBytesMax;
    this.#isSpaceBeforeColonAllowed = options.isSpaceBeforeColonAllowed;
  }

  scan(start: number, end: number, linesMax: number): ScanResult {
    return this.#scanLines(start, end, linesMax, start, false);
  }

  resume(
    start: number,
    end: number,
    linesMax: number,
    lookedEnd: number,
    isInValue: boolean,
  ): ScanResult {
    return this.#scanLines(start, end, linesMax, lookedEnd, isInValue);
  }

  #scanLines(
    start: number,
    end: number,
    linesMax: number,
    lookedEnd: number,
    isInValue: boolean,
  ): ScanResult {
    const bytes = this.#bytes;
    const lines = this.lines;
    let lineStart = start;
    let at = lookedEnd;
    let isValue = isInValue;
    for (let count = 0; ; count++) {
      this.linesCount = count;
      this.lineStart = lineStart;
      this.lineColon = -1;
      if (at === lineStart) {
        if (at >= end) return this.#incomplete(at);
        if (bytes[at] === CR) return this.#endSection(at, end);
        if (count === linesMax) return ScanResult.TOO_MANY_LINES;
      }
      // The byte at `lineStart + lineBytesMax` may only be the CR.
      const limit = Math.min(end, lineStart + this.#lineBytesMax + 1);
      let hasUnderscore = 0;
      let colon = lineStart;
      if (!isValue) {
        let seen = 0; // no loop within the loop: bench/micro/http1_codec.ts
        while (at < limit) {
          const bits = BYTE_CLASS[bytes[at]!]!;
          if ((bits & ByteClass.TOKEN) === 0) break;
          seen |= bits;
          at++;
        }
        hasUnderscore = (seen & ByteClass.UNDERSCORE) === 0 ? 0 : 1;
        if (at === limit) return this.#ranOut(at, end);
        if (at === lineStart) return ScanResult.INVALID;
        if (bytes[at] !== COLON) {
          const nameEnd = at;
          at = this.#skipSpace(at, limit);
          if (at === limit) return this.#ranOut(nameEnd, end);
          if (bytes[at] !== COLON) return ScanResult.INVALID;
        }
        colon = at++;
      }
      isValue = false;
      at = this.#skipText(at, limit);
      while (at < limit && (BYTE_CLASS[bytes[at]!]! & ByteClass.VALUE) !== 0) at++;
      if (at === limit || at + 1 === end) {
        if (at < limit && bytes[at] !== CR) return ScanResult.INVALID;
        this.lineColon = colon;
        return at < limit ? this.#incomplete(at) : this.#ranOut(at, end);
      }
      if (bytes[at] !== CR || bytes[at + 1] !== LF) return ScanResult.INVALID;
      const entry = count * LINE_STRIDE;
      lines[entry + LINE_COLON] = colon;
      lines[entry + LINE_END] = at;
      lines[entry + LINE_UNDERSCORE] = hasUnderscore;
      at += 2;
      lineStart = at;
    }
  }

  /**
   * Passes over four bytes at a time while none of them is a control character or DEL: the usual
   * value, up to its CR or a tab (469-byte head: 1.05 to 0.92 us, bench/micro/http1_codec.ts).
   */
  #skipText(from: number, limit: number): number {
    const view = this.#view;
    const last = limit - 4;
    let at = from;
    while (at <= last) {
      const word = view.getInt32(at, true);
      const del = word ^ DEL_BYTES;
      const isControl = (word - SPACE_BYTES) & ~word;
      const isDel = (del - ONE_BYTES) & ~del;
      if (((isControl | isDel) & HIGH_BITS) !== 0) break;
      at += 4;
    }
    return at;
  }

  // At the CR of the empty line.
  #endSection(at: number, end: number): ScanResult {
    if (at + 1 === end) return this.#incomplete(at);
    if (this.#bytes[at + 1] !== LF) return ScanResult.INVALID;
    this.sectionEnd = at + 2;
    return ScanResult.END;
  }

  // All bytes up to the line's limit or the input's end are good: which of the two was it?
  #ranOut(lookedEnd: number, end: number): ScanResult {
    if (end > this.lineStart + this.#lineBytesMax) return ScanResult.LINE_TOO_LONG;
    return this.#incomplete(lookedEnd);
  }

  #incomplete(lookedEnd: number): ScanResult {
    this.lookedEnd = lookedEnd;
    return ScanResult.INCOMPLETE;
  }

  #skipSpace(from: number, limit: number): number {
    if (!this.#isSpaceBeforeColonAllowed) return from;
    const bytes = this.#bytes;
    let at = from;
    while (at < limit && (bytes[at] === SPACE || bytes[at] === TAB)) at++;
    return at;
  }
}

// The Transfer-Encoding of one message, over all its field lines (RFC 9112 section 6.1). Anything
// that two implementations could read differently counts as malformed: tabs, empty elements,
// parameters of chunked.

import { BYTE_CLASS, ByteClass } from '../http/byte_class.ts';
import { equalsIgnoreCase } from '../http/text.ts';

const COMMA = 0x2c;
const SEMICOLON = 0x3b;
const SPACE = 0x20;
const TAB = 0x09;

export class TransferCodings {
  /** Elements, over all lines. */
  count = 0;
  chunkedCount = 0;
  isChunkedLast = false;
  isMalformed = false;
  readonly #bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  clear(): void {
    this.count = 0;
    this.chunkedCount = 0;
    this.isChunkedLast = false;
    this.isMalformed = false;
  }

  /** Exactly `chunked` and nothing else. */
  get isChunkedOnly(): boolean {
    return !this.isMalformed && this.count === 1 && this.chunkedCount === 1;
  }

  /**
   * Adds a field line: `[start, end)` is all between its colon and its CRLF, white space included.
   */
  add(start: number, end: number): void {
    const bytes = this.#bytes;
    for (let i = start; i < end; i++) if (bytes[i] === TAB) this.isMalformed = true;
    let at = start;
    for (;;) {
      while (at < end && bytes[at] === SPACE) at++;
      at = this.#addElement(at, end);
      if (at === end) return;
      at++; // the comma
    }
  }

  // One element: token *( OWS ";" parameter ). Returns where its comma is, or the end.
  #addElement(start: number, end: number): number {
    const bytes = this.#bytes;
    let at = start;
    while (at < end && (BYTE_CLASS[bytes[at]!]! & ByteClass.TOKEN) !== 0) at++;
    const isChunked = equalsIgnoreCase(bytes, start, at, 'chunked');
    if (at === start) this.isMalformed = true;
    while (at < end && bytes[at] === SPACE) at++;
    if (at < end && bytes[at] !== COMMA) {
      if (isChunked || bytes[at] !== SEMICOLON) this.isMalformed = true;
      while (at < end && bytes[at] !== COMMA) at++;
    }
    this.count++;
    this.isChunkedLast = isChunked;
    if (isChunked) this.chunkedCount++;
    return at;
  }
}

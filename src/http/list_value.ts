// Comma-separated list values (RFC 9110 section 5.6.1), read in place: one reader walks the
// elements of a range without allocating. A comma inside a quoted string does not separate. Empty
// elements are skipped, as section 5.6.1.2 asks of a recipient.

const COMMA = 0x2c;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const SPACE = 0x20;
const TAB = 0x09;

/** Walks a list. Reused: `begin` points it at another range. */
export class ListReader {
  /** The current element without white space around it; valid after `next()` returned true. */
  start = 0;
  end = 0;
  readonly #bytes: Uint8Array;
  #at = 0;
  #limit = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** Begins with the list in `[start, end)`. */
  begin(start: number, end: number): void {
    this.#at = start;
    this.#limit = end;
  }

  /** Moves to the next element; false behind the last one. */
  next(): boolean {
    const bytes = this.#bytes;
    const limit = this.#limit;
    let at = this.#at;
    while (at < limit) {
      const byte = bytes[at];
      if (byte !== COMMA && byte !== SPACE && byte !== TAB) break;
      at++;
    }
    if (at >= limit) {
      this.#at = limit;
      return false;
    }
    this.start = at;
    let isQuoted = false;
    for (; at < limit; at++) {
      const byte = bytes[at];
      if (byte === QUOTE) isQuoted = !isQuoted;
      else if (byte === BACKSLASH && isQuoted) at++;
      else if (byte === COMMA && !isQuoted) break;
    }
    if (at > limit) at = limit; // a backslash was the last byte
    this.#at = at + 1;
    let end = at;
    while (end > this.start && (bytes[end - 1] === SPACE || bytes[end - 1] === TAB)) end--;
    this.end = end;
    return true;
  }
}

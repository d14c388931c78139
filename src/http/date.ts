// The current time as the value of `Date` (IMF-fixdate, RFC 9110 section 5.6.7): 29 bytes of static
// text in the arena, rewritten at most once a second, so that a response costs no formatting.
// Writers copy it at once; nobody keeps the bytes.

import type { Arena, ByteRange } from '../base/arena.ts';
import { assert } from '../base/assert.ts';
import type { Clock } from '../base/clock.ts';

const DATE_BYTES = 29;

const dates = new WeakMap<Arena, HttpDate>();

/** The one date of an arena. */
export function httpDateOf(arena: Arena): HttpDate {
  let date = dates.get(arena);
  if (date === undefined) {
    date = new HttpDate(arena);
    dates.set(arena, date);
  }
  return date;
}

/** `Date` for one worker. */
export class HttpDate {
  readonly #bytes: Uint8Array;
  readonly #range: ByteRange;
  #second = Number.NaN;

  constructor(arena: Arena) {
    this.#bytes = arena.bytes;
    this.#range = arena.reserveStatic(DATE_BYTES);
  }

  /** Where the text of the clock's current second stands. The range never changes. */
  range(clock: Clock): ByteRange {
    const second = Math.floor(clock.wallMs / 1000);
    if (second !== this.#second) this.#write(second);
    return this.#range;
  }

  #write(second: number): void {
    const text = new Date(second * 1000).toUTCString();
    assert(text.length === DATE_BYTES, 'an IMF-fixdate has 29 bytes');
    for (let i = 0; i < DATE_BYTES; i++) this.#bytes[this.#range.start + i] = text.charCodeAt(i);
    this.#second = second;
  }
}

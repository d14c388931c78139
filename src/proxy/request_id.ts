// Request ids: unique without a string, a clock or randomness per request. 64 random bits that a
// worker draws once, then a counter: 32 hexadecimal digits, as a trace id has. They are no secret;
// V8 seeds `Math.random` from the system, and Web Crypto would make each start 20 ms longer.

import { latin1Text } from '../http/text.ts';

const WORD = 2 ** 32;
const PREFIX_DIGITS = 16;
const WORD_DIGITS = 8;
/** Bytes of an id. */
export const REQUEST_ID_BYTES: number = PREFIX_DIGITS + 2 * WORD_DIGITS;

/** Counts requests; the number names one for the life of the worker. */
export class RequestIds {
  readonly #prefix: Uint8Array = new Uint8Array(PREFIX_DIGITS);
  #count = 0;

  constructor() {
    writeWord(this.#prefix, 0, Math.floor(Math.random() * WORD));
    writeWord(this.#prefix, WORD_DIGITS, Math.floor(Math.random() * WORD));
  }

  /** Number of the next request, from 1. */
  next(): number {
    return ++this.#count;
  }

  /** Writes the id of request `number`, REQUEST_ID_BYTES long. */
  write(bytes: Uint8Array, at: number, number: number): void {
    for (let i = 0; i < PREFIX_DIGITS; i++) bytes[at + i] = this.#prefix[i]!;
    writeWord(bytes, at + PREFIX_DIGITS, Math.floor(number / WORD));
    writeWord(bytes, at + PREFIX_DIGITS + WORD_DIGITS, number | 0);
  }

  /** The id of request `number` as a text. Allocates: for templates and middleware. */
  text(number: number): string {
    const bytes = new Uint8Array(REQUEST_ID_BYTES);
    this.write(bytes, 0, number);
    return latin1Text(bytes, 0, REQUEST_ID_BYTES);
  }
}

function writeWord(bytes: Uint8Array, at: number, word: number): void {
  let rest = word;
  for (let i = WORD_DIGITS - 1; i >= 0; i--) {
    const digit = rest & 15;
    bytes[at + i] = digit < 10 ? 0x30 + digit : 0x57 + digit;
    rest >>>= 4;
  }
}

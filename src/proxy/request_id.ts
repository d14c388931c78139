// Request ids: unique without a string, a clock or randomness per request. 64 random bits that a
// worker draws once, then a counter: 32 hexadecimal digits, as a trace id has.

const COUNTER_LOW = 2 ** 32;
const PREFIX_BYTES = 8;

/** Where an id is written to: the scratch of a head, a line of the log. */
export interface DigitSink {
  putByte(byte: number): void;
}

/** Counts requests; the number names one for the life of the worker. */
export class RequestIds {
  readonly #prefix: Uint8Array = crypto.getRandomValues(new Uint8Array(PREFIX_BYTES));
  #count = 0;

  /** Number of the next request, from 1. */
  next(): number {
    return ++this.#count;
  }

  /** Writes the id of request `number`. */
  put(sink: DigitSink, number: number): void {
    for (let i = 0; i < PREFIX_BYTES; i++) {
      putDigit(sink, this.#prefix[i]! >>> 4);
      putDigit(sink, this.#prefix[i]!);
    }
    putWord(sink, Math.floor(number / COUNTER_LOW));
    putWord(sink, number | 0);
  }
}

function putWord(sink: DigitSink, word: number): void {
  for (let shift = 28; shift >= 0; shift -= 4) putDigit(sink, word >>> shift);
}

function putDigit(sink: DigitSink, value: number): void {
  const digit = value & 15;
  sink.putByte(digit < 10 ? 0x30 + digit : 0x57 + digit);
}

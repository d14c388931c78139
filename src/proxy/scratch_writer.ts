// A small range of the arena to write field values into. Heads are encoded inside `writeHead`, so
// what stands here needs to live only until that returns, and all exchanges of a worker share one
// scratch.

import type { Arena, ByteRange } from '../base/arena.ts';
import { assert } from '../base/assert.ts';

const ZERO = 0x30;

export class ScratchWriter {
  readonly #bytes: Uint8Array;
  readonly #range: ByteRange;
  /** Where the next byte goes: take it before and after writing a value. */
  at: number;

  constructor(arena: Arena, byteCount: number) {
    this.#bytes = arena.bytes;
    this.#range = arena.reserveStatic(byteCount);
    this.at = this.#range.start;
  }

  /** Forgets what was written for the head before. */
  restart(): void {
    this.at = this.#range.start;
  }

  /** Bytes that still fit. */
  get freeBytes(): number {
    return this.#range.end - this.at;
  }

  putByte(byte: number): void {
    assert(this.at < this.#range.end, 'the values we add fit the scratch');
    this.#bytes[this.at++] = byte;
  }

  /** Text of one-byte characters. */
  putText(text: string): void {
    assert(text.length <= this.freeBytes, 'the values we add fit the scratch');
    for (let i = 0; i < text.length; i++) this.#bytes[this.at++] = text.charCodeAt(i);
  }

  /** Copies another range of the arena. */
  putRange(start: number, end: number): void {
    assert(end - start <= this.freeBytes, 'the values we add fit the scratch');
    for (let i = start; i < end; i++) this.#bytes[this.at++] = this.#bytes[i]!;
  }

  /** A whole number from 0 on, decimal. */
  putNumber(value: number): void {
    let divisor = 1;
    while (divisor * 10 <= value) divisor *= 10;
    for (; divisor >= 1; divisor /= 10) {
      this.putByte(ZERO + (Math.floor(value / divisor) % 10));
    }
  }
}

// A small range of the arena to write field values into. Heads are encoded inside `writeHead`, so
// what stands here needs to live only until that returns, and all exchanges of a worker share one
// scratch.

import type { Arena, ByteRange } from '../base/arena.ts';
import { assert } from '../base/assert.ts';
import { writeDecimal } from '../http/text.ts';

const NUMBER_BYTES_MAX = 16;
const TOO_MUCH = 'the values we add fit the scratch';

export class ScratchWriter {
  readonly bytes: Uint8Array;
  readonly #range: ByteRange;
  /** Where the next byte goes: take it before and after writing a value. */
  at: number;

  constructor(arena: Arena, byteCount: number) {
    this.bytes = arena.bytes;
    this.#range = arena.reserveStatic(byteCount);
    this.at = this.#range.start;
  }

  /** Forgets what was written for the head before. */
  restart(): void {
    this.at = this.#range.start;
  }

  /** Room for `byteCount` bytes at the returned offset, to be written by the caller. */
  take(byteCount: number): number {
    const { at } = this;
    assert(at + byteCount <= this.#range.end, TOO_MUCH);
    this.at = at + byteCount;
    return at;
  }

  putByte(byte: number): void {
    this.bytes[this.take(1)] = byte;
  }

  /** Text of one-byte characters. */
  putText(text: string): void {
    const { bytes } = this;
    const at = this.take(text.length);
    for (let i = 0; i < text.length; i++) bytes[at + i] = text.charCodeAt(i);
  }

  /** Copies another range of the arena. */
  putRange(start: number, end: number): void {
    const { bytes } = this;
    const at = this.take(end - start);
    for (let i = 0; i < end - start; i++) bytes[at + i] = bytes[start + i]!;
  }

  /** A whole number from 0 on, decimal. */
  putNumber(value: number): void {
    const at = this.take(NUMBER_BYTES_MAX);
    this.at = writeDecimal(this.bytes, at, value);
  }
}

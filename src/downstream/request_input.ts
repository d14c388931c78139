// The received bytes of one connection that were not consumed yet, and the buffers that they lie
// in: at most a few, in order. A head is decoded where it was received; bytes behind it may share
// its buffer, and are copied only where two owners would need them at the same time.
//
//   headBuffer:  | head ............ | body, or the next request | room |
//                                    ^ start of entry 0, shared: the head owns the buffer
//                                      until it is released, then entry 0 does
//
// Invariant: each buffer has one owner, an entry or the head; a shared one is the head's.

import { assert } from '../base/assert.ts';
import { type BufferHandle, type BufferPool, NO_BUFFER, SizeClass } from '../base/buffer_pool.ts';
import { UNPARSED_BUFFERS_MAX } from '../base/limits.ts';

/** One more than may be held unparsed: what is left of a buffer that was taken apart. */
const ENTRIES_MAX: number = UNPARSED_BUFFERS_MAX + 1;

export class RequestInput {
  /** Buffers with unconsumed bytes. */
  count = 0;
  /** After `takeChunk`: where the chunk lies. */
  chunkStart = 0;
  chunkEnd = 0;
  /**
   * Bytes of a following request had to be dropped for want of a buffer: the connection cannot be
   * kept.
   */
  isRestLost = false;
  readonly #pool: BufferPool;
  readonly #bytes: Uint8Array;
  readonly #buffers: BufferHandle[] = new Array<BufferHandle>(ENTRIES_MAX).fill(NO_BUFFER);
  readonly #starts: number[] = new Array<number>(ENTRIES_MAX).fill(0);
  readonly #ends: number[] = new Array<number>(ENTRIES_MAX).fill(0);
  #headBuffer: BufferHandle = NO_BUFFER;
  #isShared = false;

  constructor(pool: BufferPool) {
    this.#pool = pool;
    this.#bytes = pool.arena.bytes;
  }

  /** The first unconsumed byte, and the end of its buffer's bytes. */
  get start(): number {
    return this.#starts[0]!;
  }

  get end(): number {
    return this.#ends[0]!;
  }

  get isFull(): boolean {
    return this.count >= UNPARSED_BUFFERS_MAX;
  }

  /**
   * Whether nothing is here but the empty line that may precede a request (RFC 9112 section 2.2).
   */
  get isBlank(): boolean {
    if (this.count > 1) return false;
    for (let at = this.start; at < this.end; at++) {
      if (this.#bytes[at] !== 0x0d && this.#bytes[at] !== 0x0a) return false;
    }
    return true;
  }

  /** Takes a received buffer. */
  push(buffer: BufferHandle, start: number, end: number): void {
    assert(this.count < ENTRIES_MAX, 'receiving is paused before too many buffers are held');
    this.#buffers[this.count] = buffer;
    this.#starts[this.count] = start;
    this.#ends[this.count] = end;
    this.count++;
  }

  /**
   * Appends bytes of the second buffer to the first, which moves to a larger one where it must.
   * False where none is to be had now.
   */
  gather(): boolean {
    assert(this.count > 1 && !this.#isShared, 'a head is gathered from two buffers');
    const moreStart = this.#starts[1]!;
    const moreBytes = this.#ends[1]! - moreStart;
    if (this.#room() < moreBytes) this.#makeRoom(moreBytes);
    const byteCount = Math.min(this.#room(), moreBytes);
    if (byteCount === 0) return false;
    this.#bytes.copyWithin(this.#ends[0]!, moreStart, moreStart + byteCount);
    this.#ends[0]! += byteCount;
    this.#starts[1]! += byteCount;
    if (byteCount === moreBytes) {
      this.#pool.release(this.#buffers[1]!);
      this.#remove(1);
    }
    return true;
  }

  /** The head ends at `headEnd` in the first buffer, which is kept until `releaseHead`. */
  claimHead(headEnd: number): void {
    assert(this.#headBuffer === NO_BUFFER, 'a connection has one head');
    this.#headBuffer = this.#buffers[0]!;
    this.#isShared = headEnd < this.#ends[0]!;
    if (this.#isShared) this.#starts[0] = headEnd;
    else this.#remove(0);
  }

  /** The head's bytes are not needed any more. */
  releaseHead(): void {
    if (this.#headBuffer === NO_BUFFER) return;
    if (!this.#isShared) this.#pool.release(this.#headBuffer);
    this.#isShared = false;
    this.#headBuffer = NO_BUFFER;
  }

  /** Everything before `to` in the first buffer is consumed. */
  consume(to: number): void {
    if (to < this.#ends[0]!) {
      this.#starts[0] = to;
      return;
    }
    if (!this.#isShared) this.#pool.release(this.#buffers[0]!);
    this.#isShared = false;
    this.#remove(0);
  }

  /**
   * Takes `[start, end)` of the first buffer in a buffer of its own; what begins at `rest` stays.
   * The caller owns the result and finds its bytes at `chunkStart`. NO_BUFFER where a copy is
   * needed and none is to be had now; nothing has changed then.
   */
  takeChunk(start: number, end: number, rest: number): BufferHandle {
    const hasRest = rest < this.#ends[0]!;
    if (this.#isShared) return this.#copyChunk(start, end, rest);
    if (!hasRest) return this.#takeFront(start, end);
    if (end - start <= this.#ends[0]! - rest) {
      const copied = this.#copyChunk(start, end, rest);
      if (copied !== NO_BUFFER) return copied;
    }
    return this.#splitFront(start, end, rest);
  }

  /**
   * Gives away the buffer of the first entry (or of the head), whatever is in it. NO_BUFFER if none
   * is held.
   */
  takeAnyBuffer(): BufferHandle {
    if (this.#headBuffer !== NO_BUFFER) {
      const buffer = this.#headBuffer;
      if (this.#isShared) this.#remove(0);
      this.#isShared = false;
      this.#headBuffer = NO_BUFFER;
      return buffer;
    }
    if (this.count === 0) return NO_BUFFER;
    const buffer = this.#buffers[0]!;
    this.#remove(0);
    return buffer;
  }

  /** Releases all that is held. */
  clear(): void {
    this.releaseHead();
    for (let i = 0; i < this.count; i++) this.#pool.release(this.#buffers[i]!);
    this.count = 0;
    this.isRestLost = false;
  }

  #room(): number {
    return this.#pool.endOf(this.#buffers[0]!) - this.#ends[0]!;
  }

  /**
   * Moves the first buffer's bytes to its beginning, or into a larger buffer if that is not enough.
   */
  #makeRoom(moreBytes: number): void {
    const pool = this.#pool;
    const own = this.#buffers[0]!;
    const needed = this.#ends[0]! - this.#starts[0]! + moreBytes;
    let sizeClass: number = pool.sizeClassOf(own);
    if (needed > pool.capacityOf(sizeClass as SizeClass)) {
      for (sizeClass++; sizeClass <= SizeClass.LARGE; sizeClass++) {
        if (needed > pool.capacityOf(sizeClass as SizeClass) && sizeClass < SizeClass.LARGE) {
          continue;
        }
        const larger = pool.acquire(sizeClass as SizeClass);
        if (larger === NO_BUFFER) continue;
        this.#moveFront(larger);
        pool.release(own);
        return;
      }
    }
    this.#moveFront(own);
  }

  #moveFront(into: BufferHandle): void {
    const to = this.#pool.startOf(into);
    const start = this.#starts[0]!;
    const end = this.#ends[0]!;
    this.#bytes.copyWithin(to, start, end);
    this.#buffers[0] = into;
    this.#starts[0] = to;
    this.#ends[0] = to + (end - start);
  }

  #takeFront(start: number, end: number): BufferHandle {
    const buffer = this.#buffers[0]!;
    this.#remove(0);
    this.chunkStart = start;
    this.chunkEnd = end;
    return buffer;
  }

  /** The chunk moves to a buffer of its own. */
  #copyChunk(start: number, end: number, rest: number): BufferHandle {
    const copy = this.#acquireFor(end - start);
    if (copy === NO_BUFFER) return NO_BUFFER;
    this.chunkStart = this.#pool.startOf(copy);
    this.chunkEnd = this.chunkStart + (end - start);
    this.#bytes.copyWithin(this.chunkStart, start, end);
    this.consume(rest);
    return copy;
  }

  /**
   * The chunk keeps the buffer; what follows it moves, or is lost where there is no buffer for it.
   */
  #splitFront(start: number, end: number, rest: number): BufferHandle {
    const restEnd = this.#ends[0]!;
    const copy = this.#acquireFor(restEnd - rest);
    if (copy === NO_BUFFER) {
      this.isRestLost = true;
      return this.#takeFront(start, end);
    }
    const buffer = this.#buffers[0]!;
    const to = this.#pool.startOf(copy);
    this.#bytes.copyWithin(to, rest, restEnd);
    this.#buffers[0] = copy;
    this.#starts[0] = to;
    this.#ends[0] = to + (restEnd - rest);
    this.chunkStart = start;
    this.chunkEnd = end;
    return buffer;
  }

  #acquireFor(byteCount: number): BufferHandle {
    const pool = this.#pool;
    for (let sizeClass: number = SizeClass.SMALL; sizeClass <= SizeClass.LARGE; sizeClass++) {
      if (byteCount > pool.capacityOf(sizeClass as SizeClass)) continue;
      const buffer = pool.acquire(sizeClass as SizeClass);
      if (buffer !== NO_BUFFER) return buffer;
    }
    return NO_BUFFER;
  }

  #remove(index: number): void {
    this.count--;
    for (let i = index; i < this.count; i++) {
      this.#buffers[i] = this.#buffers[i + 1]!;
      this.#starts[i] = this.#starts[i + 1]!;
      this.#ends[i] = this.#ends[i + 1]!;
    }
  }
}

// Gathers the bytes of a response's heads until one is complete. A head that comes in one piece
// is decoded where it was received; one that comes in several is gathered in the first buffer, or
// in a larger one once it does not fit there. What stands behind a head stays in the buffer and
// is the next head or the body.

import { type BufferHandle, type BufferPool, NO_BUFFER, SizeClass } from '../base/buffer_pool.ts';
import { ExchangeError } from '../http/exchange_error.ts';
import type { ResponseHead } from '../http/message_head.ts';
import type { Method } from '../http/methods.ts';
import { DecodeResult } from '../http1/decode_result.ts';
import type { ResponseDecoder } from '../http1/response_decoder.ts';

export class ResponseHeadReader {
  /** Owned; NO_BUFFER while nothing was received. */
  buffer: BufferHandle = NO_BUFFER;
  /** Bytes that are not decoded yet. */
  start = 0;
  end = 0;
  #scanned = 0;

  /**
   * Takes a received buffer. An error means that the bytes cannot be kept; the buffer is gone
   * then, too.
   */
  append(pool: BufferPool, buffer: BufferHandle, start: number, end: number): ExchangeError {
    if (this.buffer === NO_BUFFER) {
      this.buffer = buffer;
      this.start = start;
      this.end = end;
      this.#scanned = 0;
      return ExchangeError.NONE;
    }
    const error = this.#makeRoom(pool, end - start);
    if (error === ExchangeError.NONE) {
      pool.arena.bytes.copyWithin(this.end, start, end);
      this.end += end - start;
    }
    pool.release(buffer);
    return error;
  }

  /** Decodes the next head. After COMPLETE `start` is behind it. */
  decode(decoder: ResponseDecoder, head: ResponseHead, method: Method): DecodeResult {
    const result = decoder.decode(head, method, this.start, this.end, this.#scanned);
    if (result === DecodeResult.COMPLETE) {
      this.start = decoder.headEnd;
      this.#scanned = 0;
    } else if (result === DecodeResult.INCOMPLETE) {
      this.#scanned = decoder.scanned;
    }
    return result;
  }

  /** Bytes behind the last head are at hand. */
  get hasBytes(): boolean {
    return this.start < this.end;
  }

  /** Moves the ownership of the buffer to the caller. */
  take(): BufferHandle {
    const buffer = this.buffer;
    this.buffer = NO_BUFFER;
    return buffer;
  }

  release(pool: BufferPool): void {
    if (this.buffer !== NO_BUFFER) pool.release(this.take());
  }

  #makeRoom(pool: BufferPool, byteCount: number): ExchangeError {
    if (byteCount <= pool.endOf(this.buffer) - this.end) return ExchangeError.NONE;
    const total = this.end - this.start + byteCount;
    if (total > pool.capacityOf(SizeClass.LARGE)) return ExchangeError.RESPONSE_HEAD_TOO_LARGE;
    const sizeClass =
      total > pool.capacityOf(SizeClass.MEDIUM) ? SizeClass.LARGE : SizeClass.MEDIUM;
    const buffer = pool.acquire(sizeClass);
    if (buffer === NO_BUFFER) return ExchangeError.OVERLOADED;
    const start = pool.startOf(buffer);
    pool.arena.bytes.copyWithin(start, this.start, this.end);
    this.end = start + (this.end - this.start);
    this.start = start;
    pool.release(this.buffer);
    this.buffer = buffer;
    return ExchangeError.NONE;
  }
}

// Body bytes that were received and not asked for yet: at most UNPARSED_BUFFERS_MAX buffers,
// first in, first out. The queue owns them. Two slots as plain fields, because there is one queue
// per connection.

import { assert } from '../base/assert.ts';
import { type BufferHandle, type BufferPool, NO_BUFFER } from '../base/buffer_pool.ts';
import { UNPARSED_BUFFERS_MAX } from '../base/limits.ts';

assert(UNPARSED_BUFFERS_MAX === 2, 'a response queue has a slot per unparsed buffer');

export class ResponseQueue {
  count = 0;
  /** The oldest buffer and its bytes, NO_BUFFER where the queue is empty. */
  buffer: BufferHandle = NO_BUFFER;
  start = 0;
  end = 0;
  #nextBuffer: BufferHandle = NO_BUFFER;
  #nextStart = 0;
  #nextEnd = 0;

  get isFull(): boolean {
    return this.count === UNPARSED_BUFFERS_MAX;
  }

  /** Takes ownership of `buffer`. */
  push(buffer: BufferHandle, start: number, end: number): void {
    assert(
      this.count < UNPARSED_BUFFERS_MAX,
      'receiving pauses before the response queue overflows',
    );
    if (this.count === 0) {
      this.buffer = buffer;
      this.start = start;
      this.end = end;
    } else {
      this.#nextBuffer = buffer;
      this.#nextStart = start;
      this.#nextEnd = end;
    }
    this.count++;
  }

  /** Drops the oldest, whose buffer the caller has taken. */
  shift(): void {
    assert(this.count > 0, 'a response queue that is empty is not shifted');
    this.buffer = this.#nextBuffer;
    this.start = this.#nextStart;
    this.end = this.#nextEnd;
    this.#nextBuffer = NO_BUFFER;
    this.count--;
  }

  releaseAll(pool: BufferPool): void {
    while (this.count > 0) {
      pool.release(this.buffer);
      this.shift();
    }
  }
}

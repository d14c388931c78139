// Trailers that must outlive the callback that brought them, because something before them still
// waits: a copy in a pool buffer. Rare, so it is made only when it is needed.

import { type BufferHandle, type BufferPool, NO_BUFFER, SizeClass } from '../base/buffer_pool.ts';
import { HeaderBlock } from './header_block.ts';

export class TrailerCopy {
  /** The copy; empty where there is none. */
  readonly fields: HeaderBlock = new HeaderBlock();
  #buffer: BufferHandle = NO_BUFFER;

  /** Copies what fits; without a free buffer nothing does, and the trailers are dropped. */
  take(pool: BufferPool, trailers: HeaderBlock): void {
    this.clear(pool);
    this.#buffer = pool.acquire(SizeClass.MEDIUM); // holds TRAILER_BYTES_MAX
    if (this.#buffer === NO_BUFFER) return;
    const { bytes } = pool.arena;
    const end = pool.endOf(this.#buffer);
    let at = pool.startOf(this.#buffer);
    for (let i = 0; i < trailers.count; i++) {
      if (trailers.isRemoved(i)) continue;
      const nameBytes = trailers.nameEnd(i) - trailers.nameStart(i);
      const valueBytes = trailers.valueEnd(i) - trailers.valueStart(i);
      if (at + nameBytes + valueBytes > end) return;
      const valueStart = at + nameBytes;
      bytes.copyWithin(at, trailers.nameStart(i), trailers.nameEnd(i));
      bytes.copyWithin(valueStart, trailers.valueStart(i), trailers.valueEnd(i));
      this.fields.add(at, valueStart, valueStart, valueStart + valueBytes, trailers.id(i));
      at = valueStart + valueBytes;
    }
  }

  /** Gives the buffer back. */
  clear(pool: BufferPool): void {
    this.fields.clear();
    if (this.#buffer !== NO_BUFFER) pool.release(this.#buffer);
    this.#buffer = NO_BUFFER;
  }
}

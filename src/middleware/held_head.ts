// A response's head copied out of the memory of its driver, which is valid only within a callback:
// while a hook is awaited, the copy stands in for it. Fields that were removed stay behind.

import { type BufferHandle, type BufferPool, NO_BUFFER } from '../base/buffer_pool.ts';
import { ResponseHead } from '../http/message_head.ts';
import { classFor } from './field_store.ts';

export class HeldHead {
  /** The copy; valid from a `hold` that worked to `release`. */
  readonly head: ResponseHead = new ResponseHead();
  readonly #pool: BufferPool;
  readonly #bytes: Uint8Array;
  #buffer: BufferHandle = NO_BUFFER;
  #at = 0;

  constructor(pool: BufferPool) {
    this.#pool = pool;
    this.#bytes = pool.arena.bytes;
  }

  /** Copies `source` with all that it points to; false where the pool has no buffer for it. */
  hold(source: ResponseHead): boolean {
    const pool = this.#pool;
    const byteCount = byteCountOf(source);
    if (byteCount > 0) {
      this.#buffer = pool.acquire(classFor(pool, byteCount));
      if (this.#buffer === NO_BUFFER) return false;
      this.#at = pool.startOf(this.#buffer);
    }
    const { head } = this;
    head.status = source.status;
    head.version = source.version;
    head.framing = source.framing;
    head.contentLength = source.contentLength;
    head.isPersistent = source.isPersistent;
    head.bodyFollows = false; // not within the callback that the copy is used in
    head.reasonStart = this.#copy(source.reasonStart, source.reasonEnd);
    head.reasonEnd = this.#at;
    head.upgradeStart = this.#copy(source.upgradeStart, source.upgradeEnd);
    head.upgradeEnd = this.#at;
    this.#copyFields(source);
    return true;
  }

  /** Gives the memory back. */
  release(): void {
    if (this.#buffer === NO_BUFFER) return;
    this.#pool.release(this.#buffer);
    this.#buffer = NO_BUFFER;
  }

  #copyFields(source: ResponseHead): void {
    const from = source.fields;
    const to = this.head.fields;
    to.clear();
    for (let i = 0; i < from.count; i++) {
      if (from.isRemoved(i)) continue;
      const nameStart = this.#copy(from.nameStart(i), from.nameEnd(i));
      const nameEnd = this.#at;
      const valueStart = this.#copy(from.valueStart(i), from.valueEnd(i));
      to.add(nameStart, nameEnd, valueStart, this.#at, from.id(i));
    }
  }

  #copy(start: number, end: number): number {
    const to = this.#at;
    this.#bytes.copyWithin(to, start, end);
    this.#at = to + (end - start);
    return to;
  }
}

function byteCountOf(head: ResponseHead): number {
  const { fields } = head;
  let byteCount = head.reasonEnd - head.reasonStart + (head.upgradeEnd - head.upgradeStart);
  for (let i = 0; i < fields.count; i++) {
    if (fields.isRemoved(i)) continue;
    byteCount += fields.nameEnd(i) - fields.nameStart(i);
    byteCount += fields.valueEnd(i) - fields.valueStart(i);
  }
  return byteCount;
}

// The trailer fields of one response, kept until its end is told: the decoders of a worker share one place
// for them, and the end of a body may have to wait behind chunks that nobody has asked for yet. Where there
// is no buffer for them they are dropped, as a recipient may (RFC 9110 section 6.5.1).

import { type BufferHandle, type BufferPool, NO_BUFFER, SizeClass } from '../base/buffer_pool.ts';
import { HeaderBlock } from '../http/header_block.ts';

export class KeptTrailers {
  readonly fields: HeaderBlock = new HeaderBlock();
  #buffer: BufferHandle = NO_BUFFER;

  /** Copies `from`. Returns whether there was room. */
  keep(pool: BufferPool, from: HeaderBlock): boolean {
    this.#buffer = acquireFor(pool, byteCountOf(from));
    if (this.#buffer === NO_BUFFER) return false;
    const { bytes } = pool.arena;
    let at = pool.startOf(this.#buffer);
    for (let i = 0; i < from.count; i++) {
      if (from.isRemoved(i)) continue;
      const nameStart = at;
      at = copy(bytes, from.nameStart(i), from.nameEnd(i), at);
      const valueStart = at;
      at = copy(bytes, from.valueStart(i), from.valueEnd(i), at);
      this.fields.add(nameStart, valueStart, valueStart, at, from.id(i));
    }
    return true;
  }

  release(pool: BufferPool): void {
    this.fields.clear();
    if (this.#buffer !== NO_BUFFER) pool.release(this.#buffer);
    this.#buffer = NO_BUFFER;
  }
}

function acquireFor(pool: BufferPool, byteCount: number): BufferHandle {
  if (byteCount <= pool.capacityOf(SizeClass.SMALL)) return pool.acquire(SizeClass.SMALL);
  if (byteCount <= pool.capacityOf(SizeClass.MEDIUM)) return pool.acquire(SizeClass.MEDIUM);
  return NO_BUFFER;
}

function byteCountOf(fields: HeaderBlock): number {
  let byteCount = 0;
  for (let i = 0; i < fields.count; i++) {
    byteCount +=
      fields.nameEnd(i) - fields.nameStart(i) + fields.valueEnd(i) - fields.valueStart(i);
  }
  return byteCount;
}

function copy(bytes: Uint8Array, start: number, end: number, to: number): number {
  bytes.copyWithin(to, start, end);
  return to + (end - start);
}

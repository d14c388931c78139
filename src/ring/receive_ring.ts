// Buffers that the kernel holds to receive into (a provided buffer ring): one group per size class.
// A buffer that came back with data belongs to the connection's handler; its place is filled at
// once with another one of the pool, last in, first out, so that the bytes are still in cache.
//
//   entry i of the ring:  | address 8 | length 4 | id 2 | tail 2 (the ring's, in entry 0 only) |
//
// Invariant: id `i` is either in the ring with the buffer `handles[i]`, or in `#vacant`.

import { assert } from '../base/assert.ts';
import {
  type BufferHandle,
  type BufferPool,
  NO_BUFFER,
  type SizeClass,
} from '../base/buffer_pool.ts';
import type { IoUring } from '../sys/io_uring.ts';
import { BUFFER_ENTRY_BYTES, Register } from '../sys/io_uring_abi.ts';
import { type MappedMemory, mapAnonymous, unmap } from '../sys/memory.ts';

export interface ReceiveRingOptions {
  readonly group: number;
  readonly sizeClass: SizeClass;
  /** A power of two. */
  readonly entries: number;
  /** Address of the arena's first byte. */
  readonly arenaAddress: number;
}

export class ReceiveRing {
  readonly group: number;
  readonly sizeClass: SizeClass;
  readonly #pool: BufferPool;
  readonly #arenaAddress: number;
  readonly #memory: MappedMemory;
  readonly #words: Int32Array;
  readonly #halves: Uint16Array;
  readonly #handles: Int32Array;
  readonly #vacant: Int32Array;
  #vacantCount = 0;
  readonly #mask: number;
  #tail = 0;

  constructor(ring: IoUring, pool: BufferPool, options: ReceiveRingOptions) {
    const { entries } = options;
    assert((entries & (entries - 1)) === 0, 'a buffer ring has a power of two of entries');
    this.group = options.group;
    this.sizeClass = options.sizeClass;
    this.#pool = pool;
    this.#arenaAddress = options.arenaAddress;
    this.#mask = entries - 1;
    this.#memory = mapAnonymous(Math.max(4096, entries * BUFFER_ENTRY_BYTES));
    this.#words = new Int32Array(this.#memory.buffer);
    this.#halves = new Uint16Array(this.#memory.buffer);
    this.#handles = new Int32Array(entries);
    this.#vacant = new Int32Array(entries);
    register(ring, this.#memory, entries, options.group);
    for (let id = 0; id < entries; id++) this.#vacant[this.#vacantCount++] = id;
    this.refill();
  }

  /** Buffers that the kernel may still use, as far as completions have told. */
  get availableCount(): number {
    return this.#mask + 1 - this.#vacantCount;
  }

  /**
   * The buffer of a completion; the caller owns it. Its place is filled again where the pool has
   * one.
   */
  take(id: number): BufferHandle {
    const handle = this.#handles[id]!;
    assert(handle !== NO_BUFFER, 'the kernel uses a buffer that it was given');
    this.#provide(id);
    return handle;
  }

  /** Fills vacant places; stops where the pool is empty (which makes the pool tell us later). */
  refill(): void {
    while (this.#vacantCount > 0) {
      const id = this.#vacant[this.#vacantCount - 1]!;
      this.#vacantCount--;
      if (!this.#provide(id)) return;
    }
  }

  /** After the ring is closed: the kernel has let go of all buffers. */
  close(): void {
    for (const handle of this.#handles) if (handle !== NO_BUFFER) this.#pool.release(handle);
    this.#handles.fill(NO_BUFFER);
    unmap(this.#memory);
  }

  #provide(id: number): boolean {
    const handle = this.#pool.acquire(this.sizeClass);
    this.#handles[id] = handle;
    if (handle === NO_BUFFER) {
      this.#vacant[this.#vacantCount++] = id;
      return false;
    }
    const start = this.#pool.startOf(handle);
    const address = this.#arenaAddress + start;
    const entry = this.#tail & this.#mask;
    const at = entry << 2;
    this.#words[at] = address | 0;
    this.#words[at + 1] = (address / 4_294_967_296) | 0;
    this.#words[at + 2] = this.#pool.endOf(handle) - start;
    this.#halves[(entry << 3) + 6] = id;
    this.#tail = (this.#tail + 1) & 0xffff;
    this.#halves[7] = this.#tail;
    return true;
  }
}

function register(ring: IoUring, memory: MappedMemory, entries: number, group: number): void {
  const argument = mapAnonymous(4096);
  const view = new DataView(argument.buffer);
  view.setBigUint64(0, memory.pointer, true);
  view.setUint32(8, entries, true);
  view.setUint16(12, group, true);
  ring.register(Register.PBUF_RING, argument.pointer, 1);
  unmap(argument);
}

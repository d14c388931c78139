// Buffers of the arena in three size classes, handed out last in, first out so that what is reused
// is still in cache.
//
//   buffer of a class:  | headroom 16 | payload ...                      | tailroom 16 |
//                       ^ block start ^ startOf(handle)                  ^ endOf(handle)
//
// A buffer has one owner at a time; a handle carries a generation, so a stale one asserts. An empty
// class returns NO_BUFFER: that is back pressure, never allocation.

import type { Arena } from './arena.ts';
import { assert, VERIFY } from './assert.ts';
import {
  ARENA_STATIC_BYTES,
  BUFFER_HEADROOM_BYTES,
  BUFFER_LARGE_BYTES,
  BUFFER_LARGE_COUNT,
  BUFFER_MEDIUM_BYTES,
  BUFFER_MEDIUM_COUNT,
  BUFFER_SMALL_BYTES,
  BUFFER_SMALL_COUNT,
  BUFFER_TAILROOM_BYTES,
} from './limits.ts';

/** A size class: an index into the tables of a pool. */
export const SizeClass = { SMALL: 0, MEDIUM: 1, LARGE: 2 } as const;
export type SizeClass = (typeof SizeClass)[keyof typeof SizeClass];

/** An owned buffer: generation << 16 | index. 0 is none. */
export type BufferHandle = number;
export const NO_BUFFER: BufferHandle = 0;

const INDEX_BITS = 16;
const INDEX_MASK: number = (1 << INDEX_BITS) - 1;
const GENERATION_MASK = 0x3fff;
const POISON = 0xdb;

/** How many buffers of each class a pool has; tests use small ones. */
export interface BufferCounts {
  readonly small: number;
  readonly medium: number;
  readonly large: number;
}

const COUNTS_DEFAULT: BufferCounts = {
  small: BUFFER_SMALL_COUNT,
  medium: BUFFER_MEDIUM_COUNT,
  large: BUFFER_LARGE_COUNT,
};

/** Told when a class that was empty has a buffer again. */
export interface BufferWaiter {
  onBufferAvailable(sizeClass: SizeClass): void;
}

export class BufferPool {
  readonly arena: Arena;
  readonly #offsets: Int32Array; // payload start, by index
  readonly #classes: Uint8Array;
  readonly #generations: Int32Array; // odd while owned
  readonly #free: readonly [Int32Array, Int32Array, Int32Array];
  readonly #freeCount: [number, number, number] = [0, 0, 0];
  readonly #capacity: readonly [number, number, number] = [
    BUFFER_SMALL_BYTES - BUFFER_HEADROOM_BYTES - BUFFER_TAILROOM_BYTES,
    BUFFER_MEDIUM_BYTES - BUFFER_HEADROOM_BYTES - BUFFER_TAILROOM_BYTES,
    BUFFER_LARGE_BYTES - BUFFER_HEADROOM_BYTES - BUFFER_TAILROOM_BYTES,
  ];
  readonly #wanted: [boolean, boolean, boolean] = [false, false, false];
  #waiter: BufferWaiter | null = null;
  #ownedCount = 0;

  constructor(arena: Arena, counts: BufferCounts = COUNTS_DEFAULT) {
    this.arena = arena;
    const total = counts.small + counts.medium + counts.large;
    assert(total < INDEX_MASK, 'a buffer index fits its handle');
    this.#offsets = new Int32Array(total + 1);
    this.#classes = new Uint8Array(total + 1);
    this.#generations = new Int32Array(total + 1);
    this.#free = [
      new Int32Array(counts.small),
      new Int32Array(counts.medium),
      new Int32Array(counts.large),
    ];
    let offset = ARENA_STATIC_BYTES;
    let index = 1;
    const layout: readonly (readonly [SizeClass, number, number])[] = [
      [SizeClass.SMALL, counts.small, BUFFER_SMALL_BYTES],
      [SizeClass.MEDIUM, counts.medium, BUFFER_MEDIUM_BYTES],
      [SizeClass.LARGE, counts.large, BUFFER_LARGE_BYTES],
    ];
    for (const [sizeClass, count, byteCount] of layout) {
      for (let i = 0; i < count; i++, index++, offset += byteCount) {
        this.#offsets[index] = offset + BUFFER_HEADROOM_BYTES;
        this.#classes[index] = sizeClass;
        this.#free[sizeClass][count - 1 - i] = index; // the lowest is handed out first
      }
      this.#freeCount[sizeClass] = count;
    }
    assert(offset <= arena.bytes.length, 'the buffers fit the arena');
  }

  /** Takes a buffer, or NO_BUFFER where the class is used up. The caller is its owner. */
  acquire(sizeClass: SizeClass): BufferHandle {
    const count = this.#freeCount[sizeClass];
    if (count === 0) {
      this.#wanted[sizeClass] = true;
      return NO_BUFFER;
    }
    const index = this.#free[sizeClass][count - 1]!;
    this.#freeCount[sizeClass] = count - 1;
    this.#ownedCount++;
    const generation = (this.#generations[index]! + 1) & GENERATION_MASK;
    this.#generations[index] = generation;
    return (generation << INDEX_BITS) | index;
  }

  /** Gives a buffer back. The handle is dead afterwards. */
  release(handle: BufferHandle): void {
    const index = this.#check(handle);
    const sizeClass = this.#classes[index] as SizeClass;
    this.#generations[index] = (this.#generations[index]! + 1) & GENERATION_MASK;
    if (VERIFY) this.#poison(index, sizeClass);
    const count = this.#freeCount[sizeClass];
    this.#free[sizeClass][count] = index;
    this.#freeCount[sizeClass] = count + 1;
    this.#ownedCount--;
    if (this.#wanted[sizeClass]) {
      this.#wanted[sizeClass] = false;
      this.#waiter?.onBufferAvailable(sizeClass);
    }
  }

  /** Offset of the first payload byte. */
  startOf(handle: BufferHandle): number {
    return this.#offsets[this.#check(handle)]!;
  }

  /** Offset behind the last payload byte. */
  endOf(handle: BufferHandle): number {
    const index = this.#check(handle);
    return this.#offsets[index]! + this.#capacity[this.#classes[index] as SizeClass];
  }

  sizeClassOf(handle: BufferHandle): SizeClass {
    return this.#classes[this.#check(handle)] as SizeClass;
  }

  /** Payload bytes of a buffer of that class. */
  capacityOf(sizeClass: SizeClass): number {
    return this.#capacity[sizeClass];
  }

  freeCount(sizeClass: SizeClass): number {
    return this.#freeCount[sizeClass];
  }

  /** Buffers that have an owner now; a leak check compares it with what the owners know. */
  get ownedCount(): number {
    return this.#ownedCount;
  }

  /**
   * The one who is told when an empty class has a buffer again (the transport). Called inside
   * `release`.
   */
  setWaiter(waiter: BufferWaiter | null): void {
    this.#waiter = waiter;
  }

  #check(handle: BufferHandle): number {
    const index = handle & INDEX_MASK;
    assert(
      (handle & (1 << INDEX_BITS)) !== 0 && handle >>> INDEX_BITS === this.#generations[index],
      'a buffer handle is used while it is owned',
    );
    return index;
  }

  #poison(index: number, sizeClass: SizeClass): void {
    const start = this.#offsets[index]! - BUFFER_HEADROOM_BYTES;
    const end = this.#offsets[index]! + this.#capacity[sizeClass] + BUFFER_TAILROOM_BYTES;
    this.arena.bytes.fill(POISON, start, end);
  }
}

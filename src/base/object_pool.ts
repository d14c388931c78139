// Reuse of hot objects (exchanges, connections): made by one constructor, handed out last in, first
// out, never deleted. What a pooled object holds must be reset by its owner before it is released.
// An object counts how often it was handed out, so that whoever kept it beside its generation can
// tell a stale one.

import { assert, VERIFY } from './assert.ts';

/** What a pool needs to know of its objects. Only the pool writes these fields. */
export interface Pooled {
  /** Grows with each release: an old reference differs. */
  generation: number;
  isFree: boolean;
}

export class ObjectPool<T extends Pooled> {
  readonly #create: () => T;
  readonly #free: T[] = [];
  readonly #freeMax: number;
  #usedCount = 0;

  /** Keeps at most `freeMax` unused objects; the rest is left to the garbage collector. */
  constructor(create: () => T, freeMax: number) {
    this.#create = create;
    this.#freeMax = freeMax;
  }

  acquire(): T {
    this.#usedCount++;
    const object = this.#free.pop();
    if (object === undefined) {
      const created = this.#create();
      created.isFree = false;
      return created;
    }
    if (VERIFY) assert(object.isFree, 'a pooled object is handed out once');
    object.isFree = false;
    return object;
  }

  release(object: T): void {
    assert(!object.isFree, 'a pooled object is released once');
    object.isFree = true;
    object.generation++;
    this.#usedCount--;
    if (this.#free.length < this.#freeMax) this.#free.push(object);
  }

  get usedCount(): number {
    return this.#usedCount;
  }
}

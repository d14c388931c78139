// The one place for the data plane's timeouts. A timer is linked into a bucket; moving its deadline
// later only writes a number (it is linked anew when its old bucket comes up), so a keep-alive
// connection that serves a request per millisecond touches no list. Resolution is one tick; a
// deadline beyond the wheel's span waits in the last bucket and is linked again.
//
//   now ->| b0 | b1 | b2 | ... | b511 |     bucket = floor(deadline / TICK) mod 512

import { assert } from './assert.ts';

const TICK_MS = 16;
const BUCKETS = 512;
const NEVER = Number.POSITIVE_INFINITY;

/** Who is told when a timer fires. Runs in the loop's turn, never inside a reap. */
export interface TimerOwner {
  onTimer(timer: Timer): void;
}

/** One deadline. Embedded in its owner, which must cancel it before it is reused. */
export class Timer {
  readonly owner: TimerOwner;
  /** Monotonic milliseconds; Infinity when not set. Read only outside this file. */
  deadlineMs: number = NEVER;
  bucket = -1;
  next: Timer | null = null;
  previous: Timer | null = null;

  constructor(owner: TimerOwner) {
    this.owner = owner;
  }
}

export class TimerWheel {
  readonly #buckets: (Timer | null)[] = new Array<Timer | null>(BUCKETS).fill(null);
  #tick: number;
  #count = 0;

  constructor(nowMs: number) {
    this.#tick = Math.floor(nowMs / TICK_MS);
  }

  /** Sets or moves a deadline. Fires at the first `advance` at or after it, at most a tick late. */
  set(timer: Timer, deadlineMs: number): void {
    timer.deadlineMs = deadlineMs;
    const tick = this.#tickFor(deadlineMs);
    if (timer.bucket >= 0) {
      // Already due to be looked at no later than that: `advance` links it anew.
      if (this.#distance(timer.bucket) <= tick - this.#tick) return;
      this.#unlink(timer);
    }
    this.#link(timer, tick);
  }

  /** Clears the deadline. The timer leaves the wheel. */
  cancel(timer: Timer): void {
    timer.deadlineMs = NEVER;
    if (timer.bucket >= 0) this.#unlink(timer);
  }

  /** Fires what is due. An owner may set and cancel any timer in its callback. */
  advance(nowMs: number): void {
    const until = Math.floor(nowMs / TICK_MS);
    if (this.#count === 0) {
      this.#tick = until;
      return;
    }
    const steps = Math.min(until - this.#tick, BUCKETS);
    if (until - this.#tick > BUCKETS) this.#tick = until - BUCKETS;
    for (let i = 0; i < steps; i++) {
      const bucket = this.#tick % BUCKETS;
      this.#tick++;
      let timer = this.#buckets[bucket]!;
      while (timer !== null) {
        this.#unlink(timer);
        if (timer.deadlineMs <= nowMs) {
          timer.deadlineMs = NEVER;
          timer.owner.onTimer(timer);
        } else {
          this.#link(timer, this.#tickFor(timer.deadlineMs));
        }
        timer = this.#buckets[bucket]!;
      }
    }
  }

  /** When the loop must look again, in monotonic milliseconds; Infinity without timers. */
  nextMs(): number {
    if (this.#count === 0) return NEVER;
    for (let i = 0; i < BUCKETS; i++) {
      if (this.#buckets[(this.#tick + i) % BUCKETS] !== null) return (this.#tick + i + 1) * TICK_MS;
    }
    return NEVER;
  }

  /** Timers in the wheel. */
  get count(): number {
    return this.#count;
  }

  #tickFor(deadlineMs: number): number {
    const tick = Math.floor(deadlineMs / TICK_MS);
    if (tick < this.#tick) return this.#tick;
    // One less than the span: a timer linked anew never lands in the bucket that is being emptied.
    return Math.min(tick, this.#tick + BUCKETS - 2);
  }

  #distance(bucket: number): number {
    return (bucket - (this.#tick % BUCKETS) + BUCKETS) % BUCKETS;
  }

  #link(timer: Timer, tick: number): void {
    const bucket = tick % BUCKETS;
    const head = this.#buckets[bucket]!;
    timer.bucket = bucket;
    timer.next = head;
    timer.previous = null;
    if (head !== null) head.previous = timer;
    this.#buckets[bucket] = timer;
    this.#count++;
  }

  #unlink(timer: Timer): void {
    assert(timer.bucket >= 0, 'a timer is unlinked once');
    if (timer.previous === null) this.#buckets[timer.bucket] = timer.next;
    else timer.previous.next = timer.next;
    if (timer.next !== null) timer.next.previous = timer.previous;
    timer.bucket = -1;
    timer.next = null;
    timer.previous = null;
    this.#count--;
  }
}

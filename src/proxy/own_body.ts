// A body of our own that no single buffer holds: read from memory piece by piece, as the client
// takes it. Unlike a driver it delivers within `readBody`, which a pump is ready for. Where the
// pool is empty it tries again soon: the answer waits, nothing is lost.

import { assert } from '../base/assert.ts';
import { type BufferHandle, type BufferPool, NO_BUFFER, SizeClass } from '../base/buffer_pool.ts';
import type { Clock } from '../base/clock.ts';
import { Timer, type TimerOwner, type TimerWheel } from '../base/timer_wheel.ts';
import type { BodyPump, BodySink, BodySource } from './body_pump.ts';

const NOTHING = new Uint8Array(0);
const STARVED_RETRY_MS = 10;

export class OwnBodySource implements BodySource, TimerOwner {
  readonly #pool: BufferPool;
  readonly #clock: Clock;
  readonly #timers: TimerWheel;
  readonly #pump: BodyPump;
  readonly #retry: Timer = new Timer(this);
  #bytes: Uint8Array = NOTHING;
  #at = 0;

  /** `pump` is opened by `start`, and stopped before `stop`, by whoever owns both. */
  constructor(pool: BufferPool, clock: Clock, timers: TimerWheel, pump: BodyPump) {
    this.#pool = pool;
    this.#clock = clock;
    this.#timers = timers;
    this.#pump = pump;
  }

  /** Begins to write `bytes`, which are not empty and must not change, to `sink`. */
  start(sink: BodySink, bytes: Uint8Array): void {
    assert(bytes.length > 0, 'an own body has bytes');
    this.#bytes = bytes;
    this.#at = 0;
    this.#pump.open(this);
    this.#pump.setSink(sink);
    this.#pump.start();
  }

  readBody(): void {
    const left = this.#bytes.length - this.#at;
    if (left === 0) return; // the pump was told of the end with the last piece
    const buffer = this.#acquire(left);
    if (buffer === NO_BUFFER) {
      this.#timers.set(this.#retry, this.#clock.nowMs + STARVED_RETRY_MS);
      return;
    }
    const start = this.#pool.startOf(buffer);
    const byteCount = Math.min(left, this.#pool.endOf(buffer) - start);
    this.#pool.arena.bytes.set(this.#bytes.subarray(this.#at, this.#at + byteCount), start);
    this.#at += byteCount;
    const isLast = byteCount === left;
    this.#pump.onChunk(buffer, start, start + byteCount, isLast);
    if (isLast) this.#pump.onEnd(null);
  }

  onTimer(_timer: Timer): void {
    this.readBody();
  }

  /** Reads no more. */
  stop(): void {
    this.#timers.cancel(this.#retry);
    this.#bytes = NOTHING;
    this.#at = 0;
  }

  #acquire(left: number): BufferHandle {
    const pool = this.#pool;
    if (left > pool.capacityOf(SizeClass.MEDIUM)) {
      const large = pool.acquire(SizeClass.LARGE);
      if (large !== NO_BUFFER) return large;
    }
    const medium = pool.acquire(SizeClass.MEDIUM);
    return medium === NO_BUFFER ? pool.acquire(SizeClass.SMALL) : medium;
  }
}

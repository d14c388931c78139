// Streams that found the buffer pool empty and can do nothing but wait. They are looked at again
// after a short while, a few times a second at most whatever their number; an empty pool is back
// pressure, never an error.

import type { Clock } from '../base/clock.ts';
import { Timer, type TimerOwner, type TimerWheel } from '../base/timer_wheel.ts';

const RETRY_MS = 20;

/** Who waits for a buffer. */
export interface BufferRetrier {
  /** Owned by the queue: whether it is in it. */
  isRetrying: boolean;
  /** Tries again; may ask to be queued again. */
  retry(): void;
}

export class BufferRetryQueue implements TimerOwner {
  readonly #timers: TimerWheel;
  readonly #clock: Clock;
  readonly #timer: Timer = new Timer(this);
  #waiting: BufferRetrier[] = [];
  #spare: BufferRetrier[] = [];

  constructor(timers: TimerWheel, clock: Clock) {
    this.#timers = timers;
    this.#clock = clock;
  }

  /** `retrier.retry()` is called soon. Without effect if it waits already. */
  add(retrier: BufferRetrier): void {
    if (retrier.isRetrying) return;
    retrier.isRetrying = true;
    this.#waiting.push(retrier);
    if (this.#waiting.length === 1) this.#timers.set(this.#timer, this.#clock.nowMs + RETRY_MS);
  }

  onTimer(): void {
    const due = this.#waiting;
    this.#waiting = this.#spare;
    this.#spare = due;
    for (let i = 0; i < due.length; i++) due[i]!.isRetrying = false;
    for (let i = 0; i < due.length; i++) due[i]!.retry();
    due.length = 0;
  }
}

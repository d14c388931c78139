// A client that waits for 100 (Continue) before it sends its body (RFC 9110 section 10.1.1). The
// endpoint is asked; one that knows nothing of it has said nothing after a second, and then the
// body is read all the same: a client may not be left waiting for ever.

import type { Clock } from '../base/clock.ts';
import { CONTINUE_WAIT_MS } from '../base/limits.ts';
import { Timer, type TimerOwner, type TimerWheel } from '../base/timer_wheel.ts';

/** Told that the endpoint did not say it in time. */
export interface ContinueWaiter {
  onContinueOverdue(): void;
}

interface ContinueRuntime {
  readonly clock: Clock;
  readonly timers: TimerWheel;
}

export class ContinueWait implements TimerOwner {
  /** The client still waits. */
  isPending = false;
  readonly #clock: Clock;
  readonly #timers: TimerWheel;
  readonly #waiter: ContinueWaiter;
  readonly #timer: Timer = new Timer(this);

  constructor(runtime: ContinueRuntime, waiter: ContinueWaiter) {
    this.#clock = runtime.clock;
    this.#timers = runtime.timers;
    this.#waiter = waiter;
  }

  /** The request was sent: the endpoint has a second from now. */
  start(): void {
    this.#timers.set(this.#timer, this.#clock.nowMs + CONTINUE_WAIT_MS);
  }

  /** A next try may start it again. */
  stop(): void {
    this.#timers.cancel(this.#timer);
  }

  /** Nobody waits any more. */
  end(): void {
    this.#timers.cancel(this.#timer);
    this.isPending = false;
  }

  onTimer(_timer: Timer): void {
    this.#waiter.onContinueOverdue();
  }
}

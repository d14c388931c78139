// Tells a worker whose loop stands still: its heartbeat cell does not change for
// HEARTBEAT_TIMEOUT_MS. Only changes count, never the value, so the clocks of two processes are not
// compared; and time in which the supervisor itself did not run (a suspended machine) is not held
// against the worker.

import { HEARTBEAT_INTERVAL_MS, HEARTBEAT_TIMEOUT_MS } from '../base/limits.ts';

/** A look that comes later than this was not due to the worker. */
const STEP_MS_MAX: number = 4 * HEARTBEAT_INTERVAL_MS;

export class HeartbeatWatch {
  #value = Number.NaN;
  #lookedMs: number;
  #silentMs = 0;

  constructor(nowMs: number) {
    this.#lookedMs = nowMs;
  }

  /** Looks at the cell; true once the worker has been silent for too long. */
  isOverdue(value: number, nowMs: number): boolean {
    const stepMs = Math.min(nowMs - this.#lookedMs, STEP_MS_MAX);
    this.#lookedMs = nowMs;
    if (value !== this.#value) {
      this.#value = value;
      this.#silentMs = 0;
      return false;
    }
    this.#silentMs += stepMs;
    return this.#silentMs >= HEARTBEAT_TIMEOUT_MS;
  }
}

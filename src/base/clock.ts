// Time for the data plane: read once per round of the loop, so that a request costs no clock call.
// A test sets it by hand.

/** Milliseconds, monotonic, and the wall clock beside it. */
export class Clock {
  /** Monotonic milliseconds with a fraction, as of the last `update`. */
  nowMs: number;
  /** Wall clock, milliseconds since 1970, as of the last `update`. */
  wallMs: number;

  constructor() {
    this.nowMs = performance.now();
    this.wallMs = performance.timeOrigin + this.nowMs;
  }

  /** Reads the system's clocks. */
  update(): void {
    this.nowMs = performance.now();
    this.wallMs = performance.timeOrigin + this.nowMs;
  }

  /** For simulated time. */
  set(nowMs: number): void {
    this.wallMs += nowMs - this.nowMs;
    this.nowMs = nowMs;
  }
}

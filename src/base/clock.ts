// Time for the data plane: read once per round of the loop, so that a request costs no clock call.
// A test sets it by hand.

/** The wall clock is read this often: it may be set while we run. */
const WALL_INTERVAL_MS = 1_000;

/** Milliseconds, monotonic, and the wall clock beside it. */
export class Clock {
  /** Monotonic milliseconds with a fraction, as of the last `update`. */
  nowMs: number;
  /** Wall clock, milliseconds since 1970, as of the last `update`. */
  wallMs: number;
  #wallOffsetMs: number;
  #wallReadMs: number;

  constructor() {
    this.nowMs = performance.now();
    this.wallMs = Date.now();
    this.#wallOffsetMs = this.wallMs - this.nowMs;
    this.#wallReadMs = this.nowMs;
  }

  /** Reads the system's clocks. */
  update(): void {
    const nowMs = performance.now();
    this.nowMs = nowMs;
    if (nowMs - this.#wallReadMs > WALL_INTERVAL_MS) {
      this.#wallReadMs = nowMs;
      this.#wallOffsetMs = Date.now() - nowMs;
    }
    this.wallMs = nowMs + this.#wallOffsetMs;
  }

  /** For simulated time. */
  set(nowMs: number): void {
    this.wallMs += nowMs - this.nowMs;
    this.nowMs = nowMs;
  }
}

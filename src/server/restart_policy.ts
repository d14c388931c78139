// When a dead worker is replaced: at once, until it has died WORKER_DEATHS_BEFORE_BACKOFF times
// within the window; then after a delay that doubles from the least to the most, until one has
// lived for a window.

import {
  WORKER_BACKOFF_MS_MAX,
  WORKER_BACKOFF_MS_MIN,
  WORKER_DEATHS_BEFORE_BACKOFF,
  WORKER_DEATHS_WINDOW_MS,
} from '../base/limits.ts';

export class RestartPolicy {
  readonly #deathsMs: number[] = [];
  #delayMs = 0;

  /**
   * Notes a death at `nowMs` of a worker that had lived for `livedMs`; returns how long to wait.
   */
  delayAfterDeath(nowMs: number, livedMs: number): number {
    const deaths = this.#deathsMs;
    deaths.push(nowMs);
    while (nowMs - deaths[0]! >= WORKER_DEATHS_WINDOW_MS) deaths.shift();
    if (livedMs >= WORKER_DEATHS_WINDOW_MS) {
      this.#delayMs = 0;
    } else if (this.#delayMs > 0) {
      this.#delayMs = Math.min(this.#delayMs * 2, WORKER_BACKOFF_MS_MAX);
    } else if (deaths.length >= WORKER_DEATHS_BEFORE_BACKOFF) {
      this.#delayMs = WORKER_BACKOFF_MS_MIN;
    }
    return this.#delayMs;
  }
}

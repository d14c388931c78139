// How long a peer has kept us waiting, and until when it may: the clock behind the minimum rates.
// Time counts only between `begin` and `end`, so what we hold back ourselves is never held against
// the peer.

const NOT_WAITING = -1;

/** The waiting time of one direction of one exchange. */
export class Pace {
  #sinceMs = NOT_WAITING;
  #spentMs = 0;

  /** For the next exchange. */
  reset(): void {
    this.#sinceMs = NOT_WAITING;
    this.#spentMs = 0;
  }

  get isWaiting(): boolean {
    return this.#sinceMs !== NOT_WAITING;
  }

  /** We wait for the peer from now on; without effect while we already do. */
  begin(nowMs: number): void {
    if (this.#sinceMs === NOT_WAITING) this.#sinceMs = nowMs;
  }

  /** The peer did something, or we stopped waiting. */
  end(nowMs: number): void {
    if (this.#sinceMs === NOT_WAITING) return;
    this.#spentMs += nowMs - this.#sinceMs;
    this.#sinceMs = NOT_WAITING;
  }

  /** When the present wait has lasted `idleMs`; Infinity while we do not wait. */
  idleDeadlineMs(idleMs: number): number {
    return this.#sinceMs === NOT_WAITING ? Number.POSITIVE_INFINITY : this.#sinceMs + idleMs;
  }

  /**
   * When `byteCount` bytes over all our waiting fall below `rateMin` bytes per second, but not
   * before `graceMs` of waiting; Infinity while we do not wait, or where no rate is asked for.
   */
  rateDeadlineMs(byteCount: number, rateMin: number, graceMs: number): number {
    if (this.#sinceMs === NOT_WAITING || rateMin <= 0) return Number.POSITIVE_INFINITY;
    const allowedMs = Math.max(graceMs, (byteCount * 1000) / rateMin);
    return this.#sinceMs + allowedMs - this.#spentMs;
  }
}

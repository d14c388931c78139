// The deadlines of one exchange towards its client: a body that stops or trickles, a response that is not
// read. What counts is the time that we wait for the client; a tunnel has no minimum rate.

import { ExchangeError } from '../http/exchange_error.ts';
import type { ListenerOptions } from './options.ts';
import { Pace } from './pace.ts';

export class ExchangeClocks {
  /** Runs while the exchange wants body bytes and none are here. */
  readonly receive: Pace = new Pace();
  /** Runs while a send is in flight. */
  readonly send: Pace = new Pace();
  readonly #options: ListenerOptions;

  constructor(options: ListenerOptions) {
    this.#options = options;
  }

  reset(): void {
    this.receive.reset();
    this.send.reset();
  }

  /** When one of the deadlines is due; Infinity while none runs. */
  deadlineMs(bodyBytes: number, sentBytes: number, isRaw: boolean): number {
    return Math.min(
      this.receive.idleDeadlineMs(this.#options.timeouts.bodyIdleMs),
      this.#rateDeadlineMs(this.receive, bodyBytes, isRaw),
      this.#rateDeadlineMs(this.send, sentBytes, isRaw),
    );
  }

  /** What the client has failed to do by now; NONE if nothing. */
  overdue(nowMs: number, bodyBytes: number, sentBytes: number, isRaw: boolean): ExchangeError {
    if (this.receive.idleDeadlineMs(this.#options.timeouts.bodyIdleMs) <= nowMs) {
      return isRaw ? ExchangeError.TUNNEL_IDLE : ExchangeError.REQUEST_BODY_TIMEOUT;
    }
    if (this.#rateDeadlineMs(this.receive, bodyBytes, isRaw) <= nowMs) {
      return ExchangeError.REQUEST_BODY_TOO_SLOW;
    }
    if (this.#rateDeadlineMs(this.send, sentBytes, isRaw) <= nowMs) {
      return ExchangeError.CLIENT_TOO_SLOW;
    }
    return ExchangeError.NONE;
  }

  #rateDeadlineMs(pace: Pace, byteCount: number, isRaw: boolean): number {
    if (isRaw) return Number.POSITIVE_INFINITY;
    const { bodyRateMin, bodyRateGraceMs } = this.#options.limits;
    return pace.rateDeadlineMs(byteCount, bodyRateMin, bodyRateGraceMs);
  }
}

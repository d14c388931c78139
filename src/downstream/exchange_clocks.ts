// The deadlines of one exchange towards its client: a body that stops or trickles, a response that
// is read too slowly or not at all. What counts is the time that we wait for the client. A tunnel
// has no rate, and may stand still while it is open: the upstream side watches over it until both
// its directions have ended.

import { ExchangeError } from '../http/exchange_error.ts';
import type { ListenerOptions } from './options.ts';
import { Pace } from './pace.ts';
import type { RequestBody } from './request_body.ts';

const NEVER: number = Number.POSITIVE_INFINITY;

export class ExchangeClocks {
  /** Runs while the exchange wants body bytes and none are here. */
  readonly receive: Pace = new Pace();
  /** Runs while a send is in flight. */
  readonly send: Pace = new Pace();
  #options: ListenerOptions;
  /** One number in an array of its own: a double that is returned would be garbage. */
  readonly due: Float64Array = new Float64Array(1);
  // The last time that the kernel was seen to have taken more bytes.
  #sentBytes = 0;
  #sentMs = 0;

  constructor(options: ListenerOptions) {
    this.#options = options;
  }

  /** A request begins, which goes by `options`. */
  reset(options: ListenerOptions): void {
    this.#options = options;
    this.receive.reset();
    this.send.reset();
    this.#sentBytes = 0;
    this.#sentMs = 0;
  }

  /** A send is in flight at `nowMs`, of a response of which `sentBytes` are taken. */
  onSending(nowMs: number, sentBytes: number): void {
    if (this.send.isWaiting && sentBytes === this.#sentBytes) return;
    this.send.begin(nowMs);
    this.#sentBytes = sentBytes;
    this.#sentMs = nowMs;
  }

  /** Sets `due` to when one of the deadlines is due; Infinity while none runs. */
  updateDue(body: RequestBody, sentBytes: number): void {
    const { isRaw } = body;
    this.due[0] = Math.min(
      this.receive.idleDeadlineMs(this.#options.timeouts.bodyIdleMs),
      this.#rateDeadlineMs(this.receive, body.byteCount, isRaw),
      this.#rateDeadlineMs(this.send, sentBytes, isRaw),
      this.#stallDeadlineMs(body),
    );
  }

  /** What the client has failed to do by now; NONE if nothing. */
  overdue(nowMs: number, body: RequestBody, sentBytes: number): ExchangeError {
    const { isRaw } = body;
    if (this.receive.idleDeadlineMs(this.#options.timeouts.bodyIdleMs) <= nowMs) {
      return isRaw ? ExchangeError.TUNNEL_IDLE : ExchangeError.REQUEST_BODY_TIMEOUT;
    }
    if (this.#rateDeadlineMs(this.receive, body.byteCount, isRaw) <= nowMs) {
      return ExchangeError.REQUEST_BODY_TOO_SLOW;
    }
    const isStalled = sentBytes === this.#sentBytes && this.#stallDeadlineMs(body) <= nowMs;
    if (isStalled || this.#rateDeadlineMs(this.send, sentBytes, isRaw) <= nowMs) {
      return ExchangeError.CLIENT_TOO_SLOW;
    }
    return ExchangeError.NONE;
  }

  #rateDeadlineMs(pace: Pace, byteCount: number, isRaw: boolean): number {
    if (isRaw) return NEVER;
    const { bodyRateMin, bodyRateGraceMs } = this.#options.limits;
    return pace.rateDeadlineMs(byteCount, bodyRateMin, bodyRateGraceMs);
  }

  /** A good average from before does not excuse a client that has stopped reading. */
  #stallDeadlineMs(body: RequestBody): number {
    if ((body.isRaw && !body.isRawEnded) || !this.send.isWaiting) return NEVER;
    return this.#sentMs + this.#options.timeouts.bodyIdleMs;
  }
}

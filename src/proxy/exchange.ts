// One exchange: a request, its way to an endpoint, and the response. Joins a `ServerStream` of the
// downstream driver with a `ClientStream` of the upstream driver, whichever protocol either speaks.
//
//         onRequest
//             |
//          ADMITTING --refused, or answered by the proxy itself------------------------+
//             | acquire        \--no connection to be had---- error answer ------------+
//             |  \                                                                     |
//             |   +--> WAITING --onStreamUnavailable--------- error answer ------------+
//             |          | onStreamReady      ^                                        |
//             v          v                    | retry, once, on a fresh connection     |
//          REQUESTING (head sent, request body on its way; 1xx are relayed)            |
//             |    |    \--onUpstreamError--------------------error answer ------------+
//             |    | final head, no body                                               |
//             |    +-------------------------------------------------------------------+
//             | final head         | 101                                               v
//             v                    v                                               FINISHING
//         RESPONDING            TUNNEL (raw bytes both ways)                           |
//          |      \ response body read and handed over whole                           |
//          |       +-------------------------------------------------------------------+
//          | onUpstreamError: broken off      |                                        |
//          v                                  v onResponseSent                         v
//         FREE <-------- onRequestAborted (from any state) ------------------------ onResponseSent
//
// `Expect: 100-continue` is forwarded (RFC 9110 section 10.1.1): the endpoint decides, its 100 is
// relayed, and only then the client's body is read; or when it comes unasked, or after a second,
// for endpoints that know nothing of it, and then the driver says 100. So the client sees one at
// most.
//
// Only this file reads or writes the state. `#client` is set exactly while the client stream may
// be used: a driver may give its connection to another exchange as soon as the stream is over.

import { assert } from '../base/assert.ts';
import type { BufferHandle } from '../base/buffer_pool.ts';
import { CONTINUE_WAIT_MS } from '../base/limits.ts';
import { Cell } from '../base/metrics_cells.ts';
import type { ObjectPool, Pooled } from '../base/object_pool.ts';
import { Timer, type TimerOwner } from '../base/timer_wheel.ts';
import type {
  ClientStream,
  ClientStreamHandler,
  ServerStream,
  ServerStreamHandler,
} from '../http/exchange_contract.ts';
import { EXCHANGE_ERRORS, ExchangeError } from '../http/exchange_error.ts';
import type { HeaderBlock } from '../http/header_block.ts';
import { Framing, type RequestHead, type ResponseHead } from '../http/message_head.ts';
import { Method } from '../http/methods.ts';
import { rangesEqualIgnoreCase } from '../http/text.ts';
import type { StreamWaiter } from '../upstream/upstream.ts';
import { BodyPump } from './body_pump.ts';
import { answerError } from './error_answer.ts';
import type { ExchangeContext, ExchangeUpstream } from './exchange_context.ts';
import { ExchangeOutcome } from './exchange_outcome.ts';
import { answerOptions, answerTrace } from './final_recipient.ts';
import { ForwardingPlan } from './forwarding.ts';
import { maySendAgain } from './retry_rule.ts';
import { selectUpgrade } from './upgrade_token.ts';

export const ExchangeState = {
  FREE: 0,
  ADMITTING: 1,
  WAITING: 2,
  REQUESTING: 3,
  RESPONDING: 4,
  FINISHING: 5,
  TUNNEL: 6,
} as const;
export type ExchangeState = (typeof ExchangeState)[keyof typeof ExchangeState];

const { FREE, ADMITTING, WAITING, REQUESTING, RESPONDING, FINISHING, TUNNEL } = ExchangeState;
const NO_ROUTE = -1;
const ASTERISK = 0x2a;
const NO_EVENT = 'an exchange is told of what its state expects';

export class Exchange
  implements ServerStreamHandler, ClientStreamHandler, StreamWaiter, TimerOwner, Pooled
{
  generation = 0;
  isFree = true;
  readonly #context: ExchangeContext;
  readonly #exchanges: ObjectPool<Exchange>;
  readonly #plan: ForwardingPlan = new ForwardingPlan();
  readonly #outcome: ExchangeOutcome = new ExchangeOutcome();
  readonly #requestPump: BodyPump;
  readonly #responsePump: BodyPump;
  readonly #continueTimer: Timer;
  #state: ExchangeState = FREE;
  #stream: ServerStream | null = null;
  #client: ClientStream | null = null;
  #upstream: ExchangeUpstream | null = null;
  #hasRequestBody = false;
  /** Inside `begin`, and so inside the callback that brought the head. */
  #isBeginning = false;
  /** The client waits for a 100 (Continue) before it sends its body. */
  #isContinuePending = false;
  #isRetried = false;

  constructor(context: ExchangeContext, exchanges: ObjectPool<Exchange>) {
    this.#context = context;
    this.#exchanges = exchanges;
    this.#requestPump = new BodyPump(context.pool);
    this.#responsePump = new BodyPump(context.pool);
    this.#continueTimer = new Timer(this);
  }

  /** For tests and for the reader of a crash. */
  get state(): ExchangeState {
    return this.#state;
  }

  // --- the request ------------------------------------------------------------------------------

  /** A request head has arrived. */
  begin(stream: ServerStream): void {
    assert(this.#state === FREE, 'an exchange begins once');
    const { cells } = this.#context;
    const head = stream.head;
    cells[Cell.REQUESTS]!++;
    cells[Cell.EXCHANGES_OPEN]!++;
    this.#state = ADMITTING;
    this.#stream = stream;
    const error = this.#admit(head);
    if (error !== ExchangeError.NONE) {
      this.#answerError(error);
      return;
    }
    if (this.#answerAsFinalRecipient(head)) return;
    selectUpgrade(this.#context.bytes, head, this.#outcome.route!.upgrades);
    this.#hasRequestBody = hasBody(head.framing, head.contentLength);
    if (this.#hasRequestBody) this.#requestPump.open(stream);
    this.#isContinuePending = head.expectsContinue && this.#hasRequestBody && !head.bodyFollows;
    this.#isBeginning = true;
    this.#acquire(false);
    this.#isBeginning = false;
  }

  onRequestBody(buffer: BufferHandle, start: number, end: number, isLast: boolean): void {
    assert(this.#state !== FREE, NO_EVENT);
    const pump = this.#requestPump;
    const isTooLarge =
      this.#state < FINISHING &&
      pump.byteCount + (end - start) > this.#outcome.route!.requestBodyBytesMax;
    if (!isTooLarge) {
      pump.onChunk(buffer, start, end, isLast);
      return;
    }
    this.#context.pool.release(buffer);
    this.#answerOrBreakOff(ExchangeError.REQUEST_BODY_TOO_LARGE);
  }

  onRequestEnd(trailers: HeaderBlock | null): void {
    assert(this.#state !== FREE, NO_EVENT);
    this.#requestPump.onEnd(trailers);
    this.#dropClientAfterTunnel();
  }

  onRequestAborted(error: ExchangeError): void {
    assert(this.#state !== FREE, NO_EVENT);
    // The driver answers on its own account where nothing was answered yet and an answer is
    // possible.
    if (!this.#stream!.isResponseStarted) {
      const isCut = error === ExchangeError.DRAINING;
      this.#outcome.status = isCut ? 0 : EXCHANGE_ERRORS[error]!.status;
    }
    this.#finish(error);
  }

  /** Routes and checks the request; anything but NONE is what it is refused with. */
  #admit(head: RequestHead): ExchangeError {
    const { routes, forwarding, bytes } = this.#context;
    const isConnect = head.method === Method.CONNECT;
    const index = isConnect ? NO_ROUTE : routes.match(bytes, head);
    if (index !== NO_ROUTE) this.#outcome.route = routes.routes[index]!;
    const error = forwarding.admit(head, this.#stream!.connection, this.#plan);
    if (error !== ExchangeError.NONE) return error;
    if (isConnect) return ExchangeError.METHOD_NOT_ALLOWED;
    if (this.#outcome.route === null) {
      return isForServer(bytes, head) ? ExchangeError.NONE : ExchangeError.ROUTE_NOT_FOUND;
    }
    const isTooLarge =
      head.framing === Framing.LENGTH &&
      head.contentLength > this.#outcome.route.requestBodyBytesMax;
    return isTooLarge ? ExchangeError.REQUEST_BODY_TOO_LARGE : ExchangeError.NONE;
  }

  /** RFC 9110 section 7.6.2: with Max-Forwards at 0, MUST be answered here. */
  #answerAsFinalRecipient(head: RequestHead): boolean {
    if (this.#plan.maxForwards !== 0 && this.#outcome.route !== null) return false;
    const { answers } = this.#context;
    const stream = this.#stream!;
    this.#outcome.status =
      head.method === Method.TRACE ? answerTrace(answers, stream) : answerOptions(answers, stream);
    this.#state = FINISHING;
    return true;
  }

  // --- the upstream -----------------------------------------------------------------------------

  #acquire(freshOnly: boolean): void {
    const upstream = this.#context.upstreams[this.#outcome.route!.upstreamIndex]!;
    this.#upstream = upstream;
    this.#outcome.upstreamName = upstream.name;
    this.#outcome.acquireMs = this.#context.clock.nowMs;
    const client = upstream.acquire(this, this, freshOnly);
    if (client !== null) this.#send(client);
    else if (upstream.lastError === ExchangeError.NONE) this.#state = WAITING;
    else this.#answerError(upstream.lastError);
  }

  onStreamReady(client: ClientStream): void {
    assert(this.#state === WAITING, NO_EVENT);
    this.#send(client);
  }

  onStreamUnavailable(error: ExchangeError): void {
    assert(this.#state === WAITING, NO_EVENT);
    this.#state = ADMITTING;
    this.#answerError(error);
  }

  #send(client: ClientStream): void {
    const { forwarding, clock, timers } = this.#context;
    const stream = this.#stream!;
    const head = stream.head;
    const { hostHeader } = this.#upstream!.options;
    this.#state = REQUESTING;
    this.#client = client;
    this.#outcome.endpointUrl = client.endpointUrl;
    forwarding.address(head, stream.connection, this.#plan, hostHeader, client.endpointAuthority);
    // Kept only where the body really follows within the callback that brought the head.
    head.bodyFollows &&= this.#isBeginning && this.#hasRequestBody;
    client.writeHead(head);
    if (!this.#hasRequestBody) return;
    if (this.#isContinuePending) timers.set(this.#continueTimer, clock.nowMs + CONTINUE_WAIT_MS);
    else this.#requestPump.start();
    this.#requestPump.setSink(client);
  }

  onRequestWritable(): void {
    assert(this.#client !== null, NO_EVENT);
    this.#requestPump.onWritable();
    this.#dropClientAfterTunnel();
  }

  /** The endpoint did not say 100 (Continue) in time. */
  onTimer(_timer: Timer): void {
    assert(this.#state === REQUESTING && this.#isContinuePending, NO_EVENT);
    this.#isContinuePending = false;
    this.#requestPump.start();
  }

  onUpstreamError(error: ExchangeError): void {
    switch (this.#state) {
      case REQUESTING: {
        const client = this.#client!;
        this.#dropClient();
        // Without a body the pump was not opened: what it says is of an exchange before this one.
        const hasWritten = this.#hasRequestBody && this.#requestPump.isWritten;
        const mayRetry = !this.#isRetried && !hasWritten;
        if (mayRetry && maySendAgain(error, client, this.#stream!.head.method)) this.#retry();
        else this.#answerError(error);
        return;
      }
      case RESPONDING:
      case TUNNEL:
        this.#dropClient();
        this.#answerOrBreakOff(error);
        return;
      case FINISHING: // the answer was the head alone
        assert(this.#client !== null, NO_EVENT);
        this.#dropClient();
        this.#requestPump.stop();
        return;
      default:
        assert(false, NO_EVENT);
    }
  }

  #retry(): void {
    this.#context.cells[Cell.RETRIES]!++;
    this.#isRetried = true;
    this.#context.timers.cancel(this.#continueTimer);
    if (this.#hasRequestBody) this.#requestPump.clearSink();
    this.#state = ADMITTING;
    this.#acquire(true);
  }

  // --- the response -----------------------------------------------------------------------------

  onInterimResponse(head: ResponseHead): void {
    assert(this.#state === REQUESTING, NO_EVENT);
    const stream = this.#stream!;
    const isExpected = stream.head.expectsContinue;
    // A second 100 would answer nothing: the first one was sent when the body was asked for.
    if (head.status === 100 && isExpected && !this.#isContinuePending) return;
    this.#context.cells[Cell.RESPONSES_1XX]!++;
    this.#context.responseFields.addInterim(head);
    stream.writeInterim(head);
    if (head.status !== 100 || !this.#isContinuePending) return;
    this.#isContinuePending = false;
    this.#context.timers.cancel(this.#continueTimer);
    this.#requestPump.start();
  }

  onResponseHead(head: ResponseHead): void {
    assert(this.#state === REQUESTING, NO_EVENT);
    const { responseFields, timers } = this.#context;
    timers.cancel(this.#continueTimer);
    this.#isContinuePending = false;
    if (head.status === 101) {
      this.#switch(head);
      return;
    }
    responseFields.addFinal(head);
    this.#outcome.status = head.status;
    this.#stream!.writeHead(head);
    if (head.framing === Framing.NONE) {
      this.#state = FINISHING;
      return;
    }
    this.#state = RESPONDING;
    this.#responsePump.open(this.#client!);
    this.#responsePump.setSink(this.#stream!);
    this.#responsePump.start();
  }

  onResponseBody(buffer: BufferHandle, start: number, end: number, isLast: boolean): void {
    assert(this.#state === RESPONDING || this.#state === TUNNEL, NO_EVENT);
    this.#responsePump.onChunk(buffer, start, end, isLast);
  }

  onResponseEnd(trailers: HeaderBlock | null): void {
    switch (this.#state) {
      case RESPONDING:
        this.#responsePump.onEnd(trailers);
        this.#endClient();
        if (this.#responsePump.isDone) this.#state = FINISHING;
        return;
      case FINISHING: // the answer was the head alone
        this.#endClient();
        return;
      case TUNNEL:
        this.#responsePump.onEnd(trailers);
        this.#dropClientAfterTunnel();
        return;
      default:
        assert(false, NO_EVENT);
    }
  }

  onResponseWritable(): void {
    assert(this.#state !== FREE, NO_EVENT);
    this.#responsePump.onWritable();
    if (this.#state === RESPONDING && this.#responsePump.isDone) this.#state = FINISHING;
  }

  onResponseSent(): void {
    assert(this.#state > REQUESTING, NO_EVENT);
    this.#finish(this.#outcome.error);
  }

  /** The endpoint accepted the upgrade: from here on both directions are raw bytes. */
  #switch(head: ResponseHead): void {
    const client = this.#client!;
    const stream = this.#stream!;
    if (!this.#isUpgradeAskedFor(head)) {
      this.#answerError(ExchangeError.UPGRADE_FAILED);
      return;
    }
    this.#context.responseFields.addFinal(head);
    this.#context.cells[Cell.TUNNELS_OPEN]!++;
    this.#outcome.status = head.status;
    this.#state = TUNNEL;
    this.#outcome.tunnelRecord = this.#context.reports.recordTunnel(stream.head, this.#plan);
    stream.switchToTunnel(head);
    stream.releaseHead();
    this.#requestPump.open(stream);
    this.#requestPump.setSink(client);
    this.#requestPump.start();
    this.#responsePump.open(client);
    this.#responsePump.setSink(stream);
    this.#responsePump.start();
  }

  /** RFC 9110 section 7.8: a server MUST NOT switch to a protocol that was not indicated. */
  #isUpgradeAskedFor(answer: ResponseHead): boolean {
    const head = this.#stream!.head;
    if (head.upgradeStart === head.upgradeEnd) return false;
    return rangesEqualIgnoreCase(
      this.#context.bytes,
      head.upgradeStart,
      head.upgradeEnd,
      answer.upgradeStart,
      answer.upgradeEnd,
    );
  }

  // --- the end ----------------------------------------------------------------------------------

  /** Nothing was answered yet, or nothing that the client has seen. */
  #answerError(error: ExchangeError): void {
    this.#letGo();
    this.#outcome.error = error;
    this.#outcome.status = answerError(this.#context.answers, this.#stream!, error);
    this.#state = FINISHING;
  }

  #answerOrBreakOff(error: ExchangeError): void {
    const stream = this.#stream!;
    const isAnswerable = this.#state !== TUNNEL && !stream.isResponseStarted;
    if (isAnswerable) {
      this.#answerError(error);
      return;
    }
    this.#finish(error);
    stream.abort(error);
  }

  /** The stream is over or about to be broken off: reports, and goes back to the pool. */
  #finish(error: ExchangeError): void {
    const { cells, reports } = this.#context;
    if (this.#state === TUNNEL) cells[Cell.TUNNELS_OPEN]!--;
    cells[Cell.EXCHANGES_OPEN]!--;
    this.#letGo();
    this.#outcome.error = error;
    reports.finish(this.#outcome, this.#stream!, this.#plan);
    this.#outcome.reset();
    this.#state = FREE;
    this.#stream = null;
    this.#upstream = null;
    this.#hasRequestBody = false;
    this.#isRetried = false;
    this.#exchanges.release(this);
  }

  /** Gives up whatever is still under way towards the upstream. */
  #letGo(): void {
    this.#context.timers.cancel(this.#continueTimer);
    this.#isContinuePending = false;
    if (this.#state === WAITING) this.#upstream!.cancel(this);
    const client = this.#client;
    if (client !== null) {
      this.#dropClient();
      client.abort();
    }
    this.#requestPump.stop();
    this.#responsePump.stop();
  }

  /**
   * The response has ended. What is left of the request is of no use: the connection goes with
   * it.
   */
  #endClient(): void {
    const client = this.#client!;
    this.#dropClient();
    if (this.#hasRequestBody && !this.#requestPump.isDone) client.abort();
    this.#requestPump.stop();
  }

  /** A tunnel's client stream is over when both directions have ended. */
  #dropClientAfterTunnel(): void {
    if (this.#state !== TUNNEL || this.#client === null) return;
    if (this.#requestPump.isDone && this.#responsePump.isRead) this.#dropClient();
  }

  /** The client stream is not used any more. */
  #dropClient(): void {
    assert(this.#client !== null, NO_EVENT);
    this.#outcome.readClient(this.#client);
    this.#client = null;
  }
}

function hasBody(framing: Framing, contentLength: number): boolean {
  return framing !== Framing.NONE && !(framing === Framing.LENGTH && contentLength === 0);
}

/**
 * `OPTIONS *` asks about the server as a whole (RFC 9110 section 9.3.7); an absolute target
 * without a path means the same (RFC 9112 section 3.2.4).
 */
function isForServer(bytes: Uint8Array, head: RequestHead): boolean {
  return head.method === Method.OPTIONS && bytes[head.targetStart] === ASTERISK;
}

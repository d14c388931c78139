// One exchange: a request, its way to an endpoint, and the response. Joins a `ServerStream` of the
// downstream driver with a `ClientStream` of the upstream driver, whichever protocol either speaks.
// exchange_state.ts has the picture of its states.
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
import { Cell } from '../base/metrics_cells.ts';
import type { ObjectPool, Pooled } from '../base/object_pool.ts';
import type {
  ClientStream,
  ClientStreamHandler,
  ServerStream,
  ServerStreamHandler,
} from '../http/exchange_contract.ts';
import { EXCHANGE_ERRORS, ExchangeError } from '../http/exchange_error.ts';
import type { HeaderBlock } from '../http/header_block.ts';
import { Framing, type ResponseHead } from '../http/message_head.ts';
import { HookOutcome } from '../middleware/hook_outcome.ts';
import type { StreamWaiter } from '../upstream/upstream.ts';
import { RouteKind } from './compiled_route.ts';
import { ContinueWait, type ContinueWaiter } from './continue_wait.ts';
import { ExchangeAnswers } from './exchange_answers.ts';
import { ExchangeBodies } from './exchange_bodies.ts';
import type { ExchangeContext } from './exchange_context.ts';
import type { ExchangeHooks, HooksOwner } from './exchange_hooks.ts';
import { ExchangeOutcome } from './exchange_outcome.ts';
import { ExchangeRequest } from './exchange_request.ts';
import { ExchangeState } from './exchange_state.ts';
import { answerAsFinal, isFinalRecipient } from './final_recipient.ts';
import type { ProxyState } from './proxy_state.ts';
import { maySendAgain } from './retry_rule.ts';
import { isUpgradeAskedFor } from './upgrade_token.ts';

const { FREE, ADMITTING, HOOKING, WAITING, REQUESTING, HOLDING, RESPONDING, FINISHING, TUNNEL } =
  ExchangeState;
const NO_EVENT = 'an exchange is told of what its state expects';

export class Exchange
  implements
    ServerStreamHandler,
    ClientStreamHandler,
    StreamWaiter,
    ContinueWaiter,
    HooksOwner,
    Pooled
{
  generation = 0;
  isFree = true;
  readonly #context: ExchangeContext;
  readonly #exchanges: ObjectPool<Exchange>;
  readonly #request: ExchangeRequest;
  readonly #outcome: ExchangeOutcome = new ExchangeOutcome();
  readonly #bodies: ExchangeBodies;
  readonly #answers: ExchangeAnswers;
  readonly #continue: ContinueWait;
  #state: ExchangeState = FREE;
  #snapshot: ProxyState | null = null;
  #stream: ServerStream | null = null;
  #client: ClientStream | null = null;
  /** The route's middleware at work; null where it has none. */
  #hooks: ExchangeHooks | null = null;
  /** Inside `begin`, and so inside the callback that brought the head. */
  #isBeginning = false;
  #isRetried = false;

  constructor(context: ExchangeContext, exchanges: ObjectPool<Exchange>) {
    this.#context = context;
    this.#exchanges = exchanges;
    this.#request = new ExchangeRequest(context);
    this.#bodies = new ExchangeBodies(context);
    this.#answers = new ExchangeAnswers(context, this.#bodies.own);
    this.#continue = new ContinueWait(context, this);
  }

  /** For tests and for the reader of a crash. */
  get state(): ExchangeState {
    return this.#state;
  }

  // --- the request ------------------------------------------------------------------------------

  /** A request head has arrived; the exchange stays with this snapshot until its end. */
  begin(stream: ServerStream, snapshot: ProxyState): void {
    assert(this.#state === FREE, 'an exchange begins once');
    const { bytes, cells, answers } = this.#context;
    const { head } = stream;
    cells[Cell.REQUESTS]!++;
    cells[Cell.EXCHANGES_OPEN]!++;
    snapshot.addExchange();
    this.#state = ADMITTING;
    this.#stream = stream;
    this.#snapshot = snapshot;
    const error = this.#request.begin(stream, snapshot);
    const route = this.#request.route!;
    this.#outcome.routeName = route.name;
    if (error !== ExchangeError.NONE) {
      this.#answerError(error);
      return;
    }
    if (isFinalRecipient(bytes, head, this.#request.plan.maxForwards)) {
      this.#answer(answerAsFinal(answers, stream));
      return;
    }
    const bodies = this.#bodies;
    bodies.openRequest(stream, head);
    this.#continue.isPending = head.expectsContinue && bodies.hasRequestBody && !head.bodyFollows;
    this.#isBeginning = true;
    if (route.pipeline === null) this.#act();
    else this.#runRequestHooks();
    this.#isBeginning = false;
  }

  onRequestBody(buffer: BufferHandle, start: number, end: number, isLast: boolean): void {
    assert(this.#state !== FREE, NO_EVENT);
    const pump = this.#bodies.request;
    const isTooLarge =
      this.#state < FINISHING &&
      pump.byteCount + (end - start) > this.#request.route!.requestBodyBytesMax;
    if (!isTooLarge) {
      if (!this.#request.mirrors.isEmpty) this.#request.mirrors.copyBody(start, end);
      pump.onChunk(buffer, start, end, isLast);
      return;
    }
    this.#context.pool.release(buffer);
    this.#answerOrBreakOff(ExchangeError.REQUEST_BODY_TOO_LARGE);
  }

  onRequestEnd(trailers: HeaderBlock | null): void {
    assert(this.#state !== FREE, NO_EVENT);
    if (!this.#request.mirrors.isEmpty) this.#request.mirrors.endBody();
    this.#bodies.request.onEnd(trailers);
    this.#dropClientAfterTunnel();
  }

  onRequestAborted(error: ExchangeError): void {
    assert(this.#state !== FREE, NO_EVENT);
    // Where nothing was answered yet and an answer is possible, the driver gives it.
    if (!this.#stream!.isResponseStarted) {
      const isCut = error === ExchangeError.DRAINING;
      this.#outcome.status = isCut ? 0 : EXCHANGE_ERRORS[error]!.status;
    }
    this.#finish(error);
  }

  #runRequestHooks(): void {
    const hooks = this.#request.beginHooks(this);
    this.#hooks = hooks;
    this.#onRequestHooks(hooks.runRequest());
  }

  #onRequestHooks(outcome: HookOutcome): void {
    if (outcome === HookOutcome.SUSPENDED) this.#state = HOOKING;
    else if (outcome === HookOutcome.DONE) this.#act();
    else this.#answerHooks(outcome);
  }

  /** A hook that returned a promise has come to its end. */
  onHooksResumed(outcome: HookOutcome): void {
    if (this.#state === HOOKING) {
      this.#state = ADMITTING;
      this.#onRequestHooks(outcome);
      return;
    }
    assert(this.#state === HOLDING, NO_EVENT);
    this.#onResponseHooks(outcome);
  }

  /** Does what the route is for. */
  #act(): void {
    const { kind } = this.#request.route!;
    if (kind === RouteKind.FORWARD) this.#forward();
    else if (kind === RouteKind.UNMATCHED) this.#answerError(this.#answers.refuse(this.#request));
    else {
      this.#bodies.request.stop();
      this.#answer(this.#answers.own(this.#stream!, this.#request));
    }
  }

  // --- the upstream -----------------------------------------------------------------------------

  #forward(): void {
    const error = this.#request.chooseUpstream(this.#hooks);
    if (error === ExchangeError.NONE) this.#acquire(false);
    else this.#answerError(error);
  }

  #acquire(freshOnly: boolean): void {
    const upstream = this.#request.upstream!;
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
    const { head } = this.#stream!;
    const request = this.#request;
    if (request.route!.mirrors.length > 0 && !this.#isRetried) {
      request.sendMirrors(this.#bodies.hasRequestBody);
    }
    this.#state = REQUESTING;
    this.#client = client;
    this.#outcome.endpointUrl = client.endpointUrl;
    // Kept only where the body really follows within the callback that brought the head.
    head.bodyFollows &&= this.#isBeginning && this.#bodies.hasRequestBody;
    request.writeHead(client);
    if (!this.#bodies.hasRequestBody) return;
    if (this.#continue.isPending) this.#continue.start();
    else this.#bodies.request.start();
    this.#bodies.request.setSink(client);
  }

  onRequestWritable(): void {
    assert(this.#client !== null, NO_EVENT);
    this.#bodies.request.onWritable();
    this.#dropClientAfterTunnel();
  }

  /** The endpoint did not say 100 (Continue) in time. */
  onContinueOverdue(): void {
    assert(this.#state === REQUESTING && this.#continue.isPending, NO_EVENT);
    this.#continue.end();
    this.#bodies.request.start();
  }

  onUpstreamError(error: ExchangeError): void {
    switch (this.#state) {
      case REQUESTING: {
        const client = this.#dropClient();
        const mayRetry = !this.#isRetried && !this.#bodies.isRequestWritten;
        if (mayRetry && maySendAgain(error, client, this.#stream!.head.method)) this.#retry();
        else this.#answerError(error);
        return;
      }
      case HOLDING:
      case RESPONDING:
      case TUNNEL:
        this.#dropClient();
        this.#answerOrBreakOff(error);
        return;
      case FINISHING: // the answer was the head alone
        this.#dropClient();
        this.#bodies.request.stop();
        return;
      default:
        assert(false, NO_EVENT);
    }
  }

  #retry(): void {
    this.#context.cells[Cell.RETRIES]!++;
    this.#isRetried = true;
    this.#continue.stop();
    if (this.#bodies.hasRequestBody) this.#bodies.request.clearSink();
    this.#state = ADMITTING;
    this.#acquire(true);
  }

  // --- the response -----------------------------------------------------------------------------

  onInterimResponse(head: ResponseHead): void {
    assert(this.#state === REQUESTING, NO_EVENT);
    const stream = this.#stream!;
    const isExpected = stream.head.expectsContinue;
    // A second 100 would answer nothing: the first one was sent when the body was asked for.
    if (head.status === 100 && isExpected && !this.#continue.isPending) return;
    this.#context.cells[Cell.RESPONSES_1XX]!++;
    this.#snapshot!.responseFields.addInterim(head);
    stream.writeInterim(head);
    if (head.status !== 100 || !this.#continue.isPending) return;
    this.#continue.end();
    this.#bodies.request.start();
  }

  onResponseHead(head: ResponseHead): void {
    assert(this.#state === REQUESTING, NO_EVENT);
    this.#continue.end();
    if (head.status === 101) this.#switch(head);
    else if (this.#request.route!.seesResponses) this.#seeResponse(head);
    else this.#forwardResponse(head);
  }

  /** Middleware sees it first, then the pages that stand in for some statuses. */
  #seeResponse(head: ResponseHead): void {
    const hooks = this.#hooks;
    if (hooks === null) {
      if (!this.#answerPage(head)) this.#forwardResponse(head);
      return;
    }
    const outcome = hooks.runResponse(head);
    if (outcome !== HookOutcome.SUSPENDED) {
      this.#onResponseHooks(outcome);
      return;
    }
    this.#state = HOLDING;
    if (head.framing !== Framing.NONE) this.#bodies.response.open(this.#client!);
  }

  #onResponseHooks(outcome: HookOutcome): void {
    const hooks = this.#hooks!;
    const head = hooks.responseHead;
    if (outcome !== HookOutcome.DONE) this.#answerHooks(outcome);
    else if (!this.#answerPage(head)) this.#forwardResponse(head);
    hooks.endResponse();
  }

  /** Puts the operator's page in place of the response, where there is one for its status. */
  #answerPage(head: ResponseHead): boolean {
    const page = this.#snapshot!.upstreamPage(this.#request.route!, head.status);
    if (page === null) return false;
    const { status } = head;
    this.#letGo();
    this.#answer(this.#answers.page(this.#stream!, status, page.body));
    return true;
  }

  #forwardResponse(head: ResponseHead): void {
    this.#snapshot!.responseFields.addFinal(head);
    this.#outcome.status = head.status;
    this.#stream!.writeHead(head);
    if (head.framing === Framing.NONE) {
      this.#state = FINISHING;
      return;
    }
    this.#state = RESPONDING;
    this.#bodies.startResponse(this.#client, this.#stream!);
    this.#finishWhenDone(); // it was empty, and ended while it was held
  }

  onResponseBody(buffer: BufferHandle, start: number, end: number, isLast: boolean): void {
    assert(this.#state === RESPONDING || this.#state === TUNNEL, NO_EVENT);
    this.#bodies.response.onChunk(buffer, start, end, isLast);
  }

  onResponseEnd(trailers: HeaderBlock | null): void {
    switch (this.#state) {
      case HOLDING: // its end came with the head
      case RESPONDING:
        this.#bodies.response.onEnd(trailers);
        this.#endClient();
        this.#finishWhenDone();
        return;
      case FINISHING: // the answer was the head alone
        this.#endClient();
        return;
      case TUNNEL:
        this.#bodies.response.onEnd(trailers);
        this.#dropClientAfterTunnel();
        return;
      default:
        assert(false, NO_EVENT);
    }
  }

  onResponseWritable(): void {
    assert(this.#state !== FREE, NO_EVENT);
    this.#bodies.response.onWritable();
    this.#finishWhenDone();
  }

  #finishWhenDone(): void {
    if (this.#state === RESPONDING && this.#bodies.response.isDone) this.#state = FINISHING;
  }

  onResponseSent(): void {
    assert(this.#state > HOLDING, NO_EVENT);
    this.#finish(this.#outcome.error);
  }

  /** The endpoint accepted the upgrade: from here on both directions are raw bytes. */
  #switch(head: ResponseHead): void {
    const client = this.#client!;
    const stream = this.#stream!;
    if (!isUpgradeAskedFor(this.#context.bytes, stream.head, head)) {
      this.#answerError(ExchangeError.UPGRADE_FAILED);
      return;
    }
    this.#snapshot!.responseFields.addFinal(head);
    this.#context.cells[Cell.TUNNELS_OPEN]!++;
    this.#outcome.status = head.status;
    this.#state = TUNNEL;
    this.#outcome.tunnelRecord = this.#snapshot!.reports.recordTunnel(
      stream.head,
      this.#request.plan,
    );
    stream.switchToTunnel(head);
    if (this.#hooks !== null) this.#hooks.closeViews();
    stream.releaseHead();
    this.#bodies.startTunnel(client, stream);
  }

  // --- the end ----------------------------------------------------------------------------------

  /** Nothing was answered yet, or nothing that the client has seen. */
  #answerError(error: ExchangeError): void {
    this.#letGo();
    this.#outcome.error = error;
    this.#answer(this.#answers.error(this.#stream!, error, this.#request.route, this.#snapshot!));
  }

  /** What middleware wants to be answered, or what its failure is answered with. */
  #answerHooks(outcome: HookOutcome): void {
    if (outcome === HookOutcome.ANSWER) {
      const answer = this.#hooks!.answer;
      this.#letGo();
      this.#answer(this.#answers.custom(this.#stream!, answer));
    } else if (outcome === HookOutcome.OVERLOADED) this.#answerError(ExchangeError.OVERLOADED);
    else this.#answerError(ExchangeError.MIDDLEWARE_FAILED);
  }

  #answer(status: number): void {
    this.#outcome.status = status;
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
    const { cells } = this.#context;
    const snapshot = this.#snapshot!;
    if (this.#state === TUNNEL) cells[Cell.TUNNELS_OPEN]!--;
    cells[Cell.EXCHANGES_OPEN]!--;
    this.#letGo();
    this.#outcome.error = error;
    snapshot.reports.finish(this.#outcome, this.#stream!, this.#request.plan);
    if (this.#hooks !== null) this.#hooks.finish(this.#outcome);
    this.#outcome.reset();
    this.#state = FREE;
    this.#stream = null;
    this.#hooks = null;
    this.#request.end();
    this.#snapshot = null;
    this.#bodies.hasRequestBody = false;
    this.#isRetried = false;
    this.#exchanges.release(this);
    snapshot.removeExchange();
  }

  /** Gives up whatever is still under way towards the upstream. */
  #letGo(): void {
    this.#continue.end();
    if (this.#hooks !== null) this.#hooks.cancel();
    if (this.#state === WAITING) this.#request.upstream!.cancel(this);
    if (this.#client !== null) this.#dropClient().abort();
    this.#bodies.stop();
  }

  /** The response has ended: a request that is not whole takes the connection with it. */
  #endClient(): void {
    const client = this.#dropClient();
    if (this.#bodies.hasRequestBody && !this.#bodies.request.isDone) client.abort();
    this.#bodies.request.stop();
  }

  /** A tunnel's client stream is over when both directions have ended. */
  #dropClientAfterTunnel(): void {
    if (this.#state !== TUNNEL || this.#client === null) return;
    if (this.#bodies.request.isDone && this.#bodies.response.isRead) this.#dropClient();
  }

  /** The client stream is not used any more. */
  #dropClient(): ClientStream {
    const client = this.#client;
    assert(client !== null, NO_EVENT);
    this.#outcome.readClient(client);
    this.#client = null;
    return client;
  }
}

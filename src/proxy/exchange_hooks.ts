// The middleware of one exchange: joins it with a run of the route's pipeline, and tells that run
// of the request. Made for exchanges on routes that have middleware, and for no other.

import type { ServerStream } from '../http/exchange_contract.ts';
import { EXCHANGE_ERRORS, ExchangeError } from '../http/exchange_error.ts';
import { FieldId } from '../http/field_names.ts';
import type { RequestHead, ResponseHead } from '../http/message_head.ts';
import { latin1Text } from '../http/text.ts';
import type { CheckedAnswer } from '../middleware/checked_answer.ts';
import type { HookOutcome } from '../middleware/hook_outcome.ts';
import type { MiddlewareExchange } from '../middleware/middleware_exchange.ts';
import type { MiddlewareRun } from '../middleware/middleware_run.ts';
import type { ExchangeContext } from './exchange_context.ts';
import type { ExchangeOutcome } from './exchange_outcome.ts';
import type { ExchangeRequest } from './exchange_request.ts';
import type { ProxyState } from './proxy_state.ts';

/** Told when a phase that was suspended is over. */
export interface HooksOwner {
  onHooksResumed(outcome: HookOutcome): void;
}

export class ExchangeHooks implements MiddlewareExchange {
  readonly requestHead: RequestHead;
  readonly requestScheme: 'http' | 'https';
  readonly paramNames: readonly string[];
  readonly routeName: string;
  readonly #context: ExchangeContext;
  readonly #state: ProxyState;
  readonly #stream: ServerStream;
  readonly #request: ExchangeRequest;
  readonly #owner: HooksOwner;
  readonly #run: MiddlewareRun;

  /** The request's route has a pipeline. */
  constructor(
    context: ExchangeContext,
    state: ProxyState,
    stream: ServerStream,
    request: ExchangeRequest,
    owner: HooksOwner,
  ) {
    const route = request.route!;
    this.requestHead = stream.head;
    this.requestScheme = request.pointOrigin().scheme;
    this.paramNames = state.table.paramNames(request.match.entryIndex);
    this.routeName = route.name;
    this.#context = context;
    this.#state = state;
    this.#stream = stream;
    this.#request = request;
    this.#owner = owner;
    this.#run = context.middlewareRuns.begin(route.pipeline!, this);
  }

  // --- for the exchange --------------------------------------------------------------------------

  runRequest(): HookOutcome {
    return this.#run.runRequest();
  }

  /** Shows a final head, which is valid until the caller's callback returns. */
  runResponse(head: ResponseHead): HookOutcome {
    return this.#run.runResponse(head);
  }

  /** After a response phase: the head to send on. */
  get responseHead(): ResponseHead {
    return this.#run.responseHead;
  }

  /** The response's head was encoded. */
  endResponse(): void {
    this.#run.endResponse();
  }

  /** The exchange has become a tunnel: its heads go back. */
  closeViews(): void {
    this.#run.closeViews();
  }

  /** What is to be sent after ANSWER. */
  get answer(): CheckedAnswer {
    return this.#run.answer!;
  }

  /** Index of the upstream that middleware chose; -1 for none. */
  get upstreamIndex(): number {
    const name = this.#run.upstreamName;
    return name === '' ? -1 : this.#state.upstreamIndexOf(name);
  }

  cancel(): void {
    this.#run.cancel();
  }

  /** The exchange is over, while its stream can still be asked. */
  finish(outcome: ExchangeOutcome): void {
    const stream = this.#stream;
    const isFine = outcome.error === ExchangeError.NONE;
    this.#run.finish({
      status: outcome.status,
      error: isFine ? '' : EXCHANGE_ERRORS[outcome.error]!.code,
      route: this.routeName,
      upstream: outcome.upstreamName,
      endpoint: outcome.endpointUrl,
      durationMs: this.#context.clock.nowMs - stream.startMs,
      requestBodyBytes: stream.requestBodyBytes,
      responseBytes: stream.responseBytes,
    });
  }

  // --- for the run -------------------------------------------------------------------------------

  paramText(index: number): string {
    const { params } = this.#request.match;
    return latin1Text(this.#context.bytes, params[index * 2]!, params[index * 2 + 1]!);
  }

  clientHost(): string {
    return this.#request.pointOrigin().clientHost();
  }

  requestId(): string {
    const { requestNumber } = this.#request.plan;
    if (requestNumber > 0) return this.#context.requestIds.text(requestNumber);
    const { fields } = this.requestHead;
    const index = fields.find(FieldId.X_REQUEST_ID);
    if (index < 0) return '';
    return latin1Text(this.#context.bytes, fields.valueStart(index), fields.valueEnd(index));
  }

  hasUpstream(name: string): boolean {
    return this.#state.upstreamIndexOf(name) >= 0;
  }

  onMiddlewareResume(outcome: HookOutcome): void {
    this.#owner.onHooksResumed(outcome);
  }
}

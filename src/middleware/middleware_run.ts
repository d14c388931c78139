// Middleware of one exchange: calls the hooks of a pipeline phase by phase, and waits for those
// that return a promise. The exchange asks for a phase and goes on, answers, or waits:
//
//   READY --runRequest(), runResponse()--> RUNNING --all synchronous: DONE, ANSWER, FAILED--> READY
//                                           |    ^
//                       SUSPENDED: promise  v    | next turn of the loop
//                                        AWAITING --settled--> SETTLED
//                                           |                     |
//                                           +-- cancel(), timeout +--> READY
//
// `onMiddlewareResume` comes from the loop's turn only, never from inside a call, and never after
// `cancel()` or `finish()`. What a promise says then is dropped; that it was rejected kills nobody.
// An exchange without middleware has no run.

import { AssertionError, assert } from '../base/assert.ts';
import type { BufferPool } from '../base/buffer_pool.ts';
import type { Clock } from '../base/clock.ts';
import { ZProxyError } from '../base/errors.ts';
import { MIDDLEWARE_TIMEOUT_MS } from '../base/limits.ts';
import { ObjectPool, type Pooled } from '../base/object_pool.ts';
import { Timer, type TimerOwner, type TimerWheel } from '../base/timer_wheel.ts';
import type { ResponseHead } from '../http/message_head.ts';
import { ArenaText } from './arena_text.ts';
import { awaitHook, type HookReceiver, isPromise } from './async_bridge.ts';
import { type CheckedAnswer, checkAnswer } from './checked_answer.ts';
import { runCompleteHooks, type SummaryFacts } from './complete_phase.ts';
import { FieldStore, OUT_OF_BUFFERS } from './field_store.ts';
import type { ViewMemory } from './fields_view.ts';
import { HeldHead } from './held_head.ts';
import { HookOutcome } from './hook_outcome.ts';
import type { MiddlewareAnswer } from './middleware.ts';
import type { MiddlewareExchange } from './middleware_exchange.ts';
import type { MiddlewareStep, Pipeline } from './pipeline.ts';
import { type ExchangeChoices, RequestView } from './request_view.ts';
import { type ResponsePlace, ResponseView } from './response_view.ts';
import { ViewAccess, ViewGate } from './view_gate.ts';

const RunState = { FREE: 0, READY: 1, RUNNING: 2, AWAITING: 3, SETTLED: 4 } as const;
type RunState = (typeof RunState)[keyof typeof RunState];

const { FREE, READY, RUNNING, AWAITING, SETTLED } = RunState;
const ORDER = 'a phase of middleware begins when the one before it is over';
const NO_STEPS: readonly MiddlewareStep[] = [];

/** The part of a transport that middleware needs. */
export interface MiddlewareRuntime {
  readonly pool: BufferPool;
  readonly clock: Clock;
  readonly timers: TimerWheel;
  /** Runs `task` in the loop's next turn; may be called from anywhere. */
  defer(task: () => void): void;
}

/** Makes runs, and keeps those that are over for the next exchange. One per worker. */
export class MiddlewareRuns {
  readonly memory: ViewMemory;
  readonly #runs: ObjectPool<MiddlewareRun>;

  /** Keeps at most `freeMax` unused runs. */
  constructor(runtime: MiddlewareRuntime, freeMax: number) {
    const { arena } = runtime.pool;
    const memory: ViewMemory = { bytes: arena.bytes, text: new ArenaText(arena.bytes) };
    this.memory = memory;
    this.#runs = new ObjectPool(() => new MiddlewareRun(runtime, memory, this.#runs), freeMax);
  }

  /** A run for an exchange whose pipeline is not null. The exchange calls `finish` at its end. */
  begin(pipeline: Pipeline, exchange: MiddlewareExchange): MiddlewareRun {
    const run = this.#runs.acquire();
    run.begin(pipeline, exchange);
    return run;
  }

  /** Runs of exchanges that are not over; a leak check. */
  get usedCount(): number {
    return this.#runs.usedCount;
  }
}

export class MiddlewareRun implements HookReceiver, TimerOwner, Pooled {
  generation = 0;
  isFree = true;
  /** After ANSWER: what is to be sent. */
  answer: CheckedAnswer | null = null;
  readonly #runtime: MiddlewareRuntime;
  readonly #memory: ViewMemory;
  readonly #runs: ObjectPool<MiddlewareRun>;
  readonly #requestStore: FieldStore;
  readonly #responseStore: FieldStore;
  readonly #held: HeldHead;
  readonly #timer: Timer;
  readonly #resume: () => void;
  readonly #place: ResponsePlace;
  #state: RunState = FREE;
  #pipeline: Pipeline | null = null;
  #exchange: MiddlewareExchange | null = null;
  #choices: ExchangeChoices | null = null;
  #requestGate: ViewGate | null = null;
  #request: RequestView | null = null;
  #responseGate: ViewGate | null = null;
  #response: ResponseView | null = null;
  /** Of the phase that is running, and which comes next. */
  #steps: readonly MiddlewareStep[] = NO_STEPS;
  #next = 0;
  /** Place of the last middleware that the request came to; -1 for none. */
  #reached = -1;
  /** Grows with each wait, for ever: what settles under an old one is late. */
  #ticket = 0;
  #isRejected = false;
  #settledValue: unknown = undefined;

  constructor(runtime: MiddlewareRuntime, memory: ViewMemory, runs: ObjectPool<MiddlewareRun>) {
    this.#runtime = runtime;
    this.#memory = memory;
    this.#runs = runs;
    this.#requestStore = new FieldStore(runtime.pool);
    this.#responseStore = new FieldStore(runtime.pool);
    this.#held = new HeldHead(runtime.pool);
    this.#timer = new Timer(this);
    this.#resume = (): void => this.#onTurn();
    this.#place = { head: this.#held.head };
  }

  /** Called by `MiddlewareRuns` alone. */
  begin(pipeline: Pipeline, exchange: MiddlewareExchange): void {
    assert(this.#state === FREE, 'a run begins once');
    this.#state = READY;
    this.#pipeline = pipeline;
    this.#exchange = exchange;
    this.#choices = { upstreamName: '', state: {} };
    this.#reached = -1;
  }

  /** Name of the upstream that middleware chose; '' for none. */
  get upstreamName(): string {
    return this.#choices!.upstreamName;
  }

  /**
   * The head to send on after `runResponse`: the one that was given, or a copy of it where a hook
   * was awaited. Valid until `endResponse`.
   */
  get responseHead(): ResponseHead {
    return this.#place.head;
  }

  /**
   * Runs `onRequest` of each middleware in order. Once per exchange, after the head was admitted.
   */
  runRequest(): HookOutcome {
    assert(this.#state === READY && this.#reached < 0, ORDER);
    const steps = this.#pipeline!.onRequest;
    if (steps === null) {
      this.#reached = this.#pipeline!.steps.length - 1;
      return HookOutcome.DONE;
    }
    this.#openRequest();
    this.#steps = steps;
    this.#next = 0;
    return this.#advance();
  }

  /**
   * Runs `onUpstreamResponse` of each middleware in reverse order on a final head, which must stay
   * valid until this returns.
   */
  runResponse(head: ResponseHead): HookOutcome {
    assert(this.#state === READY && this.#response === null, ORDER);
    this.#place.head = head;
    const steps = this.#pipeline!.onUpstreamResponse;
    if (steps === null) return HookOutcome.DONE;
    if (this.#request === null) this.#openRequest();
    this.#requestGate!.access = ViewAccess.READ;
    this.#openResponse();
    this.#steps = steps;
    this.#next = 0;
    return this.#advance();
  }

  /**
   * Ends a phase that is suspended: no `onMiddlewareResume` comes for it. Without effect otherwise.
   */
  cancel(): void {
    if (this.#state !== AWAITING && this.#state !== SETTLED) return;
    this.#runtime.timers.cancel(this.#timer);
    this.#settledValue = undefined;
    this.#endPhase();
  }

  /** The response's head was encoded: the memory that changes and a copy of it took goes back. */
  endResponse(): void {
    assert(this.#state === READY, ORDER);
    this.#closeResponse();
  }

  /**
   * The heads are no longer valid (the exchange has become a tunnel): whoever kept a view of them
   * is refused, and memory goes back.
   */
  closeViews(): void {
    assert(this.#state === READY, ORDER);
    this.#closeResponse();
    if (this.#requestGate !== null) this.#requestGate.access = ViewAccess.OVER;
    this.#requestStore.release();
  }

  /**
   * The exchange is over: cancels, runs `onComplete` of each middleware that the request came to,
   * and gives everything back. The run is not to be used any more.
   */
  finish(facts: SummaryFacts): void {
    assert(this.#state !== FREE && this.#state !== RUNNING, ORDER);
    this.cancel();
    this.closeViews();
    const steps = this.#pipeline!.onComplete;
    if (steps !== null && this.#reached >= 0) {
      runCompleteHooks(steps, this.#reached, facts, this.#choices!.state, this.#runtime.clock);
    }
    this.#state = FREE;
    this.#pipeline = null;
    this.#exchange = null;
    this.#choices = null;
    this.#requestGate = null;
    this.#request = null;
    this.answer = null;
    this.#runs.release(this);
  }

  // --- phases -----------------------------------------------------------------------------------

  #openRequest(): void {
    const gate = new ViewGate();
    this.#requestGate = gate;
    this.#request = new RequestView(
      this.#exchange!,
      gate,
      this.#requestStore,
      this.#memory,
      this.#choices!,
    );
  }

  #openResponse(): void {
    const gate = new ViewGate();
    this.#responseGate = gate;
    this.#response = new ResponseView(
      this.#place,
      gate,
      this.#responseStore,
      this.#memory,
      this.#request!,
    );
  }

  #closeResponse(): void {
    if (this.#responseGate !== null) this.#responseGate.access = ViewAccess.OVER;
    this.#responseGate = null;
    this.#response = null;
    this.#place.head = this.#held.head;
    this.#held.release();
    this.#responseStore.release();
  }

  /** Calls hooks until one has something to say. */
  #advance(): HookOutcome {
    this.#state = RUNNING;
    while (this.#next < this.#steps.length) {
      const step = this.#steps[this.#next++]!;
      let result: unknown;
      try {
        result = this.#call(step);
      } catch (error) {
        return this.#fail(step, error);
      }
      if (result === undefined || result === null) continue;
      return isPromise(result) ? this.#suspend(step, result) : this.#accept(step, result);
    }
    if (this.#response === null) this.#reached = this.#pipeline!.steps.length - 1;
    return this.#end(HookOutcome.DONE);
  }

  #call(step: MiddlewareStep): unknown {
    const request = this.#request!;
    if (this.#response !== null) return step.hooks.onUpstreamResponse!(this.#response, request);
    this.#reached = step.index;
    return step.hooks.onRequest!(request);
  }

  #accept(step: MiddlewareStep, result: unknown): HookOutcome {
    try {
      this.answer = checkAnswer(result as MiddlewareAnswer);
    } catch (error) {
      return this.#fail(step, error);
    }
    return this.#end(HookOutcome.ANSWER);
  }

  #suspend(step: MiddlewareStep, promise: PromiseLike<unknown>): HookOutcome {
    const { timers, clock } = this.#runtime;
    this.#ticket++;
    awaitHook(promise, this, this.#ticket);
    if (!this.#holdResponse()) return this.#end(HookOutcome.OVERLOADED);
    assert(this.#steps[this.#next - 1] === step, 'the middleware that is awaited was called last');
    timers.set(this.#timer, clock.nowMs + MIDDLEWARE_TIMEOUT_MS);
    this.#state = AWAITING;
    return HookOutcome.SUSPENDED;
  }

  /** A response's head is the driver's until its callback returns: waiting needs a copy. */
  #holdResponse(): boolean {
    if (this.#response === null || this.#place.head === this.#held.head) return true;
    if (!this.#held.hold(this.#place.head)) return false;
    this.#place.head = this.#held.head;
    return true;
  }

  #fail(step: MiddlewareStep, error: unknown): HookOutcome {
    if (error instanceof AssertionError) throw error; // ours, not the author's
    if (error instanceof ZProxyError && error.code === OUT_OF_BUFFERS) {
      return this.#end(HookOutcome.OVERLOADED);
    }
    const hook = this.#response === null ? 'onRequest' : 'onUpstreamResponse';
    step.failures.report(hook, error, this.#runtime.clock.nowMs);
    return this.#end(HookOutcome.FAILED);
  }

  #end(outcome: HookOutcome): HookOutcome {
    this.#endPhase();
    return outcome;
  }

  /** From here on nothing of what the phase was about may be changed by whoever kept a view. */
  #endPhase(): void {
    this.#state = READY;
    this.#steps = NO_STEPS;
    this.#requestGate!.access = ViewAccess.READ;
    if (this.#responseGate !== null) this.#responseGate.access = ViewAccess.OVER;
  }

  // --- waiting ----------------------------------------------------------------------------------

  onHookSettled(ticket: number, isRejected: boolean, value: unknown): void {
    if (ticket !== this.#ticket || this.#state !== AWAITING) return;
    this.#runtime.timers.cancel(this.#timer);
    this.#state = SETTLED;
    this.#isRejected = isRejected;
    this.#settledValue = value;
    this.#runtime.defer(this.#resume);
  }

  /** May come for a wait that was cancelled, and find nothing to do. */
  #onTurn(): void {
    if (this.#state !== SETTLED) return;
    const step = this.#steps[this.#next - 1]!;
    const value = this.#settledValue;
    this.#settledValue = undefined;
    let outcome: HookOutcome;
    if (this.#isRejected) outcome = this.#fail(step, value);
    else if (value === undefined || value === null) outcome = this.#advance();
    else outcome = this.#accept(step, value);
    if (outcome !== HookOutcome.SUSPENDED) this.#exchange!.onMiddlewareResume(outcome);
  }

  onTimer(_timer: Timer): void {
    assert(this.#state === AWAITING, 'a timeout comes while a hook is awaited');
    const error = new ZProxyError(
      'ZP_MIDDLEWARE_TIMEOUT',
      `its promise did not settle within ${MIDDLEWARE_TIMEOUT_MS} ms; give what it waits for a ` +
        'shorter timeout of its own',
    );
    const outcome = this.#fail(this.#steps[this.#next - 1]!, error);
    this.#exchange!.onMiddlewareResume(outcome);
  }
}

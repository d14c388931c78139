// One worker process from its start to its end. What it is for, and what follows it, is up to its
// slot (worker_slot.ts). The only code that reads or writes its state.
//
//   STARTING --'ready'--> READY
//       \                  /
//        \--- drain() ----/---> DRAINING      from each: exit -> GONE

import type { ChildProcess } from 'node:child_process';
import { WORKER_EXIT_GRACE_MS, WORKER_START_TIMEOUT_MS } from '../base/limits.ts';
import { HeartbeatWatch } from './heartbeat_watch.ts';
import type { FromWorker, ToWorker, WorkerFailure } from './worker_protocol.ts';

export const WorkerState = {
  STARTING: 'starting',
  READY: 'ready',
  DRAINING: 'draining',
  GONE: 'gone',
} as const;
export type WorkerState = (typeof WorkerState)[keyof typeof WorkerState];

/** What was started for it: all of it ends with it. */
export interface StartedProcess {
  readonly child: ChildProcess;
  /** Its row of the shared segment. */
  readonly row: number;
  /** Our end of its descriptor channel. */
  readonly channel: number;
  /** Sockets that it has inherited. */
  readonly socketIds: readonly number[];
}

/** Who is told what becomes of it. */
export interface WorkerOwner {
  onReady(worker: RunningWorker): void;
  onGone(worker: RunningWorker): void;
}

/** What a worker says to a snapshot; death is an answer, too. */
export type PrepareAnswer =
  | { readonly kind: 'prepared'; readonly hash: string }
  | { readonly kind: 'refused'; readonly failure: WorkerFailure };

/** Why a worker died whose process could not be made. */
export const NOT_STARTED = 'could not be started';

export class RunningWorker {
  readonly slotIndex: number;
  readonly row: number;
  readonly channel: number;
  /** Monotonic milliseconds. */
  readonly startedMs: number = performance.now();
  /** What it runs on: `uring` or `node`; '' until it is ready. */
  transport = '';
  /** Sockets that it serves, by id. */
  socketIds: ReadonlySet<number>;
  /** What it said was in its way. */
  failure: WorkerFailure | null = null;
  /** Why it is gone. */
  exitReason = '';
  /** It left as it was told to. */
  wasClean = false;
  /** Monotonic milliseconds since when it drains; 0: it does not. */
  drainingSinceMs = 0;
  /** Monotonic milliseconds by when it has to be done. */
  drainEndsMs: number = Number.POSITIVE_INFINITY;
  readonly #child: ChildProcess;
  readonly #owner: WorkerOwner;
  #state: WorkerState = WorkerState.STARTING;
  #watch = new HeartbeatWatch(0);
  #timer: NodeJS.Timeout | null = null;
  /** Why we killed it, '' if we did not. */
  #killReason = '';
  /** Resolves once the process is gone. */
  readonly gone: Promise<void>;
  #onGone: () => void = () => {};
  #onAnswer: ((message: FromWorker | null) => void) | null = null;

  constructor(slotIndex: number, started: StartedProcess, owner: WorkerOwner) {
    this.slotIndex = slotIndex;
    this.row = started.row;
    this.channel = started.channel;
    this.socketIds = new Set(started.socketIds);
    this.#child = started.child;
    this.#owner = owner;
    this.gone = new Promise((resolve) => {
      this.#onGone = resolve;
    });
    const { child } = started;
    this.#killAfter(WORKER_START_TIMEOUT_MS, 'it was not ready in time');
    child.on('message', (message) => this.#onMessage(message as FromWorker));
    child.on('error', (error) => {
      // Could not be started at all: no exit follows. (Failed sends are reported to their
      // callbacks.)
      if (child.pid === undefined) this.#onExit(null, `${NOT_STARTED}: ${error.message}`);
    });
    child.on('exit', (code, signal) => this.#onExit(code, this.#describeExit(code, signal)));
  }

  // --- events ------------------------------------------------------------------------------------

  /** Sends a message; resolves once it is written, or there is nobody to take it. */
  send(message: ToWorker): Promise<void> {
    const child = this.#child;
    if (!child.connected) return Promise.resolve();
    // A worker that is gone says so by its exit.
    return new Promise((resolve) => child.send(message, () => resolve()));
  }

  /** What it makes of the snapshot `generation` that it is being sent. */
  async answer(generation: number, timeoutMs: number): Promise<PrepareAnswer> {
    const message = await this.#next(generation, ['prepared', 'refused'], timeoutMs);
    if (message?.type === 'prepared') return { kind: 'prepared', hash: message.hash };
    if (message?.type === 'refused') return { kind: 'refused', failure: message.failure };
    const reason =
      this.#state === WorkerState.GONE
        ? `it died (${this.exitReason})`
        : `it did not answer within ${timeoutMs / 1000} s`;
    return { kind: 'refused', failure: { code: 'ZP_WORKER_CRASHED', message: reason } };
  }

  /** Whether it serves the snapshot `generation` within that time. */
  async committed(generation: number, timeoutMs: number): Promise<boolean> {
    return (await this.#next(generation, ['committed'], timeoutMs)) !== null;
  }

  /**
   * Lets it finish within `deadlineMs`; nothing that was said before gives it longer than that.
   */
  drain(deadlineMs: number): void {
    if (this.#state === WorkerState.GONE) return;
    const endsMs = performance.now() + deadlineMs;
    if (this.#state !== WorkerState.DRAINING) {
      this.#state = WorkerState.DRAINING;
      this.drainingSinceMs = performance.now();
      void this.send({ type: 'drain', deadlineMs });
      this.drainEndsMs = endsMs;
      this.#killAfter(deadlineMs + WORKER_EXIT_GRACE_MS, 'it did not exit after its drain');
    } else if (endsMs < this.drainEndsMs) {
      this.drainEndsMs = endsMs;
      this.#clearTimer();
      this.#timer = setTimeout(() => this.endNow(), deadlineMs);
    }
  }

  /** Ends a drain now. */
  endNow(): void {
    if (this.#state !== WorkerState.DRAINING) return;
    void this.send({ type: 'end' });
    this.drainEndsMs = 0;
    this.#killAfter(WORKER_EXIT_GRACE_MS, 'it did not exit when told to');
  }

  /** Ends it without further ado, for that reason. */
  kill(reason: string): void {
    if (this.#state === WorkerState.GONE) return;
    this.#killReason = reason;
    this.#child.kill('SIGKILL');
  }

  /** Looks at its heartbeat; kills a worker that is ready and stands still. */
  checkHeartbeat(value: number, nowMs: number): void {
    if (this.#state !== WorkerState.READY) return;
    if (this.#watch.isOverdue(value, nowMs)) this.kill('its loop stood still for 10 s');
  }

  // --- questions ---------------------------------------------------------------------------------

  get state(): WorkerState {
    return this.#state;
  }

  /** Process id; 0 where the process could not be made. */
  get pid(): number {
    return this.#child.pid ?? 0;
  }

  // --- inside ------------------------------------------------------------------------------------

  #onMessage(message: FromWorker): void {
    switch (message.type) {
      case 'failed':
        this.failure = message.failure;
        return;
      case 'ready':
        this.transport = message.transport;
        if (this.#state !== WorkerState.STARTING) return;
        this.#state = WorkerState.READY;
        this.#clearTimer();
        this.#watch = new HeartbeatWatch(performance.now());
        this.#owner.onReady(this);
        return;
      case 'prepared':
      case 'refused':
      case 'committed':
        this.#onAnswer?.(message);
        return;
    }
  }

  /** The next message of those types about `generation`; null at its death or after the time. */
  #next(
    generation: number,
    types: readonly FromWorker['type'][],
    timeoutMs: number,
  ): Promise<FromWorker | null> {
    if (this.#state === WorkerState.GONE) return Promise.resolve(null);
    return new Promise((resolve) => {
      const settle = (message: FromWorker | null): void => {
        clearTimeout(timer);
        this.#onAnswer = null;
        resolve(message);
      };
      const timer = setTimeout(() => settle(null), timeoutMs);
      this.#onAnswer = (message) => {
        if (message === null) settle(null);
        else if (types.includes(message.type) && isAbout(message, generation)) settle(message);
      };
    });
  }

  #onExit(code: number | null, reason: string): void {
    if (this.#state === WorkerState.GONE) return;
    this.#clearTimer();
    this.wasClean = this.#state === WorkerState.DRAINING && code === 0;
    this.exitReason = reason;
    this.#state = WorkerState.GONE;
    this.#onAnswer?.(null);
    this.#owner.onGone(this);
    this.#onGone();
  }

  #describeExit(code: number | null, signal: NodeJS.Signals | null): string {
    if (this.#killReason !== '') return `killed, because ${this.#killReason}`;
    if (signal !== null) return `ended by ${signal}`;
    if (this.failure !== null) return this.failure.message;
    return `exited with code ${code}`;
  }

  #killAfter(delayMs: number, reason: string): void {
    this.#clearTimer();
    this.#timer = setTimeout(() => this.kill(reason), delayMs);
  }

  #clearTimer(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }
}

function isAbout(message: FromWorker, generation: number): boolean {
  return 'generation' in message && message.generation === generation;
}

// One worker slot: a place for a worker process, which is replaced when it dies. The only code that
// reads or writes its state.
//
//             start()             'ready'
//   VACANT ------------> STARTING ---------> READY
//     ^                    |  |                | \
//     | after a delay      |  | drain()        |  \ drain()
//     | (RestartPolicy)    |  v                |   v
//    DEAD <----------------+  DRAINING <-------|---+
//     ^       exit             | exit          | exit
//     +------------------------|---------------+
//                              v
//                            ENDED     (also from VACANT and DEAD by drain())

import type { ChildProcess } from 'node:child_process';
import { unreachable } from '../base/assert.ts';
import {
  WORKER_BACKOFF_MS_MIN,
  WORKER_EXIT_GRACE_MS,
  WORKER_START_TIMEOUT_MS,
} from '../base/limits.ts';
import { LogLevel, type LogSink } from '../base/log_sink.ts';
import { HeartbeatWatch } from './heartbeat_watch.ts';
import { RestartPolicy } from './restart_policy.ts';
import type { FromWorker, ToWorker, WorkerFailure } from './worker_protocol.ts';

export const SlotState = {
  VACANT: 'vacant',
  STARTING: 'starting',
  READY: 'ready',
  DRAINING: 'draining',
  DEAD: 'dead',
  ENDED: 'ended',
} as const;
export type SlotState = (typeof SlotState)[keyof typeof SlotState];

/** What a slot needs of its supervisor. */
export interface SlotContext {
  readonly log: LogSink;
  /** Starts a process that has inherited what the slot's workers serve. */
  spawn(slot: WorkerSlot): ChildProcess;
  /** What it is told first; later is fine: names may still be resolving. */
  firstMessage(slot: WorkerSlot): Promise<ToWorker>;
  /** The heartbeat cell of the slot's worker. */
  heartbeat(slot: WorkerSlot): number;
  onReady(slot: WorkerSlot): void;
  /**
   * Its worker is gone, its row is its own no longer. Called before a successor starts. `text` is
   * the line for the log, '' for a worker that ended as it was told to.
   */
  onDeath(slot: WorkerSlot, text: string): void;
  /** No worker runs in it and none will. */
  onEnded(slot: WorkerSlot): void;
}

export class WorkerSlot {
  readonly index: number;
  readonly #context: SlotContext;
  readonly #policy = new RestartPolicy();
  #state: SlotState = SlotState.VACANT;
  #child: ChildProcess | null = null;
  #startedMs = 0;
  #watch = new HeartbeatWatch(0);
  #timer: NodeJS.Timeout | null = null;
  /** Why we killed it, '' if we did not. */
  #killReason = '';
  #failure: WorkerFailure | null = null;
  #deathsCount = 0;
  #lastDeath = '';
  #transport = '';

  constructor(index: number, context: SlotContext) {
    this.index = index;
    this.#context = context;
  }

  // --- events ------------------------------------------------------------------------------------

  start(): void {
    switch (this.#state) {
      case SlotState.VACANT:
      case SlotState.DEAD:
        this.#spawn();
        return;
      case SlotState.STARTING:
      case SlotState.READY:
      case SlotState.DRAINING:
      case SlotState.ENDED:
        return;
      default:
        unreachable(this.#state);
    }
  }

  /** Lets the worker finish within `deadlineMs`; no other one follows it. */
  drain(deadlineMs: number): void {
    switch (this.#state) {
      case SlotState.VACANT:
      case SlotState.DEAD:
        this.#clearTimer();
        this.#end();
        return;
      case SlotState.STARTING:
      case SlotState.READY:
        this.#state = SlotState.DRAINING;
        this.send({ type: 'drain', deadlineMs });
        this.#killAfter(deadlineMs + WORKER_EXIT_GRACE_MS, 'it did not exit after its drain');
        return;
      case SlotState.DRAINING:
      case SlotState.ENDED:
        return;
      default:
        unreachable(this.#state);
    }
  }

  /** Ends a drain now. */
  endNow(): void {
    if (this.#state !== SlotState.DRAINING) return;
    this.send({ type: 'end' });
    this.#killAfter(WORKER_EXIT_GRACE_MS, 'it did not exit when told to');
  }

  /** Looks at the heartbeat; kills a worker that is ready and stands still. */
  checkHeartbeat(nowMs: number): void {
    if (this.#state !== SlotState.READY) return;
    if (!this.#watch.isOverdue(this.#context.heartbeat(this), nowMs)) return;
    this.#kill('its loop stood still for 10 s');
  }

  /** Sends a message, if there is a worker to take it. */
  send(message: ToWorker): void {
    const child = this.#child;
    if (child?.connected !== true) return;
    child.send(message, () => {}); // a worker that is gone says so by its exit
  }

  // --- questions ---------------------------------------------------------------------------------

  get state(): SlotState {
    return this.#state;
  }

  /** Process id; 0 where no worker runs. */
  get pid(): number {
    return this.#child?.pid ?? 0;
  }

  get deathsCount(): number {
    return this.#deathsCount;
  }

  /** Why the last one died; '' if none did. */
  get lastDeath(): string {
    return this.#lastDeath;
  }

  /** What the worker that died last said was in its way. */
  get failure(): WorkerFailure | null {
    return this.#failure;
  }

  /** What its worker runs on: `uring` or `node`. */
  get transport(): string {
    return this.#transport;
  }

  /** Monotonic milliseconds when the worker was started. */
  get startedMs(): number {
    return this.#startedMs;
  }

  // --- inside ------------------------------------------------------------------------------------

  #spawn(): void {
    this.#state = SlotState.STARTING;
    this.#startedMs = performance.now();
    this.#killReason = '';
    this.#failure = null;
    const child = this.#context.spawn(this);
    this.#child = child;
    this.#killAfter(WORKER_START_TIMEOUT_MS, 'it was not ready in time');
    child.on('message', (message) => this.#onMessage(child, message as FromWorker));
    child.on('error', (error) => {
      // Could not be started at all: no exit follows. (Failed sends are reported to their
      // callbacks.)
      if (child.pid === undefined) this.#onExit(child, `could not be started: ${error.message}`);
    });
    child.on('exit', (code, signal) => this.#onExit(child, this.#describeExit(code, signal)));
    void this.#context.firstMessage(this).then((message) => {
      if (this.#child === child) this.send(message);
    });
  }

  #onMessage(child: ChildProcess, message: FromWorker): void {
    if (child !== this.#child) return;
    if (message.type === 'failed') {
      this.#failure = message.failure;
      return;
    }
    this.#transport = message.transport;
    if (this.#state !== SlotState.STARTING) return;
    this.#state = SlotState.READY;
    this.#clearTimer();
    this.#watch = new HeartbeatWatch(performance.now());
    this.#context.onReady(this);
  }

  #onExit(child: ChildProcess, reason: string): void {
    if (child !== this.#child) return;
    this.#clearTimer();
    const wasDraining = this.#state === SlotState.DRAINING;
    const wasClean = wasDraining && child.exitCode === 0;
    this.#child = null;
    this.#state = SlotState.DEAD;
    if (!wasClean) {
      this.#deathsCount++;
      this.#lastDeath = reason;
    }
    const text = `worker ${this.index} (pid ${child.pid ?? 'none'}) died: ${reason}`;
    this.#context.onDeath(this, wasClean ? '' : text);
    if (wasDraining) this.#end();
    // `onDeath` may have drained the slot: a start that failed.
    else if (this.#state === SlotState.DEAD) this.#replace();
  }

  #replace(): void {
    const nowMs = performance.now();
    let delayMs = this.#policy.delayAfterDeath(nowMs, nowMs - this.#startedMs);
    if (this.#lastDeath.startsWith('could not be started')) {
      delayMs = Math.max(delayMs, WORKER_BACKOFF_MS_MIN);
    }
    if (delayMs === 0) {
      this.#spawn();
      return;
    }
    const text = `worker ${this.index} is started again in ${delayMs / 1000} s`;
    this.#context.log.log(LogLevel.WARN, text);
    this.#timer = setTimeout(() => this.#spawn(), delayMs);
  }

  #end(): void {
    this.#state = SlotState.ENDED;
    this.#context.onEnded(this);
  }

  #describeExit(code: number | null, signal: NodeJS.Signals | null): string {
    if (this.#killReason !== '') return `killed, because ${this.#killReason}`;
    if (signal !== null) return `ended by ${signal}`;
    if (this.#failure !== null) return this.#failure.message;
    return `exited with code ${code}`;
  }

  #killAfter(delayMs: number, reason: string): void {
    this.#clearTimer();
    this.#timer = setTimeout(() => this.#kill(reason), delayMs);
  }

  #kill(reason: string): void {
    if (this.#child === null) return;
    this.#killReason = reason;
    this.#child.kill('SIGKILL');
  }

  #clearTimer(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }
}

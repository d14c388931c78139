// One worker slot: a place for a worker, which is replaced when it dies, and for those before it
// that finish what they have (they retire). The only code that reads or writes its state, which is
// that of the worker that serves:
//
//             start()             'ready'
//   VACANT ------------> STARTING ---------> READY
//    ^  ^                  |  |                | \
//    |  | after a delay    |  | drain()        |  \ drain()
//    |  | (RestartPolicy)  |  v                |   v
//    | DEAD <--------------+  DRAINING <-------|---+
//    |          exit             | all exits   | exit
//    |                           v             v
//    | retire()                ENDED         DEAD
//    +------------ from STARTING, READY, DEAD; the worker retires
//
// A successor starts beside the worker (`startSuccessor`) and takes its place (`promote`) or is
// ended (`dropSuccessor`); meanwhile the state does not change.

import { unreachable } from '../base/assert.ts';
import { RETIRING_WORKERS_MAX, WORKER_BACKOFF_MS_MIN } from '../base/limits.ts';
import { LogLevel, type LogSink } from '../base/log_sink.ts';
import type { Deployment } from './deployment.ts';
import { RestartPolicy } from './restart_policy.ts';
import type { RetiringWorker } from './retiring_worker.ts';
import {
  NOT_STARTED,
  RunningWorker,
  type StartedProcess,
  type WorkerOwner,
  WorkerState,
} from './running_worker.ts';
import type { ToWorker, WorkerFailure } from './worker_protocol.ts';

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
  /** Starts a process that has inherited what the slot's workers serve in that deployment. */
  spawn(slot: WorkerSlot, deployment: Deployment): StartedProcess;
  /** What it is told first; later is fine: names may still be resolving. */
  firstMessage(
    worker: RunningWorker,
    deployment: Deployment,
    isStandby: boolean,
  ): Promise<ToWorker>;
  /** What a worker that starts now shall serve. */
  readonly deployment: Deployment;
  /** The heartbeat cell of that row. */
  heartbeat(row: number): number;
  onReady(slot: WorkerSlot): void;
  /** Any of its workers is gone: what it had is free. Called before a successor starts. */
  onGone(worker: RetiringWorker): void;
  /** The worker that served is gone; `text` is the line for the log. */
  onDeath(slot: WorkerSlot, text: string): void;
  /** No worker runs in it and none will. */
  onEnded(slot: WorkerSlot): void;
}

export class WorkerSlot implements WorkerOwner {
  readonly index: number;
  readonly #context: SlotContext;
  readonly #policy = new RestartPolicy();
  #state: SlotState = SlotState.VACANT;
  #worker: RunningWorker | null = null;
  #successor: RunningWorker | null = null;
  #onSuccessor: (() => void) | null = null;
  /** The oldest first. */
  readonly #retiring: RetiringWorker[] = [];
  #onRetired: (() => void) | null = null;
  #timer: NodeJS.Timeout | null = null;
  #isHeld = false;
  #isStartDue = false;
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
        this.#start();
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

  /** Lets all workers of the slot finish within `deadlineMs`; no other one follows. */
  drain(deadlineMs: number): void {
    if (this.#state === SlotState.DRAINING || this.#state === SlotState.ENDED) return;
    this.#clearTimer();
    this.#state = SlotState.DRAINING;
    void this.dropSuccessor();
    for (const worker of this.#all()) worker.drain(deadlineMs);
    this.#endIfEmpty();
  }

  /** Ends a drain now. */
  endNow(): void {
    if (this.#state !== SlotState.DRAINING) return;
    for (const worker of this.#all()) worker.endNow();
  }

  /** The slot is not needed any more: its worker retires, and no other one follows it. */
  retire(deadlineMs: number): void {
    if (this.#state === SlotState.DRAINING || this.#state === SlotState.ENDED) return;
    this.#clearTimer();
    this.#state = SlotState.VACANT;
    if (this.#worker !== null) this.#retire(this.#worker, deadlineMs);
    this.#worker = null;
  }

  /**
   * Takes over a worker that an earlier program in this process started: it counts as one that
   * retires, and does once it is told to by `retireAdopted`.
   */
  adopt(worker: RetiringWorker): void {
    this.#retiring.push(worker);
  }

  retireAdopted(deadlineMs: number): void {
    for (const worker of this.#retiring) {
      if (worker.drainingSinceMs === 0) worker.drain(deadlineMs);
    }
  }

  /** As long as it is held no worker starts, whoever dies. */
  hold(): void {
    this.#isHeld = true;
  }

  /** What was due while it was held starts now. */
  release(): void {
    this.#isHeld = false;
    if (!this.#isStartDue) return;
    this.#isStartDue = false;
    this.start();
  }

  /**
   * Starts a worker beside the one that serves, which does not accept yet. Resolves with null once
   * it is ready, or with what was in its way; it is gone then.
   */
  async startSuccessor(deployment: Deployment): Promise<WorkerFailure | null> {
    if (this.#retiring.length > RETIRING_WORKERS_MAX) {
      // One has to make room, and may have been told to: its row is needed.
      this.#retiring[0]!.endNow();
      await new Promise<void>((resolve) => {
        this.#onRetired = resolve;
      });
    }
    if (this.#state === SlotState.DRAINING) return failureOf('the proxy drains');
    const successor = this.#spawn(deployment, true);
    this.#successor = successor;
    await new Promise<void>((resolve) => {
      this.#onSuccessor = resolve;
    });
    if (successor.state === WorkerState.READY) return null;
    return successor.failure ?? failureOf(successor.exitReason);
  }

  /** The successor accepts and is the slot's worker from now on; the one before it retires. */
  promote(retireMs: number): void {
    const successor = this.#successor;
    if (successor === null || this.#state === SlotState.DRAINING) return;
    this.#successor = null;
    void successor.send({ type: 'accept' });
    if (this.#worker !== null) this.#retire(this.#worker, retireMs);
    this.#clearTimer();
    this.#isStartDue = false;
    this.#worker = successor;
    this.#transport = successor.transport;
    this.#state = SlotState.READY;
  }

  /** Ends the successor, if there is one. Resolves once it is gone. */
  async dropSuccessor(): Promise<void> {
    const successor = this.#successor;
    this.#successor = null;
    if (successor === null) return;
    this.#retiring.push(successor);
    successor.drain(0);
    successor.endNow();
    this.#onSuccessor?.();
    await successor.gone;
  }

  /** Looks at the heartbeats; kills a worker that is ready and stands still. */
  checkHeartbeat(nowMs: number): void {
    for (const worker of [this.#worker, this.#successor]) {
      worker?.checkHeartbeat(this.#context.heartbeat(worker.row), nowMs);
    }
  }

  onReady(worker: RunningWorker): void {
    if (worker === this.#successor) {
      this.#onSuccessor?.();
      return;
    }
    if (worker !== this.#worker || this.#state !== SlotState.STARTING) return;
    this.#state = SlotState.READY;
    this.#transport = worker.transport;
    this.#context.onReady(this);
  }

  onGone(worker: RetiringWorker): void {
    this.#context.onGone(worker);
    if (worker === this.#successor) {
      this.#successor = null;
      this.#onSuccessor?.();
    } else if (worker === this.#worker) {
      this.#onDeath(this.#worker);
    } else {
      this.#onRetiredGone(worker);
    }
    this.#endIfEmpty();
  }

  // --- questions ---------------------------------------------------------------------------------

  get state(): SlotState {
    return this.#state;
  }

  /** The worker that serves, or is about to. */
  get worker(): RunningWorker | null {
    return this.#worker;
  }

  /** Whether a successor waits to be promoted. */
  get isSuccessorReady(): boolean {
    return this.#successor?.state === WorkerState.READY;
  }

  /** Tells all of its workers; resolves once it is written. */
  async broadcast(message: ToWorker): Promise<void> {
    const sent = this.#all().map((worker) => worker.send(message));
    await Promise.all([...sent, this.#successor?.send(message)]);
  }

  /** Workers that finish what they have. */
  get retiring(): readonly RetiringWorker[] {
    return this.#retiring;
  }

  /** Process id; 0 where no worker runs. */
  get pid(): number {
    return this.#worker?.pid ?? 0;
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

  /** What its workers run on: `uring` or `node`. */
  get transport(): string {
    return this.#transport;
  }

  // --- inside ------------------------------------------------------------------------------------

  #all(): RetiringWorker[] {
    return this.#worker === null ? [...this.#retiring] : [...this.#retiring, this.#worker];
  }

  #start(): void {
    if (this.#isHeld) {
      this.#isStartDue = true;
      this.#state = SlotState.DEAD;
      return;
    }
    this.#state = SlotState.STARTING;
    this.#failure = null;
    this.#worker = this.#spawn(this.#context.deployment, false);
  }

  #spawn(deployment: Deployment, isStandby: boolean): RunningWorker {
    const worker = new RunningWorker(this.index, this.#context.spawn(this, deployment), this);
    void this.#context
      .firstMessage(worker, deployment, isStandby)
      .then((message) => worker.send(message));
    return worker;
  }

  #retire(worker: RunningWorker, deadlineMs: number): void {
    this.#retiring.push(worker);
    worker.drain(deadlineMs);
    if (this.#retiring.length <= RETIRING_WORKERS_MAX) return;
    const oldest = this.#retiring[0]!;
    const reason = `${RETIRING_WORKERS_MAX} that were replaced later have yet to finish`;
    const text = `worker ${this.index} (pid ${oldest.pid}) is ended: ${reason}`;
    this.#context.log.log(LogLevel.WARN, text);
    oldest.endNow();
  }

  #onRetiredGone(worker: RetiringWorker): void {
    const at = this.#retiring.indexOf(worker);
    if (at >= 0) this.#retiring.splice(at, 1);
    if (!worker.wasClean) {
      const who = `worker ${this.index} (pid ${worker.pid}), which was replaced,`;
      const text = `${who} died: ${worker.exitReason}`;
      this.#context.log.log(LogLevel.ERROR, text);
    }
    this.#onRetired?.();
    this.#onRetired = null;
  }

  #onDeath(worker: RunningWorker): void {
    const wasDraining = this.#state === SlotState.DRAINING;
    this.#worker = null;
    this.#failure = worker.failure;
    if (!worker.wasClean) {
      this.#deathsCount++;
      this.#lastDeath = worker.exitReason;
    }
    if (!wasDraining) this.#state = SlotState.DEAD;
    const pid = worker.pid === 0 ? 'none' : worker.pid;
    const text = `worker ${this.index} (pid ${pid}) died: ${worker.exitReason}`;
    this.#context.onDeath(this, worker.wasClean ? '' : text);
    // `onDeath` may have drained the slot: a start that failed.
    if (this.#state === SlotState.DEAD) this.#replace(performance.now() - worker.startedMs);
  }

  #replace(livedMs: number): void {
    let delayMs = this.#policy.delayAfterDeath(performance.now(), livedMs);
    if (this.#lastDeath.startsWith(NOT_STARTED)) {
      delayMs = Math.max(delayMs, WORKER_BACKOFF_MS_MIN);
    }
    if (delayMs === 0) {
      this.#start();
      return;
    }
    const text = `worker ${this.index} is started again in ${delayMs / 1000} s`;
    this.#context.log.log(LogLevel.WARN, text);
    this.#timer = setTimeout(() => this.start(), delayMs);
  }

  #endIfEmpty(): void {
    if (this.#state !== SlotState.DRAINING) return;
    if (this.#worker !== null || this.#retiring.length > 0) return;
    this.#state = SlotState.ENDED;
    this.#context.onEnded(this);
  }

  #clearTimer(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }
}

function failureOf(message: string): WorkerFailure {
  return { code: 'ZP_WORKER_START', message };
}

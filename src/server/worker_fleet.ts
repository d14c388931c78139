// All workers of a supervisor: their slots, rows and first messages, and the way of a new snapshot
// into them. It decides nothing about reloads (reload.ts) or the life of the whole (supervisor.ts).

import { HEARTBEAT_INTERVAL_MS } from '../base/limits.ts';
import type { LogSink } from '../base/log_sink.ts';
import { Cell } from '../base/metrics_cells.ts';
import { openDescriptorChannel } from '../sys/descriptor_channel.ts';
import { allowedCores } from '../sys/process.ts';
import { closeDescriptor } from '../sys/sockets.ts';
import type { AdoptedWorkers } from './adopted_worker.ts';
import type { Deployment } from './deployment.ts';
import { entryPath } from './entry_path.ts';
import type { SavedWorker } from './hand_over.ts';
import type { Resolver } from './resolver.ts';
import type { RetiringWorker } from './retiring_worker.ts';
import type { RowPool } from './row_pool.ts';
import type { RunningWorker, StartedProcess } from './running_worker.ts';
import { listenersOf, socketIdsOf } from './socket_plan.ts';
import type { RetiringStatus, WorkerStatus } from './status_report.ts';
import { inheritedListeners, spawnWorker, WORKER_SEGMENT_DESCRIPTOR } from './worker_process.ts';
import type { ToWorker, WorkerFailure } from './worker_protocol.ts';
import { type SlotContext, SlotState, WorkerSlot } from './worker_slot.ts';

const HEARTBEAT_CHECK_MS: number = 2 * HEARTBEAT_INTERVAL_MS;

export interface FleetOptions {
  readonly log: LogSink;
  readonly rows: RowPool;
  readonly segmentDescriptor: number;
  readonly resolver: Resolver;
  /** Another entry for workers, for tests. */
  readonly workerEntry?: string | undefined;
}

/** Who is told what becomes of the fleet. */
export interface FleetOwner {
  onReady(slot: WorkerSlot): void;
  /** A worker that served is gone. */
  onDeath(slot: WorkerSlot, text: string): void;
  /** The last worker of a drain is gone. */
  onEnded(): void;
}

export class WorkerFleet implements SlotContext {
  readonly log: LogSink;
  readonly #options: FleetOptions;
  readonly #owner: FleetOwner;
  #deployment: Deployment;
  /** Those at the end may be unused: there were more workers once. */
  readonly #slots: WorkerSlot[] = [];
  #namesResolved: Promise<void> = Promise.resolve();
  #watchTimer: NodeJS.Timeout | null = null;
  /** Told whenever a worker is ready or gone. */
  readonly #onSettled = new Set<() => void>();

  constructor(options: FleetOptions, deployment: Deployment, owner: FleetOwner) {
    this.log = options.log;
    this.#options = options;
    this.#deployment = deployment;
    this.#owner = owner;
    this.#ensureSlots(deployment.workersCount);
  }

  // --- events ------------------------------------------------------------------------------------

  /** Starts all workers; `namesResolved` is waited for before they are told to accept. */
  start(namesResolved: Promise<void>): void {
    this.#namesResolved = namesResolved;
    for (const slot of this.slots) slot.start();
    this.#watch();
  }

  /**
   * Starts all workers beside those that an earlier program in this process started, which serve
   * until `retireAdopted`. Resolves with null once all are ready, or with what was in the way.
   */
  async startBeside(
    adopted: AdoptedWorkers,
    namesResolved: Promise<void>,
  ): Promise<WorkerFailure | null> {
    this.#namesResolved = namesResolved;
    for (const worker of adopted.living) this.slotAt(worker.slotIndex).adopt(worker);
    adopted.onGone = (worker) => this.slotAt(worker.slotIndex).onGone(worker);
    for (const slot of this.slots) {
      const failure = await slot.startSuccessor(this.#deployment);
      if (failure !== null) return failure;
    }
    const died = this.slots.find((slot) => !slot.isSuccessorReady);
    if (died === undefined) return null;
    return { code: 'ZP_WORKER_START', message: `the new worker ${died.index} died` };
  }

  /** The workers that were started beside the adopted ones accept, then those retire. */
  retireAdopted(): void {
    const { retireMs } = this.#deployment.snapshot;
    for (const slot of this.slots) slot.promote(retireMs);
    for (const slot of this.#slots) slot.retireAdopted(retireMs);
    this.#watch();
  }

  /** Ends all that were started here, and none that was adopted. Resolves once they are gone. */
  async giveUp(): Promise<void> {
    const ended: Promise<void>[] = [];
    for (const slot of this.#slots) ended.push(slot.dropSuccessor());
    await Promise.all(ended);
    this.close();
  }

  drain(deadlineMs: number): void {
    for (const slot of this.#slots) slot.drain(deadlineMs);
  }

  endNow(): void {
    for (const slot of this.#slots) slot.endNow();
  }

  /** Tells all workers, those that retire included. */
  broadcast(message: ToWorker): void {
    void this.tell(message);
  }

  /** As `broadcast`; resolves once all messages are written. */
  async tell(message: ToWorker): Promise<void> {
    await Promise.all(this.#slots.map((slot) => slot.broadcast(message)));
  }

  /** No worker starts until `release`, and none is starting once this resolves. */
  async hold(): Promise<void> {
    for (const slot of this.#slots) slot.hold();
    while (this.slots.some((slot) => slot.state === SlotState.STARTING)) {
      await new Promise<void>((resolve) => {
        this.#onSettled.add(resolve);
      });
      this.#onSettled.clear();
    }
  }

  release(): void {
    for (const slot of this.#slots) slot.release();
  }

  /** Workers that start from now on serve this. Slots that it does not need are still there. */
  deploy(deployment: Deployment): void {
    this.#deployment = deployment;
  }

  /** The slot of that index, made if there was none. */
  slotAt(index: number): WorkerSlot {
    this.#ensureSlots(index + 1);
    return this.#slots[index]!;
  }

  /** After a drain. */
  close(): void {
    if (this.#watchTimer !== null) clearInterval(this.#watchTimer);
    this.#watchTimer = null;
  }

  // --- questions ---------------------------------------------------------------------------------

  get deployment(): Deployment {
    return this.#deployment;
  }

  /** Slots of the deployment. */
  get slots(): readonly WorkerSlot[] {
    return this.#slots.slice(0, this.#deployment.workersCount);
  }

  /** Slots that had workers once, those of the deployment included. */
  get allSlots(): readonly WorkerSlot[] {
    return this.#slots;
  }

  get areReady(): boolean {
    return this.slots.every((slot) => slot.state === SlotState.READY);
  }

  workerStatuses(): WorkerStatus[] {
    return this.slots.map((slot) => {
      const { worker } = slot;
      const cells = worker === null ? null : this.#options.rows.cells(worker.row);
      return {
        slot: slot.index,
        state: slot.state,
        pid: slot.pid,
        transport: slot.transport,
        uptimeSeconds: worker === null ? 0 : (performance.now() - worker.startedMs) / 1000,
        deaths: slot.deathsCount,
        lastDeath: slot.lastDeath,
        connectionsOpen: cells?.[Cell.CONNECTIONS_OPEN] ?? 0,
        requests: cells?.[Cell.REQUESTS] ?? 0,
      };
    });
  }

  retiringStatuses(): RetiringStatus[] {
    const nowMs = performance.now();
    return this.#slots.flatMap((slot) =>
      slot.retiring.map((worker) => {
        const cells = worker.row < 0 ? null : this.#options.rows.cells(worker.row);
        return {
          slot: slot.index,
          pid: worker.pid,
          retiringSeconds:
            worker.drainingSinceMs === 0 ? 0 : (nowMs - worker.drainingSinceMs) / 1000,
          connectionsOpen: cells?.[Cell.CONNECTIONS_OPEN] ?? 0,
          requests: cells?.[Cell.REQUESTS] ?? 0,
        };
      }),
    );
  }

  /** All that live, for the program that follows this one; the oldest of each slot first. */
  save(): SavedWorker[] {
    const offsetMs = Date.now() - performance.now();
    return this.#slots.flatMap((slot) => {
      const retiring = slot.retiring.map(({ pid, row, drainingSinceMs, drainEndsMs }) => ({
        slot: slot.index,
        pid,
        row,
        retiring:
          drainingSinceMs === 0
            ? null
            : { sinceMs: drainingSinceMs + offsetMs, endsMs: drainEndsMs + offsetMs },
      }));
      const { worker } = slot;
      if (worker === null) return retiring;
      return [...retiring, { slot: slot.index, pid: worker.pid, row: worker.row, retiring: null }];
    });
  }

  // --- SlotContext -------------------------------------------------------------------------------

  spawn(slot: WorkerSlot, deployment: Deployment): StartedProcess {
    const channel = openDescriptorChannel();
    const listeners = listenersOf(deployment.sockets, slot.index);
    const child = spawnWorker({
      entry: this.#options.workerEntry ?? entryPath('worker_main'),
      transport: deployment.snapshot.transport,
      segmentDescriptor: this.#options.segmentDescriptor,
      channelDescriptor: channel.theirs,
      listeners,
    });
    closeDescriptor(channel.theirs);
    return {
      child,
      row: this.#options.rows.acquire(),
      channel: channel.ours,
      socketIds: socketIdsOf(deployment.sockets, slot.index),
    };
  }

  async firstMessage(
    worker: RunningWorker,
    deployment: Deployment,
    isStandby: boolean,
  ): Promise<ToWorker> {
    await this.#namesResolved;
    const cores = allowedCores();
    const isPinned = deployment.workersCount > 1 && deployment.workersCount <= cores.length;
    return {
      type: 'start',
      slot: worker.slotIndex,
      snapshot: deployment.snapshot,
      listeners: inheritedListeners(listenersOf(deployment.sockets, worker.slotIndex)),
      segmentDescriptor: WORKER_SEGMENT_DESCRIPTOR,
      row: worker.row,
      core: isPinned ? cores[worker.slotIndex]! : -1,
      credentials: deployment.credentials,
      addresses: this.#options.resolver.current(),
      isStandby,
    };
  }

  heartbeat(row: number): number {
    return this.#options.rows.cells(row)[Cell.HEARTBEAT_MS]!;
  }

  onReady(slot: WorkerSlot): void {
    this.#settle();
    this.#owner.onReady(slot);
  }

  onGone(worker: RetiringWorker): void {
    if (worker.row >= 0) this.#options.rows.release(worker.row);
    if (worker.channel >= 0) closeDescriptor(worker.channel);
  }

  onDeath(slot: WorkerSlot, text: string): void {
    this.#owner.onDeath(slot, text);
    this.#settle();
  }

  onEnded(): void {
    if (this.#slots.every((slot) => slot.state === SlotState.ENDED)) this.#owner.onEnded();
  }

  // --- inside ------------------------------------------------------------------------------------

  #ensureSlots(count: number): void {
    while (this.#slots.length < count) this.#slots.push(new WorkerSlot(this.#slots.length, this));
  }

  #settle(): void {
    for (const settled of [...this.#onSettled]) settled();
  }

  #watch(): void {
    this.#watchTimer = setInterval(() => this.#watchHeartbeats(), HEARTBEAT_CHECK_MS);
  }

  #watchHeartbeats(): void {
    const nowMs = performance.now();
    for (const slot of this.#slots) slot.checkHeartbeat(nowMs);
  }
}

// The process that the user starts: owns the listening sockets, the shared segment, the names and
// the control socket; starts, watches and replaces workers. It never touches a client's byte, and
// it keeps the rights that it was started with (workers drop theirs).
//
//   STARTING --all workers ready--> RUNNING --TERM, INT, drain()--> DRAINING --last exit--> ENDED
//       \--a worker that cannot start, TERM, INT------------------------^

import type { ChildProcess } from 'node:child_process';
import { ZProxyError } from '../base/errors.ts';
import { DRAIN_END_AFTER_MS, HEARTBEAT_INTERVAL_MS, WORKERS_MAX } from '../base/limits.ts';
import { LogLevel } from '../base/log_sink.ts';
import { Cell } from '../base/metrics_cells.ts';
import { sharedBytes, sharedRowsCount, writeSharedHeader } from '../base/shared_layout.ts';
import { formatSocketAddress } from '../base/socket_address.ts';
import type { Snapshot } from '../config/snapshot.ts';
import { allowedCores, type Credentials, raiseDescriptorLimit } from '../sys/process.ts';
import { createSharedMemory, type SharedMemory } from '../sys/shared_memory.ts';
import { closeDescriptor } from '../sys/sockets.ts';
import { workersAuto } from '../sys/topology.ts';
import { prepareAccessLog } from './access_log_file.ts';
import type { ControlSocket } from './control_socket.ts';
import { entryPath } from './entry_path.ts';
import { ListeningSockets } from './listening_sockets.ts';
import type { FlushableLog } from './log.ts';
import { Resolver } from './resolver.ts';
import { RowPool } from './row_pool.ts';
import { defaultControlPath } from './runtime_path.ts';
import type { SignalInbox, SupervisorSignal } from './signals.ts';
import { locationOf } from './source_location.ts';
import { buildStatusReport, type StatusReport, type WorkerStatus } from './status_report.ts';
import { workerCredentials } from './worker_credentials.ts';
import { inheritedListeners, spawnWorker, WORKER_SEGMENT_DESCRIPTOR } from './worker_process.ts';
import type { EndpointAddresses, ToWorker } from './worker_protocol.ts';
import { type SlotContext, SlotState, WorkerSlot } from './worker_slot.ts';

const HEARTBEAT_CHECK_MS: number = 2 * HEARTBEAT_INTERVAL_MS;
const LOG_FLUSH_MS = 1_000;

export interface SupervisorOptions {
  readonly configFile: string;
  /** ZProxy's own version, for the status. */
  readonly version: string;
  readonly log: FlushableLog;
  /** Signals caught since the process began; null: signals are somebody else's (embedding). */
  readonly signals: SignalInbox | null;
  /** Overrides the config's `control`. */
  readonly controlPath?: string;
  /** Another entry for workers, for tests. */
  readonly workerEntry?: string;
}

export class Supervisor implements SlotContext {
  readonly log: FlushableLog;
  readonly snapshot: Snapshot;
  /** Where it listens: ports that were picked are filled in. */
  readonly addresses: readonly string[];
  readonly controlPath: string;
  /** Resolves when the last worker is gone and everything is closed. */
  readonly ended: Promise<void>;
  readonly #options: SupervisorOptions;
  readonly #workersCount: number;
  readonly #credentials: Credentials | null;
  readonly #sockets: ListeningSockets;
  readonly #shared: SharedMemory;
  readonly #rows: RowPool;
  readonly #resolver: Resolver;
  readonly #slots: WorkerSlot[] = [];
  /** Row of each slot's worker; -1: none. */
  readonly #slotRows: Int32Array;
  readonly #startedMs: number = performance.now();
  #state: StatusReport['state'] = 'starting';
  #namesResolved: Promise<void> = Promise.resolve();
  #control: ControlSocket | null = null;
  #watchTimer: NodeJS.Timeout | null = null;
  #drainedMs = 0;
  #startError: Error | null = null;
  #onStarted: () => void = () => {};
  #onEnded: () => void = () => {};

  constructor(options: SupervisorOptions, snapshot: Snapshot) {
    this.#options = options;
    this.snapshot = snapshot;
    this.log = options.log;
    this.controlPath =
      options.controlPath ?? (snapshot.controlPath || defaultControlPath(options.configFile));
    this.#workersCount = Math.min(snapshot.workers || workersAuto(), WORKERS_MAX);
    this.#credentials = workerCredentials(snapshot);
    raiseDescriptorLimit();
    prepareAccessLog(snapshot, this.#credentials);
    const rowsCount = sharedRowsCount(this.#workersCount);
    this.#shared = createSharedMemory(sharedBytes(rowsCount));
    writeSharedHeader(this.#shared.memory.buffer, rowsCount);
    this.#rows = new RowPool(this.#shared.memory.buffer, rowsCount);
    this.#slotRows = new Int32Array(this.#workersCount).fill(-1);
    this.#resolver = new Resolver({
      upstreams: snapshot.upstreams,
      log: this.log,
      onChange: (updates) => this.#sendAddresses(updates),
    });
    try {
      this.#sockets = new ListeningSockets(snapshot.listeners, this.#workersCount);
    } catch (error) {
      closeDescriptor(this.#shared.descriptor);
      throw error;
    }
    this.addresses = this.#sockets.addresses.map(formatSocketAddress);
    this.ended = new Promise((resolve) => {
      this.#onEnded = resolve;
    });
  }

  /** Starts the workers and resolves once all are ready, or the drain that came first is over. */
  async start(): Promise<void> {
    const started = new Promise<void>((resolve) => {
      this.#onStarted = resolve;
    });
    this.#namesResolved = this.#resolver.start();
    for (let index = 0; index < this.#workersCount; index++) {
      this.#slots.push(new WorkerSlot(index, this));
    }
    for (const slot of this.#slots) slot.start();
    this.#options.signals?.take((signal) => this.#onSignal(signal));
    const { ControlSocket } = await import('./control_socket.ts'); // while the workers start
    try {
      const actions = {
        status: () => this.status(),
        drain: () => this.drain('a command'),
        reopenLogs: () => this.reopenLogs(),
      };
      const location = locationOf(this.snapshot.sources.control);
      this.#control = new ControlSocket(this.controlPath, actions, location);
    } catch (error) {
      this.#failStart(error as Error);
    }
    await started;
    if (this.#startError !== null) {
      await this.ended;
      throw this.#startError;
    }
  }

  /**
   * Takes no new connections, lets open exchanges end, then ends. A second call ends it at once.
   */
  drain(cause: string): void {
    if (this.#state === 'draining') {
      this.#endDrain(cause);
      return;
    }
    this.#state = 'draining';
    this.#drainedMs = performance.now();
    const seconds = this.snapshot.drainMs / 1000;
    this.log.log(LogLevel.INFO, `draining for at most ${seconds} s, because of ${cause}`);
    for (const slot of this.#slots) slot.drain(this.snapshot.drainMs);
    // Workers have their own copies and take what is queued; from then on clients are refused.
    this.#sockets.close();
    this.#onStarted();
  }

  /** Opens the access log anew, in all workers. */
  reopenLogs(): void {
    try {
      prepareAccessLog(this.snapshot, this.#credentials);
      this.log.log(LogLevel.INFO, 'logs are reopened');
    } catch (error) {
      this.log.log(LogLevel.ERROR, (error as Error).message);
    }
    for (const slot of this.#slots) slot.send({ type: 'reopen-logs' });
  }

  status(): StatusReport {
    const frame = {
      version: this.#options.version,
      state: this.#state,
      uptimeSeconds: (performance.now() - this.#startedMs) / 1000,
      addresses: this.addresses,
      workers: this.#slots.map((slot) => this.#workerStatus(slot)),
    };
    return buildStatusReport(frame, this.snapshot, this.#rows.all());
  }

  // --- SlotContext -------------------------------------------------------------------------------

  spawn(slot: WorkerSlot): ChildProcess {
    this.#slotRows[slot.index] = this.#rows.acquire();
    const listeners = this.#sockets.listenersOf(slot.index);
    const entry = this.#options.workerEntry ?? entryPath('worker_main');
    return spawnWorker(entry, this.#shared.descriptor, listeners, this.snapshot.transport);
  }

  async firstMessage(slot: WorkerSlot): Promise<ToWorker> {
    await this.#namesResolved;
    const cores = allowedCores();
    const isPinned = this.#workersCount > 1 && this.#workersCount <= cores.length;
    return {
      type: 'start',
      slot: slot.index,
      snapshot: this.snapshot,
      listeners: inheritedListeners(this.#sockets.listenersOf(slot.index)),
      segmentDescriptor: WORKER_SEGMENT_DESCRIPTOR,
      row: this.#slotRows[slot.index]!,
      core: isPinned ? cores[slot.index]! : -1,
      credentials: this.#credentials,
      addresses: this.#resolver.current(),
    };
  }

  heartbeat(slot: WorkerSlot): number {
    return this.#rows.cells(this.#slotRows[slot.index]!)[Cell.HEARTBEAT_MS]!;
  }

  onReady(slot: WorkerSlot): void {
    if (this.#state !== 'starting') {
      this.log.log(LogLevel.INFO, `worker ${slot.index} (pid ${slot.pid}) is ready`);
      return;
    }
    if (!this.#slots.every((other) => other.state === SlotState.READY)) return;
    this.#state = 'running';
    this.#watchTimer = setInterval(() => this.#watchHeartbeats(), HEARTBEAT_CHECK_MS);
    const workers = `${this.#workersCount} worker${this.#workersCount === 1 ? '' : 's'}`;
    const addresses = this.addresses.join(', ');
    const text = `listening on ${addresses} (${workers}, transport ${slot.transport})`;
    this.log.log(LogLevel.INFO, text);
    this.#onStarted();
  }

  onDeath(slot: WorkerSlot, text: string): void {
    this.#rows.release(this.#slotRows[slot.index]!);
    this.#slotRows[slot.index] = -1;
    if (this.#state !== 'starting') {
      if (text !== '') this.log.log(LogLevel.ERROR, text);
      return;
    }
    const { failure } = slot;
    const code = failure?.code ?? 'ZP_WORKER_START';
    const message = failure?.message ?? `a worker could not start: ${text}`;
    this.#failStart(new ZProxyError(code, message, { location: failure?.location }));
  }

  onEnded(_slot: WorkerSlot): void {
    if (this.#slots.every((slot) => slot.state === SlotState.ENDED)) void this.#end();
  }

  // --- inside ------------------------------------------------------------------------------------

  #onSignal(signal: SupervisorSignal): void {
    switch (signal) {
      case 'SIGTERM':
      case 'SIGINT':
        this.drain(signal);
        return;
      case 'SIGHUP':
        this.log.log(LogLevel.WARN, 'SIGHUP: the config is read again at the next start only');
        return;
      case 'SIGUSR1':
        this.reopenLogs();
        return;
      case 'SIGUSR2':
        this.log.log(LogLevel.WARN, 'SIGUSR2: an upgrade in place is not available yet');
        return;
    }
  }

  #endDrain(cause: string): void {
    if (performance.now() - this.#drainedMs < DRAIN_END_AFTER_MS) return;
    this.log.log(LogLevel.WARN, `the drain is ended, because of ${cause}`);
    for (const slot of this.#slots) slot.endNow();
  }

  /** Gives the start up: what runs is ended, and `start` rejects. */
  #failStart(error: Error): void {
    if (this.#startError !== null || this.#state !== 'starting') return;
    this.#startError = error;
    this.#state = 'draining';
    this.#drainedMs = performance.now();
    for (const slot of this.#slots) {
      slot.drain(0);
      slot.endNow();
    }
    this.#sockets.close();
    this.#onStarted();
  }

  #sendAddresses(updates: readonly EndpointAddresses[]): void {
    for (const slot of this.#slots) slot.send({ type: 'addresses', updates });
  }

  #watchHeartbeats(): void {
    const nowMs = performance.now();
    for (const slot of this.#slots) slot.checkHeartbeat(nowMs);
  }

  #workerStatus(slot: WorkerSlot): WorkerStatus {
    const row = this.#slotRows[slot.index]!;
    const cells = row < 0 ? null : this.#rows.cells(row);
    return {
      slot: slot.index,
      state: slot.state,
      pid: slot.pid,
      transport: slot.transport,
      uptimeSeconds: slot.pid === 0 ? 0 : (performance.now() - slot.startedMs) / 1000,
      deaths: slot.deathsCount,
      lastDeath: slot.lastDeath,
      connectionsOpen: cells?.[Cell.CONNECTIONS_OPEN] ?? 0,
      requests: cells?.[Cell.REQUESTS] ?? 0,
    };
  }

  async #end(): Promise<void> {
    if (this.#watchTimer !== null) clearInterval(this.#watchTimer);
    this.#resolver.close();
    this.#control?.close();
    this.#sockets.close();
    closeDescriptor(this.#shared.descriptor);
    // A start that failed says why, and never said that anything began.
    if (this.#startError === null) this.log.log(LogLevel.INFO, 'ended');
    await this.log.flushed(LOG_FLUSH_MS);
    this.#onEnded();
  }
}

// A worker process: told what to serve by the supervisor, joins the data plane, beats, takes new
// snapshots in place, drains, exits.
//
//   'start' -> open all, drop privileges, accept (on standby: once 'accept' comes) -> 'ready'
//   'prepare', 'prepare-routes'... -> compile beside what serves -> 'prepared' | 'refused'
//   'commit' -> serve it -> 'committed'      'abandon', a newer 'prepare' -> drop it
//   'drain', or no supervisor -> stop accepting, wait for the last connection or the deadline
//            -> exit 0
//   'end' -> reset what is open -> exit 0
//
// After 'hand-over' the supervisor is another program in the same process (an upgrade). The channel
// closes with the old program, and that means nothing: the worker serves on, until
// - SIGUSR2: its successor accepts; it drains for as long as a retired worker may (`retireMs`);
// - SIGHUP: it reopens its logs;
// - its parent process is another one: the supervisor is really gone, it drains as ever. Looked at
//   with each heartbeat.

import { access } from 'node:fs/promises';
import { flushCompileCache } from 'node:module';
import { Arena } from '../base/arena.ts';
import { BufferPool } from '../base/buffer_pool.ts';
import { ZProxyError } from '../base/errors.ts';
import { HEARTBEAT_INTERVAL_MS } from '../base/limits.ts';
import { LogLevel } from '../base/log_sink.ts';
import { Cell } from '../base/metrics_cells.ts';
import { refuseSharedHeader, sharedRow } from '../base/shared_layout.ts';
import type { Snapshot } from '../config/snapshot.ts';
import { openTransport } from '../ring/open_transport.ts';
import { dropPrivileges, exitAtOnce, pinToCore, raiseDescriptorLimit } from '../sys/process.ts';
import { openSharedMemory } from '../sys/shared_memory.ts';
import { closeDescriptor } from '../sys/sockets.ts';
import { AccessLogWriter } from './access_log_writer.ts';
import { DataPlane } from './data_plane.ts';
import { StderrLog } from './log.ts';
import { importModules } from './middleware_modules.ts';
import { SnapshotChange } from './snapshot_change.ts';
import { describeFailure } from './worker_failure.ts';
import { WORKER_CHANNEL_DESCRIPTOR } from './worker_process.ts';
import type {
  FromWorker,
  HostAddresses,
  PrepareMessage,
  StartMessage,
  ToWorker,
  WorkerFailure,
  WorkerListener,
} from './worker_protocol.ts';

/** How long the last lines may take at the end: a pipe that nobody reads is given up. */
const LOG_FLUSH_MS = 1_000;
/** Well after the start, so that filling the cache of a new release delays no first request. */
const COMPILE_CACHE_FLUSH_MS = 2_000;

/** Serves whatever the parent process sends. Returns at once. */
export function runWorker(): void {
  const worker = new Worker();
  process.on('message', (message) => worker.onMessage(message as ToWorker));
  process.on('disconnect', () => worker.onChannelClosed());
  process.on('SIGUSR2', () => worker.onRetireSignal());
  process.on('SIGHUP', () => worker.onReopenSignal());
  // The process dies of it; the supervisor shall know why.
  process.on('uncaughtExceptionMonitor', (error) => sendFailure(describeFailure(error)));
}

class Worker {
  #log = new StderrLog('worker: ');
  #cells: Float64Array = new Float64Array(0);
  #accessLog: AccessLogWriter | null = null;
  #plane: DataPlane | null = null;
  #isStarted = false;
  /** What serves. */
  #snapshot: Snapshot | null = null;
  /** Descriptors of the sockets that it serves, by id. */
  #sockets: ReadonlyMap<number, number> = new Map();
  /** The snapshot that is on its way. */
  #change: SnapshotChange | null = null;
  /** Updates that came before there was a plane to tell. */
  readonly #updates: HostAddresses[] = [];
  readonly #parentPid: number = process.ppid;
  #isHandedOver = false;
  /** Ready, but told to wait before it accepts from these; null: it does. */
  #standby: readonly WorkerListener[] | null = null;
  #isDraining = false;
  #isExiting = false;

  onMessage(message: ToWorker): void {
    switch (message.type) {
      case 'start':
        void this.#begin(message);
        return;
      case 'accept':
        this.#accept();
        return;
      case 'prepare':
        this.#prepare(message);
        return;
      case 'prepare-routes':
        if (message.generation === this.#change?.generation) this.#change.addRoutes(message.routes);
        return;
      case 'commit':
        if (message.generation === this.#change?.generation) this.#commit(this.#change);
        return;
      case 'abandon':
        if (message.generation === this.#change?.generation) this.#dropChange();
        return;
      case 'hand-over':
        this.#isHandedOver = true;
        return;
      case 'addresses':
        this.#setAddresses(message.updates);
        return;
      case 'drain':
        this.#drain(message.deadlineMs);
        return;
      case 'end':
        this.#end();
        return;
      case 'reopen-logs':
        this.#accessLog?.reopen();
        return;
    }
  }

  /** The channel closed: nobody will watch or replace us, so nobody needs us either. */
  onChannelClosed(): void {
    if (!this.#isStarted) process.exit(1);
    this.#dropChange(); // whoever sent it will not commit it
    if (!this.#isHandedOver) this.#drainAlone();
  }

  /** The program that the supervisor has become has started our successor. */
  onRetireSignal(): void {
    if (this.#isHandedOver && this.#snapshot !== null) this.#drain(this.#snapshot.retireMs);
  }

  /** The same program's way of saying 'reopen-logs'. */
  onReopenSignal(): void {
    if (this.#isHandedOver) this.#accessLog?.reopen();
  }

  async #begin(message: StartMessage): Promise<void> {
    this.#isStarted = true;
    this.#log = new StderrLog(`worker ${message.slot}: `);
    try {
      await this.#open(message);
    } catch (error) {
      sendFailure(describeFailure(error));
      await this.#exit(1);
      return;
    }
    if (this.#isDraining) this.#drainPlane(0);
  }

  async #open(message: StartMessage): Promise<void> {
    const { isStandby, listeners, snapshot, slot } = message;
    this.#snapshot = snapshot;
    const { buffer } = openSharedMemory(message.segmentDescriptor);
    const refusal = refuseSharedHeader(buffer);
    if (refusal !== '') throw new ZProxyError('ZP_SHARED_LAYOUT', `worker ${slot}: ${refusal}`);
    this.#cells = sharedRow(buffer, message.row);
    this.#accessLog = new AccessLogWriter(snapshot.accessLogPath, this.#cells, this.#log);
    if (message.core >= 0) {
      // The first asynchronous call starts libuv's threads: they shall stay free to run elsewhere.
      await access('/');
      pinToCore(message.core);
    }
    const transport = openTransport({
      choice: snapshot.transport,
      pool: new BufferPool(new Arena()),
      log: this.#log,
      descriptorsMax: raiseDescriptorLimit(),
    });
    if (message.credentials !== null) {
      flushCompileCache(); // its folder may be out of reach afterwards
      dropPrivileges(message.credentials);
    }
    await importModules(snapshot);
    this.#plane = new DataPlane({
      snapshot,
      transport,
      listeners: isStandby ? [] : listeners,
      cells: this.#cells,
      accessLog: this.#accessLog,
      log: this.#log,
    });
    this.#standby = isStandby ? listeners : null;
    this.#sockets = new Map(listeners.map(({ socketId, descriptor }) => [socketId, descriptor]));
    this.#setAddresses([...message.addresses, ...this.#updates]);
    this.#beat();
    setInterval(() => this.#beat(), HEARTBEAT_INTERVAL_MS);
    setTimeout(flushCompileCache, COMPILE_CACHE_FLUSH_MS);
    send({ type: 'ready', transport: transport.kind });
  }

  /** The loop turns: a change of the cell is what the supervisor looks for. */
  #beat(): void {
    this.#cells[Cell.HEARTBEAT_MS] = performance.now();
    this.#plane?.updateCells();
    if (this.#isHandedOver && process.ppid !== this.#parentPid) this.#drainAlone();
  }

  /** Its standby is over. */
  #accept(): void {
    if (this.#standby === null || this.#isDraining) return;
    this.#plane!.serve(this.#standby);
    this.#standby = null;
  }

  #setAddresses(updates: readonly HostAddresses[]): void {
    if (this.#plane === null) this.#updates.push(...updates);
    else this.#plane.setAddresses(updates);
  }

  // --- another snapshot --------------------------------------------------------------------------

  #prepare(message: PrepareMessage): void {
    this.#dropChange();
    const plane = this.#plane;
    const { generation } = message;
    if (plane === null || this.#isDraining || this.#standby !== null) {
      // Its sockets stay in the channel: they end with this process.
      const text = 'the worker takes no new configuration: it has just begun, or drains';
      const failure = { code: 'ZP_WORKER_BUSY', message: text };
      send({ type: 'refused', generation, failure });
      return;
    }
    this.#change = new SnapshotChange(message, {
      plane,
      accessLog: this.#accessLog!,
      channel: WORKER_CHANNEL_DESCRIPTOR,
      sockets: this.#sockets,
      send,
    });
  }

  #commit(change: SnapshotChange): void {
    const before = this.#sockets;
    const committed = change.commit();
    if (committed === null) return; // no answer: the supervisor replaces us
    const { snapshot, sockets, stopped } = committed;
    const { generation } = change;
    this.#change = null;
    this.#snapshot = snapshot;
    this.#sockets = sockets;
    void stopped.then(() => {
      for (const [socketId, descriptor] of before) {
        if (!sockets.has(socketId)) closeDescriptor(descriptor);
      }
      send({ type: 'committed', generation });
    });
  }

  #dropChange(): void {
    this.#change?.abandon();
    this.#change = null;
  }

  // --- the end -----------------------------------------------------------------------------------

  #drainAlone(): void {
    if (this.#isDraining) return;
    this.#log.log(LogLevel.ERROR, 'the supervisor is gone: draining');
    this.#drain(this.#snapshot!.drainMs);
  }

  #drain(deadlineMs: number): void {
    if (this.#isDraining) return;
    this.#isDraining = true;
    if (!this.#isStarted) process.exit(0);
    this.#dropChange();
    this.#drainPlane(deadlineMs);
  }

  #drainPlane(deadlineMs: number): void {
    const plane = this.#plane;
    if (plane === null) return; // still opening: `#begin` comes back to it
    setTimeout(() => this.#end(), deadlineMs);
    plane.drain(
      () => void this.#exit(0),
      () => {
        // Our copies were the last ones, if the supervisor drains, too: clients are refused from
        // now on.
        for (const descriptor of this.#sockets.values()) closeDescriptor(descriptor);
      },
    );
  }

  /** Resets what is open. The drain then finds itself done, if there is one. */
  #end(): void {
    const resets = this.#plane?.connectionsCount ?? 0;
    if (resets > 0) {
      const noun = resets === 1 ? 'connection is' : 'connections are';
      this.#log.log(LogLevel.WARN, `the drain is over: ${resets} ${noun} reset`);
    }
    this.#plane?.resetAll();
    void this.#exit(0);
  }

  async #exit(code: number): Promise<void> {
    if (this.#isExiting) return;
    this.#isExiting = true;
    await this.#plane?.close();
    const isFlushed = await (this.#accessLog?.flushed(LOG_FLUSH_MS) ?? true);
    if ((await this.#log.flushed(LOG_FLUSH_MS)) && isFlushed) process.exit(code);
    exitAtOnce(code); // a thread is stuck in a write
  }
}

function sendFailure(failure: WorkerFailure): void {
  send({ type: 'failed', failure });
}

function send(message: FromWorker): void {
  if (process.connected) process.send!(message, () => {});
}

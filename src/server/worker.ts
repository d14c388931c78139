// A worker process: told what to serve by the supervisor, joins the data plane, beats, drains,
// exits.
//
//   'start' -> open all, drop privileges, accept -> 'ready'
//   'drain', or no supervisor -> stop accepting, wait for the last connection or the deadline
//            -> exit 0
//   'end' -> reset what is open -> exit 0

import { access } from 'node:fs/promises';
import { flushCompileCache } from 'node:module';
import { Arena } from '../base/arena.ts';
import { BufferPool } from '../base/buffer_pool.ts';
import { ZProxyError } from '../base/errors.ts';
import { HEARTBEAT_INTERVAL_MS } from '../base/limits.ts';
import { LogLevel } from '../base/log_sink.ts';
import { Cell } from '../base/metrics_cells.ts';
import { refuseSharedHeader, sharedRow } from '../base/shared_layout.ts';
import { openTransport, TransportUnavailableError } from '../ring/open_transport.ts';
import { dropPrivileges, exitAtOnce, pinToCore, raiseDescriptorLimit } from '../sys/process.ts';
import { openSharedMemory } from '../sys/shared_memory.ts';
import { closeDescriptor } from '../sys/sockets.ts';
import { AccessLogWriter } from './access_log_writer.ts';
import { DataPlane } from './data_plane.ts';
import { StderrLog } from './log.ts';
import type {
  EndpointAddresses,
  FromWorker,
  StartMessage,
  ToWorker,
  WorkerFailure,
} from './worker_protocol.ts';

/** How long the last lines may take at the end: a pipe that nobody reads is given up. */
const LOG_FLUSH_MS = 1_000;
/** Well after the start, so that filling the cache of a new release delays no first request. */
const COMPILE_CACHE_FLUSH_MS = 2_000;

/** Serves whatever the parent process sends. Returns at once. */
export function runWorker(): void {
  const worker = new Worker();
  process.on('message', (message) => worker.onMessage(message as ToWorker));
  process.on('disconnect', () => worker.onSupervisorGone());
  // The process dies of it; the supervisor shall know why.
  process.on('uncaughtExceptionMonitor', (error) => sendFailure(describeFailure(error)));
}

class Worker {
  #log = new StderrLog('worker: ');
  #cells: Float64Array = new Float64Array(0);
  #accessLog: AccessLogWriter | null = null;
  #plane: DataPlane | null = null;
  #start: StartMessage | null = null;
  /** Updates that came before there was a plane to tell. */
  readonly #updates: EndpointAddresses[] = [];
  #isDraining = false;
  #isExiting = false;

  onMessage(message: ToWorker): void {
    switch (message.type) {
      case 'start':
        void this.#begin(message);
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
  onSupervisorGone(): void {
    if (this.#start === null) process.exit(1);
    if (this.#isDraining) return;
    this.#log.log(LogLevel.ERROR, 'the supervisor is gone: draining');
    this.#drain(this.#start.snapshot.drainMs);
  }

  async #begin(message: StartMessage): Promise<void> {
    this.#start = message;
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
    const { snapshot, slot } = message;
    const { buffer } = openSharedMemory(message.segmentDescriptor);
    const refusal = refuseSharedHeader(buffer);
    if (refusal !== '') throw new ZProxyError('ZP_SHARED_LAYOUT', `worker ${slot}: ${refusal}`);
    this.#cells = sharedRow(buffer, message.row);
    if (snapshot.accessLogPath !== null) {
      this.#accessLog = new AccessLogWriter(snapshot.accessLogPath, this.#cells, this.#log);
    }
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
    this.#plane = new DataPlane({
      snapshot,
      transport,
      listeners: message.listeners,
      cells: this.#cells,
      accessLog: this.#accessLog,
    });
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
  }

  #setAddresses(updates: readonly EndpointAddresses[]): void {
    if (this.#plane === null) this.#updates.push(...updates);
    for (const { upstreamIndex, endpointIndex, addresses } of updates) {
      this.#plane?.setAddresses(upstreamIndex, endpointIndex, addresses);
    }
  }

  #drain(deadlineMs: number): void {
    if (this.#isDraining) return;
    this.#isDraining = true;
    if (this.#start === null) process.exit(0);
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
        for (const { descriptor } of this.#start!.listeners) closeDescriptor(descriptor);
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

function describeFailure(error: unknown): WorkerFailure {
  if (error instanceof ZProxyError) {
    return { code: error.code, message: error.message, location: error.location };
  }
  const { message, stack } = error instanceof Error ? error : new Error(String(error));
  if (error instanceof TransportUnavailableError) return { code: 'ZP_TRANSPORT', message };
  return { code: 'ZP_WORKER_CRASHED', message: stack ?? message };
}

function sendFailure(failure: WorkerFailure): void {
  send({ type: 'failed', failure });
}

function send(message: FromWorker): void {
  if (process.connected) process.send!(message, () => {});
}

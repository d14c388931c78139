// The data plane in the calling process, without supervisor and workers: for embedding (`workers:
// 'inline'`) and tests. One transport, one thread: the caller's. A new snapshot is prepared beside
// the one that serves, like in a worker; what is refused leaves everything as it was.

import { Arena } from '../base/arena.ts';
import { BufferPool } from '../base/buffer_pool.ts';
import { ZProxyError } from '../base/errors.ts';
import type { AccessLogSink, LogSink } from '../base/log_sink.ts';
import { CELLS_COUNT, EndpointCell, endpointCell } from '../base/metrics_cells.ts';
import { formatSocketAddress } from '../base/socket_address.ts';
import type { Snapshot } from '../config/snapshot.ts';
import { openTransport } from '../ring/open_transport.ts';
import { raiseDescriptorLimit } from '../sys/process.ts';
import { AccessLogWriter } from './access_log_writer.ts';
import { DataPlane, type PreparedPlane } from './data_plane.ts';
import { EndpointSlots } from './endpoint_slots.ts';
import { ListeningSockets } from './listening_sockets.ts';
import { importModules } from './middleware_modules.ts';
import { Resolver } from './resolver.ts';
import { listenersOf, type SocketPlan } from './socket_plan.ts';
import { buildStatusReport, type StatusReport } from './status_report.ts';

const LOG_FLUSH_MS = 1_000;

export interface InlineOptions {
  readonly snapshot: Snapshot;
  readonly version: string;
  readonly log: LogSink;
  /** Takes access lines instead of what the snapshot says. */
  readonly accessLog?: AccessLogSink | null;
}

/** Opens the snapshot's listeners here; resolves once connections are accepted. */
export async function runInline(options: InlineOptions): Promise<InlineProxy> {
  await importModules(options.snapshot);
  const proxy = new InlineProxy(options);
  await proxy.ready;
  return proxy;
}

export class InlineProxy {
  readonly cells: Float64Array = new Float64Array(CELLS_COUNT);
  /** The names of endpoints were looked up, or a second has passed. */
  readonly ready: Promise<void>;
  readonly #options: InlineOptions;
  readonly #sockets: ListeningSockets;
  readonly #slots: EndpointSlots;
  readonly #writer: AccessLogWriter | null = null;
  readonly #plane: DataPlane;
  readonly #resolver: Resolver;
  readonly #startedMs: number = performance.now();
  #snapshot: Snapshot;
  #state: StatusReport['state'] = 'running';
  /** The reload that runs, or ran last; never rejects. */
  #reloading: Promise<void> = Promise.resolve();
  /** Gives up what is being prepared: the proxy is closed or drained. */
  #onInterrupt: (() => void) | null = null;
  #closed: Promise<void> | null = null;
  /** Where it listened when it stopped doing so. */
  #lastAddresses: readonly string[] | null = null;

  /** The modules of the snapshot's middleware are imported. */
  constructor(options: InlineOptions) {
    const { log, accessLog } = options;
    this.#options = options;
    this.#slots = new EndpointSlots({
      isIdle: (slot) => this.#isIdle(slot),
      clear: (slot) => this.cells.fill(0, endpointCell(slot), endpointCell(slot + 1)),
    });
    const slotPlan = this.#slots.prepare(options.snapshot);
    this.#slots.commit(slotPlan);
    const { snapshot } = slotPlan;
    this.#snapshot = snapshot;
    this.#sockets = new ListeningSockets(snapshot.listeners, 1);
    try {
      if (accessLog === undefined) {
        this.#writer = new AccessLogWriter(snapshot.accessLogPath, this.cells, log);
      }
      this.#plane = this.#openPlane(accessLog ?? this.#writer);
    } catch (error) {
      this.#sockets.close();
      throw error;
    }
    this.#resolver = new Resolver({
      upstreams: snapshot.upstreams,
      log,
      onChange: (updates) => this.#plane.setAddresses(updates),
    });
    this.ready = this.#resolver.start();
  }

  /** Where it listens: ports that were picked are filled in. */
  get addresses(): readonly string[] {
    return this.#lastAddresses ?? this.#sockets.addresses.map(formatSocketAddress);
  }

  /** What exchanges begin with now. */
  get snapshot(): Snapshot {
    return this.#snapshot;
  }

  status(): StatusReport {
    this.#plane.updateCells();
    const frame = {
      version: this.#options.version,
      state: this.#state,
      uptimeSeconds: (performance.now() - this.#startedMs) / 1000,
      addresses: this.addresses,
      workers: [],
    };
    return buildStatusReport(frame, this.#snapshot, [this.cells]);
  }

  /**
   * Serves another snapshot, without losing a connection or an exchange. Resolves once sockets that
   * it does not have are closed; false: it is the one that serves already. Rejects with a
   * ZProxyError, and changes nothing, where an address cannot be listened on, middleware cannot be
   * made, or the proxy is closed meanwhile. One after the other.
   */
  reload(snapshot: Snapshot): Promise<boolean> {
    const done = this.#reloading.then(() => this.#reload(snapshot));
    this.#reloading = done.then(
      () => {},
      () => {},
    );
    return done;
  }

  /**
   * Takes no new connections and lets open exchanges end, for at most `deadlineMs`; then closes.
   */
  async drain(deadlineMs: number = this.#snapshot.drainMs): Promise<void> {
    if (this.#closed !== null) return this.#closed;
    await this.#interrupt();
    await new Promise<void>((resolve) => {
      const timeout = setTimeout(resolve, deadlineMs);
      this.#plane.drain(
        () => {
          clearTimeout(timeout);
          resolve();
        },
        () => this.#sockets.close(),
      );
    });
    await this.close();
  }

  /** Resets what is open and gives everything back. */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    await this.#interrupt();
    this.#resolver.close();
    await this.#plane.close();
    this.#sockets.close();
    await this.#writer?.flushed(LOG_FLUSH_MS);
  }

  /** Gives up a reload that is not committed, and waits until nothing of it is left. */
  #interrupt(): Promise<void> {
    this.#lastAddresses ??= this.addresses;
    this.#state = 'draining';
    this.#onInterrupt?.();
    return this.#reloading;
  }

  // --- reload ------------------------------------------------------------------------------------

  async #reload(wanted: Snapshot): Promise<boolean> {
    if (this.#state !== 'running') throw closedError();
    const before = this.#snapshot;
    if (wanted.hash === before.hash) return false;
    if (wanted.transport !== before.transport) throw transportError(before, wanted);
    const slotPlan = this.#slots.prepare(wanted);
    const { snapshot } = slotPlan;
    const plan = this.#sockets.prepare(snapshot.listeners, 1);
    let prepared: PreparedPlane;
    let opened: number | undefined;
    try {
      prepared = await this.#prepare(snapshot);
      try {
        opened = this.#writer?.open(snapshot.accessLogPath);
        this.#sockets.listen(plan, snapshot.listeners);
      } catch (error) {
        this.#plane.abandon(prepared);
        throw error;
      }
    } catch (error) {
      if (opened !== undefined) this.#writer?.abandon(opened);
      this.#resolver.keep(before.upstreams);
      this.#sockets.abandon(plan);
      throw error;
    }
    this.#snapshot = snapshot;
    this.#slots.commit(slotPlan);
    if (opened !== undefined) this.#writer?.moveTo(snapshot.accessLogPath, opened);
    await this.#commit(prepared, plan);
    return true;
  }

  async #prepare(snapshot: Snapshot): Promise<PreparedPlane> {
    await this.#unlessInterrupted(importModules(snapshot));
    await this.#unlessInterrupted(this.#resolver.add(snapshot.upstreams));
    this.#plane.setAddresses(this.#resolver.current());
    const prepared = await this.#plane.prepare(snapshot, () => this.#state === 'running');
    if (prepared === null) throw closedError();
    return prepared;
  }

  async #commit(prepared: PreparedPlane, plan: SocketPlan): Promise<void> {
    await this.#plane.commit(prepared, listenersOf(plan, 0));
    this.#sockets.commit(plan); // nothing accepts from those that go
    this.#resolver.keep(prepared.snapshot.upstreams);
  }

  #unlessInterrupted(work: Promise<void>): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#onInterrupt = () => reject(closedError());
      void work.then(resolve, reject);
    });
  }

  #openPlane(accessLog: AccessLogSink | null): DataPlane {
    const { log } = this.#options;
    const snapshot = this.#snapshot;
    const transport = openTransport({
      choice: snapshot.transport,
      pool: new BufferPool(new Arena()),
      log,
      descriptorsMax: raiseDescriptorLimit(),
    });
    const listeners = this.#sockets.listenersOf(0);
    try {
      return new DataPlane({ snapshot, transport, listeners, cells: this.cells, accessLog, log });
    } catch (error) {
      void transport.close(); // it would keep the process alive
      throw error;
    }
  }

  #isIdle(slot: number): boolean {
    const first = endpointCell(slot);
    return (
      this.cells[first + EndpointCell.IN_FLIGHT] === 0 &&
      this.cells[first + EndpointCell.CONNECTIONS] === 0
    );
  }
}

function closedError(): ZProxyError {
  return new ZProxyError('ZP_PROXY_CLOSED', 'The proxy is closed, or drains; start another one.');
}

function transportError(before: Snapshot, wanted: Snapshot): ZProxyError {
  const text =
    `transport: '${before.transport}' cannot become '${wanted.transport}' while the proxy runs; ` +
    'close it and start another one';
  return new ZProxyError('ZP_RELOAD_TRANSPORT', text);
}

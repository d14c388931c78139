// The data plane in the calling process, without supervisor and workers: for embedding (`workers:
// 'inline'`) and tests. One transport, one thread: the caller's.

import { Arena } from '../base/arena.ts';
import { BufferPool } from '../base/buffer_pool.ts';
import type { AccessLogSink, LogSink } from '../base/log_sink.ts';
import { CELLS_COUNT } from '../base/metrics_cells.ts';
import { formatSocketAddress } from '../base/socket_address.ts';
import type { Snapshot } from '../config/snapshot.ts';
import { openTransport } from '../ring/open_transport.ts';
import type { Transport } from '../ring/transport.ts';
import { raiseDescriptorLimit } from '../sys/process.ts';
import { AccessLogWriter } from './access_log_writer.ts';
import { DataPlane } from './data_plane.ts';
import { ListeningSockets } from './listening_sockets.ts';
import { Resolver } from './resolver.ts';
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
  const proxy = new InlineProxy(options);
  await proxy.ready;
  return proxy;
}

export class InlineProxy {
  readonly addresses: readonly string[];
  readonly cells: Float64Array = new Float64Array(CELLS_COUNT);
  /** The names of endpoints were looked up, or a second has passed. */
  readonly ready: Promise<void>;
  readonly #options: InlineOptions;
  readonly #sockets: ListeningSockets;
  readonly #transport: Transport;
  readonly #writer: AccessLogWriter | null = null;
  readonly #plane: DataPlane;
  readonly #resolver: Resolver;
  readonly #startedMs: number = performance.now();
  #state: StatusReport['state'] = 'running';
  #closed: Promise<void> | null = null;

  constructor(options: InlineOptions) {
    const { snapshot, log, accessLog } = options;
    this.#options = options;
    this.#sockets = new ListeningSockets(snapshot.listeners, 1);
    try {
      if (accessLog === undefined && snapshot.accessLogPath !== null) {
        this.#writer = new AccessLogWriter(snapshot.accessLogPath, this.cells, log);
      }
      this.#transport = openTransport({
        choice: snapshot.transport,
        pool: new BufferPool(new Arena()),
        log,
        descriptorsMax: raiseDescriptorLimit(),
      });
    } catch (error) {
      this.#sockets.close();
      throw error;
    }
    this.#plane = new DataPlane({
      snapshot,
      transport: this.#transport,
      listeners: this.#sockets.listenersOf(0),
      cells: this.cells,
      accessLog: accessLog ?? this.#writer,
    });
    this.addresses = this.#sockets.addresses.map(formatSocketAddress);
    this.#resolver = new Resolver({
      upstreams: snapshot.upstreams,
      log,
      onChange: (updates) => {
        for (const { upstreamIndex, endpointIndex, addresses } of updates) {
          this.#plane.setAddresses(upstreamIndex, endpointIndex, addresses);
        }
      },
    });
    this.ready = this.#resolver.start();
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
    return buildStatusReport(frame, this.#options.snapshot, [this.cells]);
  }

  /**
   * Takes no new connections and lets open exchanges end, for at most `deadlineMs`; then closes.
   */
  async drain(deadlineMs: number = this.#options.snapshot.drainMs): Promise<void> {
    if (this.#closed !== null) return this.#closed;
    this.#state = 'draining';
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
    this.#state = 'draining';
    this.#resolver.close();
    await this.#plane.close();
    this.#sockets.close();
    await this.#writer?.flushed(LOG_FLUSH_MS);
  }
}

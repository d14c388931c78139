// The data plane of one worker: the layers joined over one transport. The worker process, the
// inline mode and the simulation run the same one. It owns connections and pools; listening
// descriptors and the transport belong to whoever made them.
//
// A snapshot is prepared beside the one that serves, a little at a time, and takes its place at
// once. The first one goes the same way.
//
//   prepare -> PreparedPlane -> commit: exchanges, connections and pools go over to it
//                         \---> abandon: nothing has changed
//
// - An exchange ends on the snapshot that it began with: routes, middleware, upstreams, endpoints.
// - Connections to endpoints that both snapshots have are kept, and so are listening sockets.
//   Clients' connections take the new options with their next request.
// - A socket that is gone is accepted from until its queue is empty; its connections end as in a
//   drain (after their exchange, or soon where they idle), but nothing is reset.

import { compileAddressRanges } from '../base/address_ranges.ts';
import { assert } from '../base/assert.ts';
import type { AccessLogSink, LogSink } from '../base/log_sink.ts';
import { Cell } from '../base/metrics_cells.ts';
import type { Snapshot } from '../config/snapshot.ts';
import { ConnectionAcceptor } from '../downstream/connection_acceptor.ts';
import { ConnectionRegistry } from '../downstream/connection_registry.ts';
import { Proxy as HttpProxy } from '../proxy/proxy.ts';
import type { ProxyState } from '../proxy/proxy_state.ts';
import type { Listener, Transport } from '../ring/transport.ts';
import type { Upstream } from '../upstream/upstream.ts';
import { Upstreams } from '../upstream/upstreams.ts';
import { runInSlices, runSteps } from './slices.ts';
import type { HostAddresses, WorkerListener } from './worker_protocol.ts';

/** Compiled in one step: much less than a slice of time. */
const ROUTES_PER_STEP = 8;

export interface DataPlaneOptions {
  readonly snapshot: Snapshot;
  readonly transport: Transport;
  /** May be none, and served later by `serve`. */
  readonly listeners: readonly WorkerListener[];
  /** The worker's row of counters. */
  readonly cells: Float64Array;
  /** Null where nothing takes access lines, whatever a snapshot says. */
  readonly accessLog: AccessLogSink | null;
  readonly log: LogSink;
}

/** A snapshot that is ready to serve. */
export interface PreparedPlane {
  readonly snapshot: Snapshot;
  readonly state: ProxyState;
  readonly upstreams: readonly Upstream[];
  readonly isTrusted: (host: string) => boolean;
}

/** A socket that is accepted from. */
interface ServedSocket {
  readonly acceptor: ConnectionAcceptor;
  readonly listener: Listener;
}

export class DataPlane {
  readonly #transport: Transport;
  readonly #cells: Float64Array;
  readonly #registry: ConnectionRegistry;
  readonly #upstreams: Upstreams;
  readonly #proxy: HttpProxy;
  /** By socket id. */
  readonly #sockets: Map<number, ServedSocket> = new Map();
  #current: PreparedPlane;
  /** Sockets that are accepted from until their queue is empty. */
  #stoppingCount = 0;
  #isDraining = false;

  /** Throws a ZProxyError where the snapshot's middleware cannot be made. */
  constructor(options: DataPlaneOptions) {
    const { accessLog, cells, log, transport } = options;
    this.#transport = transport;
    this.#cells = cells;
    this.#registry = new ConnectionRegistry(cells);
    this.#upstreams = new Upstreams(transport, cells);
    this.#proxy = new HttpProxy({ transport, cells, accessLog, log });
    this.#current = runSteps(this.#prepareSteps(options.snapshot));
    this.#use(this.#current);
    this.serve(options.listeners);
  }

  // --- snapshots ---------------------------------------------------------------------------------

  /**
   * Makes a snapshot ready, in slices of a millisecond at most between which requests are served.
   * Null where `isWanted` says so meanwhile. Rejects with a ZProxyError where its middleware cannot
   * be made. Whatever becomes of it, nothing has changed.
   */
  prepare(snapshot: Snapshot, isWanted: () => boolean = () => true): Promise<PreparedPlane | null> {
    return runInSlices(this.#prepareSteps(snapshot), isWanted);
  }

  /**
   * Exchanges that begin from now on use what was prepared, and `listeners` are served: those with
   * known ids go on. Resolves once no other socket is accepted from any more.
   */
  commit(prepared: PreparedPlane, listeners: readonly WorkerListener[]): Promise<void> {
    assert(!this.#isDraining, 'a plane that drains takes no new snapshot');
    this.#current = prepared;
    this.#use(prepared);
    const wanted = new Set(listeners.map(({ socketId }) => socketId));
    const gone = [...this.#sockets.keys()].filter((socketId) => !wanted.has(socketId));
    this.serve(listeners);
    return new Promise((resolve) => this.#stop(gone, resolve));
  }

  /** Drops what was prepared. */
  abandon(prepared: PreparedPlane): void {
    prepared.state.close();
    this.#upstreams.end(prepared.upstreams);
  }

  /** Serves the sockets, with what the snapshot says of the listener of each. */
  serve(listeners: readonly WorkerListener[]): void {
    const { isTrusted, snapshot } = this.#current;
    for (const { descriptor, listenerIndex, socketId } of listeners) {
      const options = snapshot.listeners[listenerIndex]!;
      const socket = this.#sockets.get(socketId);
      if (socket !== undefined) {
        socket.acceptor.follow(options, isTrusted);
        continue;
      }
      const acceptor = new ConnectionAcceptor(
        this.#transport,
        options,
        this.#proxy,
        this.#cells,
        this.#registry,
        isTrusted,
      );
      this.#sockets.set(socketId, { acceptor, listener: acceptor.listen(descriptor) });
    }
  }

  /** What host names resolve to; empty: one does not. Kept for snapshots that come later. */
  setAddresses(updates: readonly HostAddresses[]): void {
    for (const { host, addresses } of updates) this.#upstreams.setAddresses(host, addresses);
  }

  // --- counters ----------------------------------------------------------------------------------

  /** Copies what the transport counts into the worker's row. */
  updateCells(): void {
    const { counters } = this.#transport;
    this.#cells[Cell.ACCEPT_STARVATIONS] = counters.acceptStarvations;
    this.#cells[Cell.RECEIVE_STARVATIONS] = counters.receiveStarvations;
    this.#cells[Cell.LOOP_ROUNDS] = counters.rounds;
  }

  /** Downstream connections that are open. */
  get connectionsCount(): number {
    return this.#registry.count;
  }

  /** Connections to endpoints. */
  get upstreamConnectionsCount(): number {
    return this.#upstreams.connectionsCount;
  }

  // --- the end -----------------------------------------------------------------------------------

  /**
   * Stops accepting (what waits in the accept queues is still taken), closes idle connections after
   * their next answer or a short while, and calls back once the last one is gone. `onStopped` is
   * told before that when the listening descriptors are no longer used and may be closed.
   */
  drain(onDrained: () => void, onStopped: () => void = () => {}): void {
    this.#isDraining = true;
    let isDrained = false;
    const drained = (): void => {
      // A socket that a snapshot before had no longer may still bring in a last connection.
      if (isDrained || !this.#registry.isEmpty || this.#stoppingCount > 0) return;
      isDrained = true;
      this.#registry.onEmpty = null;
      this.#upstreams.close();
      onDrained();
    };
    this.#stop([...this.#sockets.keys()], () => {
      onStopped();
      this.#registry.onEmpty = drained;
      drained();
    });
  }

  /** The drain's deadline: what is still open is reset and counted. */
  resetAll(): void {
    this.#registry.resetAll();
  }

  /** Resets everything and closes the transport. */
  async close(): Promise<void> {
    this.#isDraining = true;
    this.#upstreams.close();
    this.#registry.resetAll();
    await this.#transport.close();
    this.#current.state.close();
  }

  // --- inside ------------------------------------------------------------------------------------

  *#prepareSteps(snapshot: Snapshot): Generator<void, PreparedPlane> {
    const upstreams: Upstream[] = [];
    let state: ProxyState | null = null;
    let isDone = false;
    try {
      for (const options of snapshot.upstreams) {
        upstreams.push(this.#upstreams.open(options));
        yield;
      }
      const { proxy, routes, routeTable } = snapshot;
      state = this.#proxy.prepare({ options: proxy, routes, routeTable, upstreams });
      while (!state.compile(ROUTES_PER_STEP)) yield;
      isDone = true;
      const isTrusted = compileAddressRanges(proxy.trustedProxies);
      return { snapshot, state, upstreams, isTrusted };
    } finally {
      // Given up, or refused by a middleware.
      if (!isDone) {
        state?.close();
        this.#upstreams.end(upstreams);
      }
    }
  }

  #use({ state, upstreams }: PreparedPlane): void {
    const before = this.#upstreams.begin(upstreams);
    // From a turn: the last exchange ends inside calls of its upstream.
    this.#proxy.use(state, () => this.#transport.defer(() => this.#upstreams.end(before)));
  }

  /** Accepts until the queues are empty, and then no more; connections that are open drain. */
  #stop(socketIds: readonly number[], onStopped: () => void): void {
    let left = socketIds.length;
    if (left === 0) onStopped();
    this.#stoppingCount += left;
    for (const socketId of socketIds) {
      const { acceptor, listener } = this.#sockets.get(socketId)!;
      this.#sockets.delete(socketId);
      listener.stop(() => {
        this.#stoppingCount--;
        left--;
        acceptor.beginDrain();
        if (left === 0) onStopped();
        if (this.#registry.isEmpty) this.#registry.onEmpty?.();
      });
    }
  }
}

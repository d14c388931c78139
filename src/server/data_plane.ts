// The data plane of one worker: the layers joined over one transport. The worker process, the
// inline mode and the simulation run the same one. It owns connections and pools; listening
// descriptors and the transport belong to whoever made them.

import type { AccessLogSink } from '../base/log_sink.ts';
import { Cell } from '../base/metrics_cells.ts';
import type { SocketAddress } from '../base/socket_address.ts';
import type { Snapshot } from '../config/snapshot.ts';
import { ConnectionAcceptor } from '../downstream/connection_acceptor.ts';
import { ConnectionRegistry } from '../downstream/connection_registry.ts';
import { compileTrust } from '../proxy/address_ranges.ts';
import { Proxy as HttpProxy } from '../proxy/proxy.ts';
import type { Listener, Transport } from '../ring/transport.ts';
import { RouteTable } from '../routing/route_table.ts';
import { Upstream } from '../upstream/upstream.ts';
import type { WorkerListener } from './worker_protocol.ts';

export interface DataPlaneOptions {
  readonly snapshot: Snapshot;
  readonly transport: Transport;
  readonly listeners: readonly WorkerListener[];
  /** The worker's row of counters. */
  readonly cells: Float64Array;
  /** Null turns the access log off. */
  readonly accessLog: AccessLogSink | null;
}

export class DataPlane {
  readonly #transport: Transport;
  readonly #cells: Float64Array;
  readonly #registry: ConnectionRegistry;
  readonly #upstreams: readonly Upstream[];
  readonly #acceptors: ConnectionAcceptor[] = [];
  readonly #listeners: Listener[] = [];

  constructor(options: DataPlaneOptions) {
    const { snapshot, transport, cells } = options;
    this.#transport = transport;
    this.#cells = cells;
    this.#registry = new ConnectionRegistry(cells);
    this.#upstreams = snapshot.upstreams.map(
      (upstream) => new Upstream(upstream, transport, cells),
    );
    const proxy = new HttpProxy({
      options: snapshot.proxy,
      routes: new RouteTable(snapshot.routes),
      upstreams: this.#upstreams,
      transport,
      cells,
      accessLog: options.accessLog,
    });
    const isTrusted = compileTrust(snapshot.proxy.trustedProxies);
    for (const { descriptor, listenerIndex } of options.listeners) {
      const acceptor = new ConnectionAcceptor(
        transport,
        snapshot.listeners[listenerIndex]!,
        proxy,
        cells,
        this.#registry,
        isTrusted,
      );
      this.#acceptors.push(acceptor);
      this.#listeners.push(acceptor.listen(descriptor));
    }
  }

  /** What an endpoint that was given by name resolves to; empty means that it does not. */
  setAddresses(
    upstreamIndex: number,
    endpointIndex: number,
    addresses: readonly SocketAddress[],
  ): void {
    this.#upstreams[upstreamIndex]?.setAddresses(endpointIndex, addresses);
  }

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

  /**
   * Stops accepting (what waits in the accept queues is still taken), closes idle connections after
   * their next answer or a short while, and calls back once the last one is gone. `onStopped` is
   * told before that when the listening descriptors are no longer used and may be closed.
   */
  drain(onDrained: () => void, onStopped: () => void = () => {}): void {
    let listening = this.#listeners.length;
    const stopped = (): void => {
      if (listening > 0) return;
      onStopped();
      for (const acceptor of this.#acceptors) acceptor.beginDrain();
      const drained = (): void => {
        this.#registry.onEmpty = null;
        for (const upstream of this.#upstreams) upstream.close();
        onDrained();
      };
      if (this.#registry.isEmpty) drained();
      else this.#registry.onEmpty = drained;
    };
    for (const listener of this.#listeners) {
      listener.stop(() => {
        listening--;
        stopped();
      });
    }
    if (this.#listeners.length === 0) stopped();
  }

  /** The drain's deadline: what is still open is reset and counted. */
  resetAll(): void {
    this.#registry.resetAll();
  }

  /** Resets everything and closes the transport. */
  async close(): Promise<void> {
    for (const upstream of this.#upstreams) upstream.close();
    this.#registry.resetAll();
    await this.#transport.close();
  }
}

// Takes the connections of one listening address: makes room for them at the limit, pauses
// accepting where there is none, and hands each to the driver of its protocol. For now that is
// HTTP/1.1 in clear.

import { Cell } from '../base/metrics_cells.ts';
import type { RequestHandler } from '../http/exchange_contract.ts';
import type { Acceptor, Connection, Listener, Transport } from '../ring/transport.ts';
import type { ConnectionRegistry, RoomWaiter } from './connection_registry.ts';
import { Http1Server } from './http1_server.ts';
import type { ListenerOptions } from './options.ts';

export class ConnectionAcceptor implements Acceptor, RoomWaiter {
  readonly #transport: Transport;
  readonly #options: ListenerOptions;
  readonly #cells: Float64Array;
  readonly #connections: ConnectionRegistry;
  readonly #server: Http1Server;
  readonly #listeners: Listener[] = [];

  constructor(
    transport: Transport,
    options: ListenerOptions,
    handler: RequestHandler,
    cells: Float64Array,
    connections: ConnectionRegistry,
    isTrusted: (host: string) => boolean,
  ) {
    this.#transport = transport;
    this.#options = options;
    this.#cells = cells;
    this.#connections = connections;
    this.#server = new Http1Server(transport, options, handler, cells, connections, isTrusted);
  }

  /**
   * Serves a listening descriptor. Accepting from it is paused while `connectionsMax` connections
   * are busy. Stopping the listener is the caller's part.
   */
  listen(descriptor: number): Listener {
    const listener = this.#transport.listen(descriptor, this);
    this.#listeners.push(listener);
    return listener;
  }

  onAccept(connection: Connection): void {
    const { connectionsMax } = this.#options.limits;
    const registry = this.#connections;
    const isRefused = registry.openCount >= connectionsMax && !registry.evictOldestIdle();
    const driver = this.#server.serve(connection);
    if (isRefused) {
      this.#cells[Cell.CONNECTIONS_EVICTED]!++;
      driver.close();
    }
    if (registry.openCount >= connectionsMax && registry.idleCount === 0) this.#pause();
  }

  /** Descriptors are used up; the transport pauses accepting by itself. */
  onAcceptStarved(): void {
    this.#connections.evictOldestIdle();
  }

  /** A connection was closed, or became idle and can be evicted: accepting goes on. */
  onRoom(): void {
    for (const listener of this.#listeners) listener.resumeAccept();
  }

  /**
   * Answers carry `Connection: close` from now on; an idle connection is closed after its next
   * answer, or after `drainIdleMs` without a request. Connections that still wait to be accepted
   * are served.
   */
  beginDrain(): void {
    if (this.#server.isDraining) return;
    this.#server.isDraining = true;
    this.#connections.beginDrain();
  }

  #pause(): void {
    this.#connections.waitForRoom(this);
    for (const listener of this.#listeners) listener.pauseAccept();
  }
}

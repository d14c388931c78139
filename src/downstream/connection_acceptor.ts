// Takes the connections of one listening address: makes room for them at the limit, pauses
// accepting where there is none, and hands each to the driver of its protocol. For now that is
// HTTP/1.1 in clear.
//
// The limit is the configured one, unless descriptors are scarce: each exchange needs one more
// towards an endpoint, and must not be refused for want of it.

import { POOL_CONNECTIONS_MAX } from '../base/limits.ts';
import { Timer, type TimerOwner } from '../base/timer_wheel.ts';
import type { RequestHandler } from '../http/exchange_contract.ts';
import type { Acceptor, Connection, Listener, Transport } from '../ring/transport.ts';
import type { ConnectionRegistry, RoomWaiter } from './connection_registry.ts';
import { Http1Server } from './http1_server.ts';
import { ListenerSettings } from './listener_settings.ts';
import type { ListenerOptions } from './options.ts';

/** Half of the descriptors are left to the upstream side, but no more than these. */
const UPSTREAM_SHARE_MAX = POOL_CONNECTIONS_MAX;
/** While accepting is paused: how soon a connection that has said nothing may be closed instead. */
const EVICTION_RETRY_MS = 100;

export class ConnectionAcceptor implements Acceptor, RoomWaiter, TimerOwner {
  readonly #transport: Transport;
  readonly #retry: Timer = new Timer(this);
  readonly #connections: ConnectionRegistry;
  readonly #server: Http1Server;
  readonly #listeners: Listener[] = [];
  #connectionsMax: number;

  constructor(
    transport: Transport,
    options: ListenerOptions,
    handler: RequestHandler,
    cells: Float64Array,
    connections: ConnectionRegistry,
    isTrusted: (host: string) => boolean,
  ) {
    const settings = new ListenerSettings(transport.pool, options, isTrusted);
    this.#transport = transport;
    this.#connectionsMax = this.#limitOf(options);
    this.#connections = connections;
    this.#server = new Http1Server(transport, settings, handler, cells, connections);
  }

  /**
   * Goes by other options from now on. Connections that are open take them with their next request
   * and stay trusted, or not, as they are.
   */
  follow(options: ListenerOptions, isTrusted: (host: string) => boolean): void {
    this.#server.settings = new ListenerSettings(this.#transport.pool, options, isTrusted);
    this.#connectionsMax = this.#limitOf(options);
    if (this.roomCount > 0) this.onRoom();
  }

  /**
   * Serves a listening descriptor. Accepting from it is paused while as many connections as may be
   * are busy. Stopping the listener is the caller's part.
   */
  listen(descriptor: number): Listener {
    const listener = this.#transport.listen(descriptor, this);
    this.#listeners.push(listener);
    return listener;
  }

  get roomCount(): number {
    return this.#connectionsMax - this.#connections.openCount;
  }

  /** One that was accepted is served: pausing came too late for it. */
  onAccept(connection: Connection): void {
    if (this.roomCount <= 0) this.#connections.evictOldestIdle();
    this.#server.serve(connection);
    if (this.roomCount <= 0 && !this.#connections.canEvict) this.#pause();
  }

  /** Descriptors are used up; the transport pauses accepting by itself. */
  onAcceptStarved(): void {
    this.#connections.evictOldestIdle();
  }

  /** A connection was closed, or became idle and can be evicted: accepting goes on. */
  onRoom(): void {
    this.#transport.timers.cancel(this.#retry);
    for (const listener of this.#listeners) listener.resumeAccept();
  }

  /** Accepting is paused: one that is idle has had its time by now, or gets some more. */
  onTimer(): void {
    if (this.#connections.canEvict) this.onRoom();
    else if (this.#connections.idleCount > 0) this.#setRetry();
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

  #limitOf(options: ListenerOptions): number {
    const total = this.#transport.connectionsMax;
    const share = total - Math.min(total >> 1, UPSTREAM_SHARE_MAX);
    return Math.min(options.limits.connectionsMax, share);
  }

  #pause(): void {
    this.#connections.waitForRoom(this);
    for (const listener of this.#listeners) listener.pauseAccept();
    if (this.#connections.idleCount > 0) this.#setRetry();
  }

  #setRetry(): void {
    const { timers, clock } = this.#transport;
    timers.set(this.#retry, clock.nowMs + EVICTION_RETRY_MS);
  }
}

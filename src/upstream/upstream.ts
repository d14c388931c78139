// A named set of endpoints as one worker sees it: picks the endpoint of a request, hands out
// streams on its connections, and keeps those waiting for whom there is none now. Knows nothing
// of requests or retries.

import { assert } from '../base/assert.ts';
import { ObjectPool } from '../base/object_pool.ts';
import type { SocketAddress } from '../base/socket_address.ts';
import { Timer, type TimerOwner } from '../base/timer_wheel.ts';
import type { ClientStream, ClientStreamHandler } from '../http/exchange_contract.ts';
import { ExchangeError } from '../http/exchange_error.ts';
import type { Transport } from '../ring/transport.ts';
import { ClientContext } from './client_context.ts';
import { ConnectionPool, type PoolHost } from './connection_pool.ts';
import { Endpoint, endpointAuthority } from './endpoint.ts';
import { Http1Client } from './http1_client.ts';
import type { PoolLimits, UpstreamOptions } from './options.ts';
import { pickRoundRobin } from './round_robin.ts';
import { type StreamWaiter, WaitingEntry, WaitingQueue } from './waiting_queue.ts';

export type { StreamWaiter } from './waiting_queue.ts';

/** Unused client objects that an upstream keeps. */
const CLIENTS_FREE_MAX = 256;

export class Upstream implements PoolHost, TimerOwner {
  readonly name: string;
  readonly options: UpstreamOptions;
  readonly limits: PoolLimits;
  readonly cells: Float64Array;
  readonly clients: ObjectPool<Http1Client>;
  /** Why `acquire` returned null; NONE where the waiter is called later. */
  lastError: ExchangeError = ExchangeError.NONE;
  isDraining = false;
  readonly #transport: Transport;
  readonly #endpoints: Endpoint[] = [];
  readonly #waiting: WaitingQueue = new WaitingQueue();
  readonly #waitingTimer: Timer;
  #isClosed = false;
  #isServing = false;

  /** `cells` is the worker's row. */
  constructor(options: UpstreamOptions, transport: Transport, cells: Float64Array) {
    const context = new ClientContext(options, transport);
    this.name = options.name;
    this.options = options;
    this.limits = options.pool;
    this.cells = cells;
    this.clients = new ObjectPool((): Http1Client => new Http1Client(context), CLIENTS_FREE_MAX);
    this.#transport = transport;
    this.#waitingTimer = new Timer(this);
    for (const endpoint of options.endpoints) {
      const pool = new ConnectionPool(this, {
        url: endpoint.url,
        index: this.#endpoints.length,
        authority: endpointAuthority(endpoint),
        slot: endpoint.slot,
      });
      this.#endpoints.push(new Endpoint(endpoint, pool));
    }
  }

  get nowMs(): number {
    return this.#transport.clock.nowMs;
  }

  /** Connections of all endpoints, those included that are being opened or closed. */
  get connectionsCount(): number {
    let count = 0;
    for (const endpoint of this.#endpoints) count += endpoint.pool.count;
    return count;
  }

  get idleCount(): number {
    let count = 0;
    for (const endpoint of this.#endpoints) count += endpoint.pool.idleCount;
    return count;
  }

  get waitingCount(): number {
    return this.#waiting.count;
  }

  /**
   * A stream on an idle connection or a new one (which may still be connecting: what is written
   * is held until it is open); with `freshOnly` never on one that has served before. `handler` is
   * told all that follows. Null with `lastError` NONE: the limits make it wait and `waiter` is
   * called later. Null with another `lastError`: there is none to be had, and nobody is called.
   */
  acquire(
    handler: ClientStreamHandler,
    waiter: StreamWaiter,
    freshOnly: boolean,
  ): ClientStream | null {
    if (this.#waiting.count === 0) {
      const client = this.#take(handler, freshOnly);
      if (client !== null || this.lastError !== ExchangeError.NONE) return client;
    } else if (this.#isClosed) {
      this.lastError = ExchangeError.DRAINING;
      return null;
    }
    if (this.#waiting.isFull) {
      this.lastError = ExchangeError.CONNECTION_LIMIT;
      return null;
    }
    this.lastError = ExchangeError.NONE;
    const deadlineMs = this.nowMs + this.options.timeouts.connectMs;
    this.#waiting.push(new WaitingEntry(waiter, handler, freshOnly, deadlineMs));
    if (this.#waiting.count === 1) this.#transport.timers.set(this.#waitingTimer, deadlineMs);
    return null;
  }

  /** The waiter gives up: it is not called any more. */
  cancel(waiter: StreamWaiter): void {
    if (this.#waiting.remove(waiter)) this.#setWaitingTimer();
  }

  /**
   * Resolved addresses of an endpoint that is given by name; none: it does not resolve. Numeric
   * and Unix endpoints need no call.
   */
  setAddresses(endpointIndex: number, addresses: readonly SocketAddress[]): void {
    const endpoint = this.#endpoints[endpointIndex];
    assert(endpoint !== undefined, 'addresses are set of an endpoint that exists');
    endpoint.setAddresses(addresses);
    this.onCapacity();
  }

  /** Closes idle connections, now and as they become idle. Requests are still served. */
  drain(): void {
    this.isDraining = true;
    for (const endpoint of this.#endpoints) endpoint.pool.closeIdle();
  }

  /** Ends all: exchanges and waiting requests are told DRAINING from the next turn. */
  close(): void {
    this.#isClosed = true;
    this.drain();
    for (const endpoint of this.#endpoints) endpoint.pool.failBusy(ExchangeError.DRAINING);
    if (this.#waiting.count > 0) this.#transport.defer(() => this.onCapacity());
  }

  /** Connections or slots are free: serves who waits, in order. */
  onCapacity(): void {
    if (this.#waiting.count === 0 || this.#isServing) return;
    this.#isServing = true;
    for (;;) {
      const entry = this.#waiting.first();
      if (entry === null) break;
      const client = this.#take(entry.handler, entry.freshOnly);
      if (client === null && this.lastError === ExchangeError.NONE) break;
      this.#waiting.remove(entry.waiter);
      if (client === null) entry.waiter.onStreamUnavailable(this.lastError);
      else entry.waiter.onStreamReady(client);
    }
    this.#isServing = false;
    this.#setWaitingTimer();
  }

  onShortage(): void {
    for (const endpoint of this.#endpoints) endpoint.pool.closeOldestIdle();
  }

  /** Whoever has waited too long gives up. */
  onTimer(): void {
    for (;;) {
      const entry = this.#waiting.first();
      if (entry === null || entry.deadlineMs > this.nowMs) break;
      this.#waiting.remove(entry.waiter);
      entry.waiter.onStreamUnavailable(ExchangeError.CONNECTION_LIMIT);
    }
    this.#setWaitingTimer();
  }

  /** A stream now, or null with `lastError`: NONE where the limits are in the way. */
  #take(handler: ClientStreamHandler, freshOnly: boolean): Http1Client | null {
    this.lastError = this.#isClosed ? ExchangeError.DRAINING : ExchangeError.NONE;
    if (this.#isClosed) return null;
    for (;;) {
      const endpoint = pickRoundRobin(this.#endpoints, freshOnly);
      if (endpoint === null) break;
      const client = endpoint.acquire(handler, freshOnly);
      if (client !== null) return client;
      // All it had was idle for too long: now it has nothing, and is not picked again.
    }
    this.lastError = this.#whyNone(freshOnly);
    return null;
  }

  #whyNone(freshOnly: boolean): ExchangeError {
    let error: ExchangeError = ExchangeError.NO_ENDPOINT;
    for (const endpoint of this.#endpoints) {
      if (endpoint.options.weight === 0) continue;
      if (endpoint.isResolved) {
        // At its limit. Idle connections do not help who wants a new one: the oldest makes room.
        if (freshOnly) endpoint.pool.makeRoom();
        return ExchangeError.NONE;
      }
      error = ExchangeError.DNS_ERROR;
    }
    return error;
  }

  #setWaitingTimer(): void {
    const entry = this.#waiting.first();
    if (entry === null) this.#transport.timers.cancel(this.#waitingTimer);
    else this.#transport.timers.set(this.#waitingTimer, entry.deadlineMs);
  }
}

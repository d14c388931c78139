// A named set of endpoints as the exchanges of one snapshot see it: picks the endpoint of a
// request, hands out streams on its connections, and keeps those waiting for whom there is none
// now. Knows nothing of requests or retries. What it has in common with the upstreams of that name
// in other snapshots, connections above all, is in its endpoint set.
//
//   new -> begin: exchanges begin with it -> (another one begins) -> end: no exchange is left
//    \-------------------------------------------------------------> end: its snapshot was dropped

import type { ObjectPool } from '../base/object_pool.ts';
import { Timer, type TimerOwner } from '../base/timer_wheel.ts';
import type { ClientStream, ClientStreamHandler } from '../http/exchange_contract.ts';
import { ExchangeError } from '../http/exchange_error.ts';
import type { CapacityWaiter, EndpointSet, HostAddress } from './endpoint_set.ts';
import { EndpointShare } from './endpoint_share.ts';
import type { Http1Client } from './http1_client.ts';
import type { UpstreamOptions } from './options.ts';
import { pickRoundRobin, takeOverTurns } from './round_robin.ts';
import { type StreamWaiter, WaitingEntry, WaitingQueue } from './waiting_queue.ts';

export type { StreamWaiter } from './waiting_queue.ts';

export class Upstream implements CapacityWaiter, TimerOwner {
  readonly name: string;
  readonly options: UpstreamOptions;
  /** Why `acquire` returned null; NONE where the waiter is called later. */
  lastError: ExchangeError = ExchangeError.NONE;
  readonly #set: EndpointSet;
  readonly #shares: EndpointShare[] = [];
  readonly #waiting: WaitingQueue = new WaitingQueue();
  readonly #waitingTimer: Timer;
  #isServing = false;

  /** Endpoints that `set` has already are used as they are. */
  constructor(options: UpstreamOptions, set: EndpointSet) {
    const settings = set.context.settings(options);
    this.name = options.name;
    this.options = options;
    this.#set = set;
    this.#waitingTimer = new Timer(this);
    for (const endpoint of options.endpoints) {
      const index = this.#shares.length;
      this.#shares.push(new EndpointShare(set.acquire(endpoint), index, endpoint.weight, settings));
    }
    set.join(this);
  }

  // --- its snapshot ----------------------------------------------------------------------------

  /** Exchanges begin with it from now on; `before` is the one that they began with until now. */
  begin(before: Upstream | null): void {
    if (before !== null) takeOverTurns(this.#shares, before.#shares);
    const kept = new Set(this.#shares.map((share) => share.endpoint));
    this.#set.begin(kept, this.options.pool);
  }

  /** The snapshot that serves has no upstream of that name any more. */
  letGo(): void {
    this.#set.begin(new Set(), this.#set.limits);
  }

  /** No exchange is left that could ask for a stream. */
  end(): void {
    this.#set.leave(this);
    for (const share of this.#shares.splice(0)) this.#set.release(share.endpoint);
  }

  // --- questions -------------------------------------------------------------------------------

  /** Connections of all endpoints of the set, those included that are being opened or closed. */
  get connectionsCount(): number {
    return this.#set.connectionsCount;
  }

  get idleCount(): number {
    return this.#set.idleCount;
  }

  get waitingCount(): number {
    return this.#waiting.count;
  }

  get clients(): ObjectPool<Http1Client> {
    return this.#set.clients;
  }

  // --- streams ---------------------------------------------------------------------------------

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
    } else if (this.#set.isClosed) {
      this.lastError = ExchangeError.DRAINING;
      return null;
    }
    if (this.#waiting.isFull) {
      this.lastError = ExchangeError.CONNECTION_LIMIT;
      return null;
    }
    this.lastError = ExchangeError.NONE;
    const deadlineMs = this.#set.nowMs + this.options.timeouts.connectMs;
    this.#waiting.push(new WaitingEntry(waiter, handler, freshOnly, deadlineMs));
    if (this.#waiting.count === 1) this.#setWaitingTimer();
    return null;
  }

  /** The waiter gives up: it is not called any more. */
  cancel(waiter: StreamWaiter): void {
    if (this.#waiting.remove(waiter)) this.#setWaitingTimer();
  }

  /** As `EndpointSet.setAddresses`. */
  setAddresses(host: string, addresses: readonly HostAddress[]): void {
    this.#set.setAddresses(host, addresses);
  }

  /** As `EndpointSet.drain`. */
  drain(): void {
    this.#set.drain();
  }

  /** As `EndpointSet.close`. */
  close(): void {
    this.#set.close();
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

  /** Whoever has waited too long gives up. */
  onTimer(): void {
    for (;;) {
      const entry = this.#waiting.first();
      if (entry === null || entry.deadlineMs > this.#set.nowMs) break;
      this.#waiting.remove(entry.waiter);
      entry.waiter.onStreamUnavailable(ExchangeError.CONNECTION_LIMIT);
    }
    this.#setWaitingTimer();
  }

  // --- inside ----------------------------------------------------------------------------------

  /** A stream now, or null with `lastError`: NONE where the limits are in the way. */
  #take(handler: ClientStreamHandler, freshOnly: boolean): Http1Client | null {
    this.lastError = this.#set.isClosed ? ExchangeError.DRAINING : ExchangeError.NONE;
    if (this.#set.isClosed) return null;
    for (;;) {
      const share = pickRoundRobin(this.#shares, freshOnly);
      if (share === null) break;
      const client = share.endpoint.acquire(share, handler, freshOnly);
      if (client !== null) return client;
      // All it had was idle for too long: now it has nothing, and is not picked again.
    }
    this.lastError = this.#whyNone(freshOnly);
    return null;
  }

  #whyNone(freshOnly: boolean): ExchangeError {
    let error: ExchangeError = ExchangeError.NO_ENDPOINT;
    for (const { endpoint, weight } of this.#shares) {
      if (weight === 0) continue;
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
    const { timers } = this.#set.transport;
    const entry = this.#waiting.first();
    if (entry === null) timers.cancel(this.#waitingTimer);
    else timers.set(this.#waitingTimer, entry.deadlineMs);
  }
}

// The simulated implementation of `Transport`: turns are run by `SimulatedNetwork`, time is set by
// hand, and each fault comes from a seed. One turn steps each listener and each connection once, in
// order.

import { strict as assert } from 'node:assert';
import {
  type BufferHandle,
  type BufferPool,
  NO_BUFFER,
  SizeClass,
} from '../../src/base/buffer_pool.ts';
import type { Clock } from '../../src/base/clock.ts';
import { formatSocketAddress, type SocketAddress } from '../../src/base/socket_address.ts';
import { TimerWheel } from '../../src/base/timer_wheel.ts';
import {
  type Acceptor,
  type Connection,
  type ConnectionHandler,
  SocketError,
  type Transport,
  type TransportCounters,
} from '../../src/ring/transport.ts';
import { type ConnectOutcome, SimulatedConnection } from './simulated_connection.ts';
import type { FaultInjector } from './simulated_faults.ts';
import { SimulatedListener } from './simulated_listener.ts';
import { SimulatedPeer } from './simulated_peer.ts';

/** What an address does with connections. */
export type SimulatedService =
  | { readonly kind: 'serve'; readonly onConnect: (peer: SimulatedPeer) => void }
  | { readonly kind: 'refuse'; readonly error: SocketError }
  | { readonly kind: 'blackhole' };

/**
 * Closed connection objects wait behind this many others before they are reused: stale use is then
 * seen.
 */
const REUSE_AFTER = 16;
const TIMED_OUT_MS = 3_000;

export class SimulatedTransport implements Transport {
  readonly kind = 'simulated';
  readonly pool: BufferPool;
  readonly clock: Clock;
  readonly timers: TimerWheel;
  readonly faults: FaultInjector;
  readonly counters: TransportCounters = {
    accepted: 0,
    connected: 0,
    connectFailures: 0,
    acceptStarvations: 0,
    receiveStarvations: 0,
    rounds: 0,
    completions: 0,
  };
  readonly services: Map<string, SimulatedService> = new Map();
  /** Connections of both sides that may be open at once. */
  connectionsMax = 65_536;
  #listeners: SimulatedListener[] = [];
  #connections: SimulatedConnection[] = [];
  readonly #free: SimulatedConnection[] = [];
  #deferred: (() => void)[] = [];
  #wakes: number[] = [];
  #scheduled: { readonly atMs: number; readonly task: () => void }[] = [];
  #hogged: BufferHandle[] = [];
  #hoggedUntilMs = 0;
  #portNext = 40_000;
  #isClosed = false;

  constructor(pool: BufferPool, clock: Clock, faults: FaultInjector) {
    this.pool = pool;
    this.clock = clock;
    this.timers = new TimerWheel(clock.nowMs);
    this.faults = faults;
  }

  get connectionsCount(): number {
    return this.#connections.length;
  }

  get isFull(): boolean {
    return this.#connections.length >= this.connectionsMax;
  }

  /** Any number will do as a descriptor; the listener is where `SimulatedNetwork.connect` leads. */
  listen(descriptor: number, acceptor: Acceptor): SimulatedListener {
    const listener = new SimulatedListener(this, descriptor, acceptor);
    this.#listeners = this.#listeners.filter((other) => !other.isStopped);
    this.#listeners.push(listener);
    return listener;
  }

  connect(address: SocketAddress, handler: ConnectionHandler): Connection {
    const connection = this.#take();
    connection.beginConnecting(handler, this.#outcomeOf(address));
    connection.remoteHost = address.kind === 'tcp' ? address.host : '';
    connection.remotePort = address.kind === 'tcp' ? address.port : 0;
    return connection;
  }

  defer(task: () => void): void {
    this.#deferred.push(task);
  }

  /**
   * Closes every connection; resolves once the last `onClosed` has come (it runs the turns itself).
   */
  close(): Promise<void> {
    this.#isClosed = true;
    for (const connection of this.#connections) connection.close();
    while (this.turn());
    return Promise.resolve();
  }

  /** Takes a peer from a listener's queue. */
  accept(peer: SimulatedPeer, acceptor: Acceptor): void {
    this.counters.accepted++;
    const connection = this.#take();
    connection.beginAccepted(peer);
    acceptor.onAccept(connection);
  }

  /** A connection is closed: its object may be used again. */
  takeBack(connection: SimulatedConnection): void {
    const index = this.#connections.indexOf(connection);
    assert(index >= 0, 'a connection is closed once');
    this.#connections = this.#connections.toSpliced(index, 1);
    this.#free.push(connection);
    for (const listener of this.#listeners) listener.endStarvation();
  }

  /** Makes sure that time stops at `atMs` on its way, so that what waits for it happens then. */
  wakeAt(atMs: number): void {
    if (Number.isFinite(atMs)) this.#wakes.push(atMs);
  }

  /** Runs `task` in the first turn at or after `atMs`: what a scripted peer does later. */
  schedule(atMs: number, task: () => void): void {
    this.#scheduled.push({ atMs, task });
    this.wakeAt(atMs);
  }

  /** The end of a delay that begins now. */
  delay(): number {
    const atMs = this.clock.nowMs + this.faults.delayMs();
    this.wakeAt(atMs);
    return atMs;
  }

  /** Takes all free buffers away for a while: the fault of an empty pool. */
  emptyPool(): void {
    for (const sizeClass of [SizeClass.SMALL, SizeClass.MEDIUM, SizeClass.LARGE]) {
      while (this.pool.freeCount(sizeClass) > 0) this.#hogged.push(this.pool.acquire(sizeClass));
    }
    this.#hoggedUntilMs = this.delay();
  }

  /** Gives back what `emptyPool` took. */
  fillPool(): void {
    const hogged = this.#hogged;
    this.#hogged = [];
    for (const buffer of hogged) if (buffer !== NO_BUFFER) this.pool.release(buffer);
  }

  /** When something that was delayed happens; Infinity if nothing waits. */
  nextWakeMs(): number {
    this.#wakes = this.#wakes.filter((atMs) => atMs > this.clock.nowMs);
    return Math.min(Number.POSITIVE_INFINITY, ...this.#wakes);
  }

  /** One turn of the loop. Returns whether anything happened. */
  turn(): boolean {
    this.timers.advance(this.clock.nowMs);
    let isBusy = false;
    if (this.#hogged.length > 0 && this.#hoggedUntilMs <= this.clock.nowMs) {
      this.fillPool();
      isBusy = true;
    }
    isBusy = this.#runScheduled() || isBusy;
    const deferred = this.#deferred;
    this.#deferred = [];
    for (const task of deferred) task();
    isBusy ||= deferred.length > 0;
    if (!this.#isClosed) {
      for (const listener of this.#listeners) isBusy = listener.step() || isBusy;
    }
    // A copy: callbacks open and close connections.
    for (const connection of this.#connections.slice()) isBusy = connection.step() || isBusy;
    return isBusy;
  }

  #runScheduled(): boolean {
    const due = this.#scheduled.filter(({ atMs }) => atMs <= this.clock.nowMs);
    if (due.length === 0) return false;
    this.#scheduled = this.#scheduled.filter(({ atMs }) => atMs > this.clock.nowMs);
    for (const { task } of due) task();
    return true;
  }

  #outcomeOf(address: SocketAddress): ConnectOutcome {
    const nowMs = this.clock.nowMs;
    if (this.faults.strikes('connectRefused')) return failing(SocketError.REFUSED, nowMs);
    if (this.faults.strikes('connectTimedOut')) {
      return failing(SocketError.TIMED_OUT, nowMs + TIMED_OUT_MS);
    }
    const service = this.services.get(formatSocketAddress(address));
    if (service === undefined) {
      const isPath = address.kind === 'unix';
      return failing(isPath ? SocketError.UNREACHABLE : SocketError.REFUSED, nowMs);
    }
    if (service.kind === 'refuse') return failing(service.error, nowMs);
    if (service.kind === 'blackhole') return failing(SocketError.NONE, Number.POSITIVE_INFINITY);
    const { onConnect } = service;
    const atMs = this.faults.strikes('delay') ? this.delay() : nowMs;
    return { atMs, error: SocketError.NONE, accept: () => this.#openPeer(address, onConnect) };
  }

  #openPeer(address: SocketAddress, onConnect: (peer: SimulatedPeer) => void): SimulatedPeer {
    const peer = new SimulatedPeer();
    peer.host = address.kind === 'tcp' ? address.host : '';
    peer.port = address.kind === 'tcp' ? address.port : 0;
    onConnect(peer);
    return peer;
  }

  /** A port number for a peer that connects. */
  takePort(): number {
    return this.#portNext++;
  }

  #take(): SimulatedConnection {
    const reused = this.#free.length > REUSE_AFTER ? this.#free.shift() : undefined;
    const connection = reused ?? new SimulatedConnection(this);
    this.#connections = [...this.#connections, connection];
    return connection;
  }
}

function failing(error: SocketError, atMs: number): ConnectOutcome {
  return { atMs, error, accept: null };
}

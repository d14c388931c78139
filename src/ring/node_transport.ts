// The transport over node:net, for systems where io_uring is missing or forbidden. It replaces the
// ring only: the same arena, buffers, clock and timers, the same rules. What it cannot do is said
// where it cannot: MSG_MORE (node_connection.ts), pausing a server without closing it
// (node_listener.ts).

import type { Socket } from 'node:net';
import { assert } from '../base/assert.ts';
import { type BufferHandle, type BufferPool, SizeClass } from '../base/buffer_pool.ts';
import { Clock } from '../base/clock.ts';
import { CONNECTIONS_MAX, DESCRIPTORS_RESERVED } from '../base/limits.ts';
import type { SocketAddress } from '../base/socket_address.ts';
import { Timer, TimerWheel } from '../base/timer_wheel.ts';
import { NodeConnection, type NodeConnectionOwner } from './node_connection.ts';
import { NodeListener, type NodeListenerOwner } from './node_listener.ts';
import { NodeLoop } from './node_loop.ts';
import type {
  Acceptor,
  Connection,
  ConnectionHandler,
  Listener,
  Transport,
  TransportCounters,
} from './transport.ts';

/** Accepting goes on after this long, or with the next close, when descriptors had run out. */
const STARVED_RETRY_MS = 100;
/** Connection objects kept for reuse. */
const FREE_CONNECTIONS_MAX = 1_024;

export interface NodeTransportOptions {
  /** Descriptors that this process may have open (its soft limit). */
  readonly descriptorsMax: number;
}

export class NodeTransport implements Transport, NodeConnectionOwner, NodeListenerOwner {
  readonly kind = 'node';
  readonly pool: BufferPool;
  readonly clock: Clock = new Clock();
  readonly timers: TimerWheel = new TimerWheel(this.clock.nowMs);
  readonly loop: NodeLoop = new NodeLoop(this.clock, this.timers);
  readonly counters: TransportCounters = {
    accepted: 0,
    connected: 0,
    connectFailures: 0,
    acceptStarvations: 0,
    receiveStarvations: 0,
    rounds: 0,
    completions: 0,
  };
  readonly readStart: number;
  readonly readViews: readonly Uint8Array[];
  readonly #readBuffer: BufferHandle;
  readonly connectionsMax: number;
  readonly #connections: Set<NodeConnection> = new Set();
  readonly #free: NodeConnection[] = [];
  readonly #listeners: Set<NodeListener> = new Set();
  #starvedListeners: NodeListener[] = [];
  #starvedConnections: NodeConnection[] = [];
  readonly #starvedTimer: Timer = new Timer({ onTimer: () => this.#resumeAccepting() });
  #onAllClosed: (() => void) | null = null;
  #isClosing = false;

  constructor(pool: BufferPool, options: NodeTransportOptions) {
    this.pool = pool;
    this.connectionsMax = Math.max(
      1,
      Math.min(CONNECTIONS_MAX, options.descriptorsMax - DESCRIPTORS_RESERVED),
    );
    this.#readBuffer = pool.acquire(SizeClass.LARGE);
    this.readStart = pool.startOf(this.#readBuffer);
    this.readViews = [SizeClass.SMALL, SizeClass.MEDIUM, SizeClass.LARGE].map((sizeClass) =>
      pool.arena.bytes.subarray(this.readStart, this.readStart + pool.capacityOf(sizeClass)),
    );
    pool.setWaiter({ onBufferAvailable: () => this.#feedStarved() });
  }

  get connectionsCount(): number {
    return this.#connections.size;
  }

  get isFull(): boolean {
    return this.#connections.size >= this.connectionsMax;
  }

  listen(descriptor: number, acceptor: Acceptor): Listener {
    for (const other of this.#listeners) if (other.isStopped) this.#listeners.delete(other);
    const listener = new NodeListener(this, descriptor, acceptor);
    this.#listeners.add(listener);
    return listener;
  }

  connect(address: SocketAddress, handler: ConnectionHandler): Connection {
    const connection = this.#take();
    connection.beginConnecting(address, handler);
    return connection;
  }

  defer(task: () => void): void {
    this.loop.queue({ runTask: task });
  }

  /** Resets every connection, as there is nobody left to serve them. */
  async close(): Promise<void> {
    assert(!this.#isClosing, 'a transport is closed once');
    this.#isClosing = true;
    for (const listener of this.#listeners) listener.abandon();
    for (const connection of this.#connections) connection.reset();
    if (this.#connections.size > 0) {
      await new Promise<void>((resolve) => {
        this.#onAllClosed = resolve;
      });
    }
    // One more iteration of libuv's loop, in which it lets go of the listening handles.
    await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
    this.timers.cancel(this.#starvedTimer);
    this.loop.stop();
    this.pool.setWaiter(null);
    this.pool.release(this.#readBuffer);
  }

  // --- what connections and listeners tell -------------------------------------------------------

  onAccepted(socket: Socket, acceptor: Acceptor): void {
    this.counters.accepted++;
    const connection = this.#take();
    connection.beginAccepted(socket);
    acceptor.onAccept(connection);
  }

  onFree(connection: NodeConnection): void {
    this.#connections.delete(connection);
    if (this.#free.length < FREE_CONNECTIONS_MAX) this.#free.push(connection);
    if (this.#starvedListeners.length > 0) this.#resumeAccepting();
    if (this.#connections.size === 0) this.#onAllClosed?.();
  }

  onStarved(starved: NodeConnection | NodeListener): void {
    if (starved instanceof NodeConnection) {
      this.#starvedConnections.push(starved);
      return;
    }
    this.counters.acceptStarvations++;
    this.#starvedListeners.push(starved);
    this.timers.set(this.#starvedTimer, this.clock.nowMs + STARVED_RETRY_MS);
  }

  #take(): NodeConnection {
    const connection = this.#free.pop() ?? new NodeConnection(this);
    this.#connections.add(connection);
    return connection;
  }

  #resumeAccepting(): void {
    this.timers.cancel(this.#starvedTimer);
    const listeners = this.#starvedListeners;
    this.#starvedListeners = [];
    for (const listener of listeners) listener.endStarvation();
  }

  /** Called inside `release`: the connections look again in a turn. */
  #feedStarved(): void {
    const starved = this.#starvedConnections;
    if (starved.length === 0) return;
    this.#starvedConnections = [];
    for (const connection of starved) this.loop.queue(connection);
  }
}

// The transport on io_uring: a table of connections, listeners, and the loop that drives them. It
// owns the slots; what happens on one socket is uring_connection.ts, when is uring_loop.ts.

import type { BufferPool } from '../base/buffer_pool.ts';
import { NO_BUFFER } from '../base/buffer_pool.ts';
import { Clock } from '../base/clock.ts';
import { CONNECTIONS_MAX, DESCRIPTORS_RESERVED } from '../base/limits.ts';
import { LogLevel, type LogSink } from '../base/log_sink.ts';
import type { SocketAddress } from '../base/socket_address.ts';
import { Timer, TimerWheel } from '../base/timer_wheel.ts';
import { SysError } from '../sys/errno.ts';
import { CQE_BUFFER_SHIFT, CqeFlag } from '../sys/io_uring_abi.ts';
import { type MappedMemory, mapAnonymous, unmap } from '../sys/memory.ts';
import {
  closeDescriptor,
  isUnixSocket,
  openStreamSocket,
  SOCKET_ADDRESS_BYTES,
  writeSocketAddress,
} from '../sys/stream_socket.ts';
import { socketErrorOf } from './socket_error.ts';
import type {
  Acceptor,
  Connection,
  ConnectionHandler,
  Listener,
  Transport,
  TransportCounters,
} from './transport.ts';
import { UringConnection } from './uring_connection.ts';
import { KIND_BITS, KIND_MASK, OperationKind, UringCore } from './uring_core.ts';
import { type AcceptTarget, UringListener } from './uring_listener.ts';
import { UringLoop } from './uring_loop.ts';

/** Accepting goes on after this long, or with the next close, when descriptors had run out. */
const STARVED_RETRY_MS = 100;
/** Addresses of connection attempts that are queued and not yet submitted. */
const ADDRESS_SLOTS = 2_048;

const NO_HANDLER: ConnectionHandler = {
  onConnected(): void {},
  onReceive(): void {},
  onReceiveEnd(): void {},
  onSendEnd(): void {},
  onError(): void {},
  onClosed(): void {},
};

export interface UringTransportOptions {
  /** Descriptors that this process may have open (its soft limit). */
  readonly descriptorsMax: number;
  readonly log: LogSink;
}

export class UringTransport implements Transport, AcceptTarget {
  readonly kind = 'uring';
  readonly pool: BufferPool;
  readonly clock: Clock = new Clock();
  readonly timers: TimerWheel = new TimerWheel(this.clock.nowMs);
  readonly counters: TransportCounters;
  readonly #core: UringCore;
  readonly #loop: UringLoop;
  readonly #connections: UringConnection[] = [];
  readonly #free: UringConnection[] = [];
  readonly #listeners: UringListener[] = [];
  readonly connectionsMax: number;
  readonly #addresses: MappedMemory = mapAnonymous(ADDRESS_SLOTS * SOCKET_ADDRESS_BYTES);
  readonly #addressView: DataView = new DataView(this.#addresses.buffer);
  #addressSlot = 0;
  #deferred: (() => void)[] = [];
  #openCount = 0;
  readonly #starvedTimer: Timer = new Timer({ onTimer: () => this.#resumeStarved() });
  readonly #starvedListeners: UringListener[] = [];
  #onAllClosed: (() => void) | null = null;

  /** Throws SysError where the kernel refuses. */
  constructor(pool: BufferPool, options: UringTransportOptions) {
    this.pool = pool;
    this.connectionsMax = Math.max(
      1,
      Math.min(CONNECTIONS_MAX, options.descriptorsMax - DESCRIPTORS_RESERVED),
    );
    const work = { runPending: () => this.#runPending(), reap: () => this.#reap() };
    this.#loop = new UringLoop(this.clock, this.timers, work, (reason) => {
      options.log.log(LogLevel.ERROR, `the loop stood still: ${reason}; it goes on`);
    });
    try {
      this.#core = new UringCore(pool, this.#loop.events.descriptor, {
        onConnectionFree: (connection) => this.#onConnectionFree(connection),
        onWork: () => this.#loop.wake(),
      });
    } catch (error) {
      void this.#loop.stop(); // its eventfd would keep the process alive
      unmap(this.#addresses);
      throw error;
    }
    this.counters = this.#core.counters;
    this.#loop.start(this.#core.ring);
  }

  get connectionsCount(): number {
    return this.#openCount;
  }

  get roomCount(): number {
    return this.connectionsMax - this.#openCount;
  }

  listen(descriptor: number, acceptor: Acceptor): Listener {
    const isShared = isUnixSocket(descriptor);
    const socket = { descriptor, isShared, acceptor };
    // No completion of a listener that has stopped is left: its place is free.
    const stopped = this.#listeners.findIndex((other) => other.isStopped);
    const index = stopped < 0 ? this.#listeners.length : stopped;
    const listener = new UringListener(this.#core, this, index, socket);
    this.#listeners[index] = listener;
    return listener;
  }

  connect(address: SocketAddress, handler: ConnectionHandler): Connection {
    const connection = this.#takeSlot();
    let descriptor: number;
    try {
      descriptor = openStreamSocket(address);
    } catch (error) {
      if (!(error instanceof SysError)) throw error;
      this.counters.connectFailures++;
      connection.beginFailed(socketErrorOf(error.code), handler);
      return connection;
    }
    connection.beginConnect(descriptor, handler);
    const at = this.#addressSlot * SOCKET_ADDRESS_BYTES;
    this.#addressSlot = (this.#addressSlot + 1) % ADDRESS_SLOTS;
    const addressBytes = writeSocketAddress(this.#addressView, at, address);
    this.#core.queueConnect(connection, Number(this.#addresses.pointer) + at, addressBytes);
    return connection;
  }

  defer(task: () => void): void {
    this.#deferred.push(task);
    this.#loop.wake();
  }

  async close(): Promise<void> {
    for (const listener of this.#listeners) listener.stop(() => undefined);
    for (const connection of this.#connections) if (!connection.isFree) connection.reset();
    await this.#allClosed();
    this.timers.cancel(this.#starvedTimer);
    await this.#loop.stop();
    this.#core.close();
    unmap(this.#addresses);
  }

  // --- rounds ------------------------------------------------------------------------------------

  #runPending(): boolean {
    let didWork = false;
    if (this.#deferred.length > 0) {
      const tasks = this.#deferred;
      this.#deferred = [];
      for (const task of tasks) task();
      didWork = true;
    }
    if (this.#core.hasReady) {
      this.#core.runReady();
      didWork = true;
    }
    return didWork;
  }

  #reap(): number {
    const { ring } = this.#core;
    let head = ring.head;
    const { tail } = ring;
    const count = (tail - head) | 0;
    const { cqes, cqMask } = ring;
    for (; head !== tail; head = (head + 1) | 0) {
      const at = (head & cqMask) << 2;
      this.#complete(cqes[at]!, cqes[at + 1]!, cqes[at + 2]!, cqes[at + 3]!);
    }
    if (count > 0) ring.advance(tail);
    this.counters.completions += count;
    this.counters.rounds = this.#loop.rounds;
    if (this.#onAllClosed !== null) this.#checkAllClosed();
    return count;
  }

  #complete(userLow: number, generation: number, result: number, flags: number): void {
    const kind = userLow & KIND_MASK;
    const index = userLow >>> KIND_BITS;
    const hasMore = (flags & CqeFlag.MORE) !== 0;
    if (kind === OperationKind.ACCEPT) {
      this.#listeners[index]!.onAcceptCompleted(result, hasMore);
      return;
    }
    if (kind === OperationKind.CANCEL_ACCEPT) {
      this.#listeners[index]!.onCancelCompleted();
      return;
    }
    const connection = this.#connections[index]!;
    let buffer = NO_BUFFER;
    if ((flags & CqeFlag.BUFFER) !== 0) {
      const ring = this.#core.rings[kind - OperationKind.RECEIVE_SMALL]!;
      buffer = ring.take(flags >>> CQE_BUFFER_SHIFT);
    }
    if (connection.generation !== generation) {
      if (buffer !== NO_BUFFER) this.pool.release(buffer);
      return;
    }
    switch (kind) {
      case OperationKind.RECEIVE_SMALL:
      case OperationKind.RECEIVE_MEDIUM:
      case OperationKind.RECEIVE_LARGE:
        connection.onReceiveCompleted(result, hasMore, buffer);
        return;
      case OperationKind.SEND:
        connection.onSendCompleted(result);
        return;
      case OperationKind.CONNECT:
        connection.onConnectCompleted(result);
        return;
      case OperationKind.CANCEL_RECEIVE:
        connection.onCancelCompleted();
        return;
      default:
        connection.onOtherCompleted();
    }
  }

  // --- slots -------------------------------------------------------------------------------------

  #takeSlot(): UringConnection {
    this.#openCount++;
    const free = this.#free.pop();
    if (free !== undefined) return free;
    const connection = new UringConnection(this.#core, this.#connections.length, NO_HANDLER);
    this.#connections.push(connection);
    return connection;
  }

  #onConnectionFree(connection: UringConnection): void {
    connection.handler = NO_HANDLER;
    this.#free.push(connection);
    this.#openCount--;
    if (this.#starvedListeners.length > 0) this.#resumeStarved();
  }

  onAccepted(descriptor: number, acceptor: Acceptor): void {
    if (this.#openCount >= CONNECTIONS_MAX || this.#onAllClosed !== null) {
      closeDescriptor(descriptor);
      return;
    }
    this.counters.accepted++;
    const connection = this.#takeSlot();
    connection.beginOpen(descriptor);
    acceptor.onAccept(connection);
    if (this.#openCount < this.connectionsMax) return;
    for (const listener of this.#listeners) {
      if (listener.acceptor !== acceptor || listener.isPaused) continue;
      listener.pauseAccept();
      this.onStarved(listener);
    }
  }

  onStarved(listener: UringListener): void {
    this.counters.acceptStarvations++;
    if (!this.#starvedListeners.includes(listener)) this.#starvedListeners.push(listener);
    this.timers.set(this.#starvedTimer, this.clock.nowMs + STARVED_RETRY_MS);
    listener.acceptor.onAcceptStarved();
  }

  #resumeStarved(): void {
    this.timers.cancel(this.#starvedTimer);
    const listeners = this.#starvedListeners.splice(0);
    for (const listener of listeners) listener.resumeAccept();
  }

  #allClosed(): Promise<void> {
    return new Promise((resolve) => {
      this.#onAllClosed = resolve;
      this.defer(() => this.#checkAllClosed());
    });
  }

  #checkAllClosed(): void {
    if (this.#openCount > 0 || this.#listeners.some((listener) => !listener.isStopped)) return;
    const onAllClosed = this.#onAllClosed;
    this.#onAllClosed = null;
    onAllClosed?.();
  }
}

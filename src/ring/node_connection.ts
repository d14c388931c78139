// One socket of node:net behind the transport's contract.
//
//   CONNECTING --'connect'--> OPEN --close() | reset()--> CLOSING --'close' of the socket--> FREE
//
// Bytes are read into one buffer that all sockets of the transport share, and copied from there
// into a buffer of the size that fits: libuv fixes the memory of a read before it knows whether
// there will be one, so a buffer of its own would cost each idle connection 4 to 64 KiB (64 KiB are
// copied in 1.3 µs, where sending and receiving them over the loopback takes 69). What cannot be
// delivered at once (a pause, an empty pool) is kept in `#held`, at most one read, and nothing more
// is read until it is gone.

import type { Socket } from 'node:net';
import { assert } from '../base/assert.ts';
import { type BufferHandle, type BufferPool, NO_BUFFER, SizeClass } from '../base/buffer_pool.ts';
import type { SocketAddress } from '../base/socket_address.ts';
import type { LoopTask, NodeLoop } from './node_loop.ts';
import { NodeSocket, type SocketReader } from './node_socket.ts';
import { nodeSocketErrorOf } from './node_socket_error.ts';
import {
  type Connection,
  type ConnectionHandler,
  SocketError,
  type TransportCounters,
} from './transport.ts';

const State = { FREE: 0, CONNECTING: 1, OPEN: 2, CLOSING: 3 } as const;
type State = (typeof State)[keyof typeof State];

const ReceiveMode = { NONE: 0, CONTINUOUS: 1, ONCE: 2 } as const;
type ReceiveMode = (typeof ReceiveMode)[keyof typeof ReceiveMode];

/** What all connections of a transport share. */
export interface NodeConnectionOwner {
  readonly loop: NodeLoop;
  readonly pool: BufferPool;
  readonly counters: TransportCounters;
  /** Start of the shared read buffer in the arena, and views of it by size class. */
  readonly readStart: number;
  readonly readViews: readonly Uint8Array[];
  /** The connection found no buffer: its task is queued once there is one. */
  onStarved(connection: NodeConnection): void;
  /** The connection is over: its object may be used again. */
  onFree(connection: NodeConnection): void;
}

/** What a connection without a handler, or after its last call, tells. */
const NO_HANDLER: ConnectionHandler = {
  onConnected(): void {},
  onReceive(): void {},
  onReceiveEnd(): void {},
  onSendEnd(): void {},
  onError(): void {},
  onClosed(): void {},
};

export class NodeConnection implements Connection, SocketReader, LoopTask {
  handler: ConnectionHandler = NO_HANDLER;
  bytesReceived = 0;
  remoteHost = '';
  remotePort = 0;
  localHost = '';
  localPort = 0;
  readonly #owner: NodeConnectionOwner;
  #state: State = State.FREE;
  #socket: NodeSocket | null = null;
  #isSocketClosed = false;
  #isUnix = false;
  #isQueued = false;
  #isStarved = false;
  #mode: ReceiveMode = ReceiveMode.NONE;
  #sizeClass: SizeClass = SizeClass.SMALL;
  #held: Uint8Array | null = null;
  #isEndHeld = false;
  #isReceiveOver = false;
  #error: SocketError = SocketError.NONE; // not yet told to the handler
  #isShut = false;
  #sendBuffer: BufferHandle = NO_BUFFER;
  #sendStart = 0;
  #sendBytes = 0;
  #sendError: SocketError = SocketError.NONE;
  #isInKernel = false; // the bytes of the send are libuv's
  #isSendOver = false; // they are ours again, the handler was not told yet
  #isWriting = false;
  #sentBytes = 0;
  readonly #onWritten: (error?: Error | null) => void = (error) => this.#endWrite(error);

  constructor(owner: NodeConnectionOwner) {
    this.#owner = owner;
  }

  get isSending(): boolean {
    return this.#sendBuffer !== NO_BUFFER;
  }

  get bytesSent(): number {
    if (!this.#isInKernel || this.#socket === null) return this.#sentBytes;
    return this.#sentBytes + this.#sendBytes - this.#socket.unwrittenBytes;
  }

  get isFree(): boolean {
    return this.#state === State.FREE;
  }

  // --- what the transport does with it -----------------------------------------------------------

  /** Begins a life with a socket that a server accepted (and paused). */
  beginAccepted(accepted: Socket): void {
    this.#begin(State.OPEN, accepted);
    this.#readAddresses();
  }

  /** Begins a life with an attempt to connect. */
  beginConnecting(address: SocketAddress, handler: ConnectionHandler): void {
    this.handler = handler;
    const socket = this.#begin(State.CONNECTING, null);
    if (address.kind === 'unix') {
      this.#isUnix = true;
      socket.connect({ path: address.path });
      return;
    }
    this.remoteHost = address.host;
    this.remotePort = address.port;
    socket.connect({ host: address.host, port: address.port, family: address.family });
  }

  // --- what the handler asks for -----------------------------------------------------------------

  receiveContinuously(): void {
    this.#receive(ReceiveMode.CONTINUOUS, SizeClass.SMALL);
  }

  receiveOnce(sizeClass: SizeClass): void {
    this.#receive(ReceiveMode.ONCE, sizeClass);
  }

  pauseReceive(): void {
    this.#mode = ReceiveMode.NONE;
    this.#socket?.stopReading();
  }

  /** `more` has no equivalent in node:net: what can be joined is joined by the caller. */
  send(buffer: BufferHandle, start: number, end: number, _more: boolean): void {
    assert(this.#sendBuffer === NO_BUFFER, 'one send at a time');
    assert(this.#isOpening() || this.#isOpen(), 'sends on an open socket');
    assert(start < end, 'a send has bytes');
    this.#sendBuffer = buffer;
    this.#sendStart = start;
    this.#sendBytes = end - start;
    if (this.#isOpen()) this.#write();
  }

  shutdownSend(): void {
    assert(this.#sendBuffer === NO_BUFFER, 'FIN follows the last send');
    this.#isShut = true;
    if (this.#isOpen()) this.#socket?.end();
  }

  close(): void {
    if (!this.#beginClose()) return;
    this.#socket?.destroy();
  }

  reset(): void {
    const wasOpen = this.#isOpen();
    if (!this.#beginClose()) return;
    const socket = this.#socket;
    if (socket === null || !wasOpen || this.#isUnix || socket.destroyed) socket?.destroy();
    else if (!this.#isShut || socket.writableFinished) socket.resetAndDestroy();
    else socket.once('finish', () => socket.resetAndDestroy()); // libuv refuses between the two
  }

  // --- what the socket tells ---------------------------------------------------------------------

  nextReadBuffer(): Uint8Array {
    return this.#owner.readViews[this.#sizeClass]!;
  }

  onRead(byteCount: number): boolean {
    const { loop, pool, readStart } = this.#owner;
    const readEnd = readStart + byteCount;
    loop.enter();
    const position = this.#deliver(pool.arena.bytes, readStart, readEnd);
    if (position < readEnd && this.#isOpen()) {
      this.#held = pool.arena.bytes.slice(position, readEnd);
    }
    loop.leave();
    return this.#isWanted() && this.#held === null && this.#isOpen();
  }

  /** What is due since the last turn, each kind in its order. */
  runTask(): void {
    this.#isQueued = false;
    this.#isStarved = false;
    if (this.#isSendOver) this.#tellSendEnd();
    if (this.#state === State.CLOSING) {
      if (this.#isSocketClosed) this.#finish();
      return;
    }
    if (this.#error !== SocketError.NONE) {
      this.#tellError();
      return;
    }
    this.#deliverHeld();
  }

  // --- inside ------------------------------------------------------------------------------------

  #begin(state: State, accepted: Socket | null): NodeSocket {
    this.#state = state;
    this.#isSocketClosed = false;
    this.#isUnix = false;
    this.#isStarved = false;
    this.#mode = ReceiveMode.NONE;
    this.#sizeClass = SizeClass.SMALL;
    this.#held = null;
    this.#isEndHeld = false;
    this.#isReceiveOver = false;
    this.#error = SocketError.NONE;
    this.#isShut = false;
    this.#sentBytes = 0;
    this.bytesReceived = 0;
    this.remoteHost = '';
    this.remotePort = 0;
    this.localHost = '';
    this.localPort = 0;
    const socket = new NodeSocket(this, accepted);
    this.#socket = socket;
    // Events of a former life's socket find another one here and are dropped.
    socket.on('connect', () => this.#socket === socket && this.#onConnect());
    socket.on('end', () => this.#socket === socket && this.#onEnd());
    socket.on('error', (error) => this.#socket === socket && this.#onSocketError(error));
    socket.on('close', () => this.#socket === socket && this.#onSocketClose());
    return socket;
  }

  #isWanted(): boolean {
    return this.#mode !== ReceiveMode.NONE;
  }

  #isOpening(): boolean {
    return this.#state === State.CONNECTING;
  }

  #isOpen(): boolean {
    return this.#state === State.OPEN;
  }

  #queue(): void {
    if (this.#isQueued) return;
    this.#isQueued = true;
    this.#owner.loop.queue(this);
  }

  #beginClose(): boolean {
    if (!this.#isOpening() && !this.#isOpen()) return false;
    this.#state = State.CLOSING;
    this.#mode = ReceiveMode.NONE;
    this.#held = null;
    this.#socket?.stopReading();
    if (this.#isSocketClosed) this.#queue();
    return true;
  }

  #onConnect(): void {
    if (!this.#isOpening()) return;
    this.#owner.loop.enter();
    this.#state = State.OPEN;
    this.#owner.counters.connected++;
    this.#readAddresses();
    if (this.isSending) this.#write();
    else if (this.#isShut) this.#socket?.end();
    if (this.#isWanted()) this.#socket?.startReading();
    this.handler.onConnected();
    this.#owner.loop.leave();
  }

  #onEnd(): void {
    if (!this.#isOpen()) return;
    this.#owner.loop.enter();
    this.#isEndHeld = true;
    this.#deliverHeld();
    this.#owner.loop.leave();
  }

  #onSocketError(error: Error): void {
    if (this.#state === State.CLOSING) return;
    this.#owner.loop.enter();
    if (this.#isOpening()) this.#owner.counters.connectFailures++;
    this.#error = nodeSocketErrorOf(error);
    this.#queue();
    this.#owner.loop.leave();
  }

  #onSocketClose(): void {
    this.#owner.loop.enter();
    this.#isSocketClosed = true;
    if (this.#isInKernel) this.#endWrite(null);
    this.#queue();
    this.#owner.loop.leave();
  }

  #readAddresses(): void {
    const socket = this.#socket!;
    this.remoteHost = withoutMapping(socket.remoteAddress);
    this.remotePort = socket.remotePort ?? 0;
    this.localHost = withoutMapping(socket.localAddress);
    this.localPort = socket.localPort ?? 0;
    this.#isUnix = socket.remoteFamily === undefined;
  }

  // --- receiving ---------------------------------------------------------------------------------

  #receive(mode: ReceiveMode, sizeClass: SizeClass): void {
    if (this.#state === State.CLOSING) return;
    this.#mode = mode;
    this.#sizeClass = sizeClass;
    this.#resume();
  }

  #resume(): void {
    if (!this.#isOpen() || this.#isReceiveOver) return;
    if (this.#held !== null || this.#isEndHeld) this.#queue();
    else this.#socket?.startReading();
  }

  /**
   * Hands `bytes[start, end)` out while they are wanted and there are buffers; returns what was
   * reached.
   */
  #deliver(bytes: Uint8Array, start: number, end: number): number {
    const { pool } = this.#owner;
    let position = start;
    while (position < end && this.#isWanted()) {
      const buffer = this.#acquireFor(end - position);
      if (buffer === NO_BUFFER) break;
      const at = pool.startOf(buffer);
      const byteCount = Math.min(end - position, pool.endOf(buffer) - at);
      const target = pool.arena.bytes;
      if (bytes === target) target.copyWithin(at, position, position + byteCount);
      else target.set(bytes.subarray(position, position + byteCount), at);
      position += byteCount;
      this.bytesReceived += byteCount;
      if (this.#mode === ReceiveMode.ONCE) this.#mode = ReceiveMode.NONE;
      this.handler.onReceive(buffer, at, at + byteCount);
    }
    return position;
  }

  /** What was kept back, then the end, then reading again: as far as it is wanted. */
  #deliverHeld(): void {
    if (!this.#isOpen() || !this.#isWanted() || this.#isReceiveOver) return;
    const held = this.#held;
    if (held !== null) {
      const position = this.#deliver(held, 0, held.length);
      if (!this.#isOpen()) return;
      this.#held = position < held.length ? held.subarray(position) : null;
      if (this.#held !== null || !this.#isWanted()) return;
    }
    if (!this.#isEndHeld) {
      this.#socket?.startReading();
      return;
    }
    this.#isEndHeld = false;
    this.#isReceiveOver = true;
    this.#mode = ReceiveMode.NONE;
    this.handler.onReceiveEnd();
  }

  /**
   * The smallest buffer that takes the bytes, within the class that was asked for; else a smaller
   * one.
   */
  #acquireFor(byteCount: number): BufferHandle {
    const { pool, counters } = this.#owner;
    let sizeClass: SizeClass = SizeClass.SMALL;
    while (sizeClass < this.#sizeClass && pool.capacityOf(sizeClass) < byteCount) {
      sizeClass = (sizeClass + 1) as SizeClass;
    }
    for (let tried: number = sizeClass; tried >= SizeClass.SMALL; tried--) {
      const buffer = pool.acquire(tried as SizeClass);
      if (buffer !== NO_BUFFER) return buffer;
    }
    counters.receiveStarvations++;
    if (!this.#isStarved) this.#owner.onStarved(this);
    this.#isStarved = true;
    return NO_BUFFER;
  }

  #tellError(): void {
    const error = this.#error;
    this.#error = SocketError.NONE;
    this.#isReceiveOver = true;
    this.#mode = ReceiveMode.NONE;
    this.handler.onError(error);
  }

  // --- sending -----------------------------------------------------------------------------------

  #write(): void {
    const socket = this.#socket;
    if (socket === null || socket.destroyed || this.#isShut) {
      this.#sendError = SocketError.PIPE;
      this.#isSendOver = true;
      this.#queue();
      return;
    }
    const { arena } = this.#owner.pool;
    const end = this.#sendStart + this.#sendBytes;
    this.#isInKernel = true;
    this.#isWriting = true;
    socket.writeDirectly(arena.bytes.subarray(this.#sendStart, end), this.#onWritten);
    this.#isWriting = false;
  }

  #endWrite(error: Error | null | undefined): void {
    if (!this.#isInKernel) return;
    this.#isInKernel = false;
    this.#isSendOver = true;
    this.#sendError = nodeSocketErrorOf(error);
    if (this.#sendError === SocketError.NONE) {
      // libuv cancels the writes of a socket that is destroyed, and Node reports some of them as
      // done.
      if (this.#socket?.destroyed === true) this.#sendError = SocketError.RESET;
      else this.#sentBytes += this.#sendBytes;
    }
    if (this.#state === State.CLOSING) this.#sendError = SocketError.CANCELED;
    if (!this.#isWriting) this.#owner.loop.enter();
    this.#queue();
    if (!this.#isWriting) this.#owner.loop.leave();
  }

  #tellSendEnd(): void {
    const buffer = this.#sendBuffer;
    this.#isSendOver = false;
    this.#sendBuffer = NO_BUFFER;
    this.handler.onSendEnd(buffer, this.#sendError);
  }

  #finish(): void {
    if (this.isSending) {
      // It waited for the connection to open and never reached libuv.
      this.#sendError = SocketError.CANCELED;
      this.#tellSendEnd();
    }
    const { handler } = this;
    this.#state = State.FREE;
    this.#socket = null;
    handler.onClosed();
    this.handler = NO_HANDLER;
    this.#owner.onFree(this);
  }
}

/** An IPv4 client of a socket for both families is shown as IPv4. */
function withoutMapping(address: string | undefined): string {
  if (address === undefined) return '';
  return address.startsWith('::ffff:') && address.includes('.') ? address.slice(7) : address;
}

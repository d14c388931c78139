// A connection without a socket: one end is what a driver holds and obeys the contract of
// `Transport`, the other is in the hands of JavaScript. Bytes go through buffers of the same pool,
// within the same back pressure, so that a driver cannot tell it from a socket. All callbacks come
// from the transport's turn, never from inside a method.

import { assert } from '../../base/assert.ts';
import { type BufferHandle, NO_BUFFER, SizeClass } from '../../base/buffer_pool.ts';
import { Timer, type TimerOwner } from '../../base/timer_wheel.ts';
import {
  type Connection,
  type ConnectionHandler,
  SocketError,
  type Transport,
} from '../../ring/transport.ts';

const State = { CONNECTING: 0, OPEN: 1, CLOSING: 2, CLOSED: 3 } as const;
type State = (typeof State)[keyof typeof State];

const ReceiveMode = { NONE: 0, CONTINUOUS: 1, ONCE: 2 } as const;
type ReceiveMode = (typeof ReceiveMode)[keyof typeof ReceiveMode];

/** How soon a connection that found no buffer looks again. */
const STARVED_RETRY_MS = 20;

/** The end that is no driver's. */
export interface MemoryPeer {
  /** Bytes that the driver sent; the peer's own copy. */
  onBytes(bytes: Uint8Array): void;
  /** The driver will send no more. */
  onEnd(): void;
  /** The connection is gone; `isReset`: broken off, not closed in order. Last call. */
  onClosed(isReset: boolean): void;
}

/** Where the ends of a connection are, as the driver sees it. */
export interface MemoryEnds {
  readonly remoteHost: string;
  readonly remotePort: number;
  readonly localHost: string;
  readonly localPort: number;
}

export class MemoryConnection implements Connection, TimerOwner {
  handler: ConnectionHandler = NOBODY;
  bytesReceived = 0;
  bytesSent = 0;
  readonly remoteHost: string;
  readonly remotePort: number;
  readonly localHost: string;
  readonly localPort: number;
  readonly #transport: Transport;
  readonly #peer: MemoryPeer;
  readonly #run: () => void;
  readonly #retry: Timer = new Timer(this);
  readonly #connectError: SocketError;
  #state: State = State.OPEN;
  #isScheduled = false;
  #mode: ReceiveMode = ReceiveMode.NONE;
  #sizeClass: SizeClass = SizeClass.SMALL;
  /** What the peer wrote and the driver has not received yet. */
  readonly #segments: Uint8Array[] = [];
  #hasPeerEnded = false;
  #hasPeerReset = false;
  #isReceiveOver = false;
  #isShut = false;
  #wasShutTold = false;
  #isResetting = false;
  #sending: BufferHandle = NO_BUFFER;
  #sendStart = 0;
  #sendEnd = 0;
  #onTaken: (() => void) | null = null;

  /** An accepted connection. */
  constructor(
    transport: Transport,
    peer: MemoryPeer,
    ends: MemoryEnds,
    connectError: SocketError = SocketError.NONE,
  ) {
    this.#transport = transport;
    this.#peer = peer;
    this.remoteHost = ends.remoteHost;
    this.remotePort = ends.remotePort;
    this.localHost = ends.localHost;
    this.localPort = ends.localPort;
    this.#connectError = connectError;
    this.#run = () => {
      this.#isScheduled = false;
      this.#step();
    };
  }

  /** The driver asked for it: it is open, or has failed, from the next turn. */
  beginConnecting(handler: ConnectionHandler): void {
    this.handler = handler;
    this.#state = State.CONNECTING;
    this.#schedule();
  }

  // --- the peer's end ----------------------------------------------------------------------------

  get isClosed(): boolean {
    return this.#state === State.CLOSED;
  }

  /** Sends bytes to the driver, which are not to be changed any more. */
  write(bytes: Uint8Array): void {
    assert(!this.#hasPeerEnded, 'nothing is written after the end');
    if (bytes.length === 0 || this.isClosed || this.#hasPeerReset) return;
    this.#segments.push(bytes);
    this.#schedule();
  }

  /** Resolves once the driver has received all that was written, or never will. */
  taken(): Promise<void> {
    if (this.#segments.length === 0 || this.isClosed) return Promise.resolve();
    return new Promise((resolve) => {
      this.#onTaken = resolve;
    });
  }

  /** Sends the end behind what was written. */
  end(): void {
    if (this.#hasPeerEnded) return;
    this.#hasPeerEnded = true;
    this.#schedule();
  }

  /** Breaks off; what was written and not received is lost. */
  breakOff(): void {
    this.#hasPeerReset = true;
    this.#hasPeerEnded = true;
    this.#segments.length = 0;
    this.#tellTaken();
    this.#schedule();
  }

  // --- the driver's end --------------------------------------------------------------------------

  get isSending(): boolean {
    return this.#sending !== NO_BUFFER;
  }

  receiveContinuously(): void {
    this.#mode = ReceiveMode.CONTINUOUS;
    this.#sizeClass = SizeClass.SMALL;
    this.#schedule();
  }

  receiveOnce(sizeClass: SizeClass): void {
    this.#mode = ReceiveMode.ONCE;
    this.#sizeClass = sizeClass;
    this.#schedule();
  }

  pauseReceive(): void {
    this.#mode = ReceiveMode.NONE;
  }

  send(buffer: BufferHandle, start: number, end: number, _more: boolean): void {
    assert(this.#sending === NO_BUFFER, 'one send at a time');
    assert(start < end, 'a send has bytes');
    this.#sending = buffer;
    this.#sendStart = start;
    this.#sendEnd = end;
    this.#schedule();
  }

  shutdownSend(): void {
    assert(this.#sending === NO_BUFFER, 'no FIN while a send is in flight');
    this.#isShut = true;
    this.#schedule();
  }

  close(): void {
    this.#beginClosing(false);
  }

  reset(): void {
    this.#beginClosing(true);
  }

  /** A buffer may be free by now. */
  onTimer(): void {
    this.#step();
  }

  // --- turns -------------------------------------------------------------------------------------

  #beginClosing(isReset: boolean): void {
    if (this.#state >= State.CLOSING) return;
    this.#state = State.CLOSING;
    this.#isResetting = isReset;
    this.#schedule();
  }

  #schedule(): void {
    if (this.#isScheduled || this.#state === State.CLOSED) return;
    this.#isScheduled = true;
    this.#transport.defer(this.#run);
  }

  #step(): void {
    if (this.#state === State.CONNECTING) this.#connect();
    else if (this.#state === State.OPEN) {
      this.#flushSend();
      if (this.#isOpen()) this.#deliver();
    }
    if (this.#state === State.CLOSING) this.#finish();
  }

  /** The state may have changed in a callback. */
  #isOpen(): boolean {
    return this.#state === State.OPEN;
  }

  #connect(): void {
    this.#state = State.OPEN;
    if (this.#connectError === SocketError.NONE) {
      this.#schedule();
      this.handler.onConnected();
      return;
    }
    this.#isReceiveOver = true;
    this.#hasPeerReset = true;
    this.handler.onError(this.#connectError);
  }

  #flushSend(): void {
    const buffer = this.#sending;
    if (buffer === NO_BUFFER) {
      if (!this.#isShut || this.#wasShutTold) return;
      this.#wasShutTold = true;
      this.#peer.onEnd();
      return;
    }
    this.#sending = NO_BUFFER;
    if (this.#hasPeerReset || this.#isShut) {
      this.handler.onSendEnd(buffer, SocketError.PIPE);
      return;
    }
    this.bytesSent += this.#sendEnd - this.#sendStart;
    this.#peer.onBytes(this.#transport.pool.arena.bytes.slice(this.#sendStart, this.#sendEnd));
    this.handler.onSendEnd(buffer, SocketError.NONE);
  }

  /** One delivery; the next one in a later round, so that the driver may pause in between. */
  #deliver(): void {
    if (this.#mode === ReceiveMode.NONE || this.#isReceiveOver) return;
    const segment = this.#segments[0];
    if (segment === undefined) {
      this.#deliverEnd();
      return;
    }
    const { pool, timers, clock } = this.#transport;
    const buffer = this.#acquireFor(segment.length);
    if (buffer === NO_BUFFER) {
      this.#transport.counters.receiveStarvations++;
      timers.set(this.#retry, clock.nowMs + STARVED_RETRY_MS);
      return;
    }
    const start = pool.startOf(buffer);
    const count = Math.min(segment.length, pool.endOf(buffer) - start);
    pool.arena.bytes.set(segment.subarray(0, count), start);
    if (count === segment.length) this.#segments.shift();
    else this.#segments[0] = segment.subarray(count);
    if (this.#segments.length === 0) this.#tellTaken();
    this.bytesReceived += count;
    if (this.#mode === ReceiveMode.ONCE) this.#mode = ReceiveMode.NONE;
    this.#schedule();
    this.handler.onReceive(buffer, start, start + count);
  }

  #deliverEnd(): void {
    if (!this.#hasPeerEnded) return;
    this.#isReceiveOver = true;
    if (this.#hasPeerReset) this.handler.onError(SocketError.RESET);
    else this.handler.onReceiveEnd();
  }

  /** The smallest buffer that takes the bytes, within the class that was asked for. */
  #acquireFor(byteCount: number): BufferHandle {
    const { pool } = this.#transport;
    let sizeClass: number = SizeClass.SMALL;
    while (sizeClass < this.#sizeClass && pool.capacityOf(sizeClass as SizeClass) < byteCount) {
      sizeClass++;
    }
    for (; sizeClass >= SizeClass.SMALL; sizeClass--) {
      const buffer = pool.acquire(sizeClass as SizeClass);
      if (buffer !== NO_BUFFER) return buffer;
    }
    return NO_BUFFER;
  }

  #finish(): void {
    const buffer = this.#sending;
    if (buffer !== NO_BUFFER) {
      this.#sending = NO_BUFFER;
      this.handler.onSendEnd(buffer, SocketError.CANCELED);
    }
    // A kernel that closes a socket with unread bytes sends a RST instead of a FIN.
    const isReset = this.#isResetting || this.#segments.length > 0;
    this.#state = State.CLOSED;
    this.#segments.length = 0;
    this.#tellTaken();
    this.#transport.timers.cancel(this.#retry);
    const { handler } = this;
    this.handler = NOBODY;
    handler.onClosed();
    this.#peer.onClosed(isReset);
  }

  #tellTaken(): void {
    const onTaken = this.#onTaken;
    this.#onTaken = null;
    onTaken?.();
  }
}

const NOBODY: ConnectionHandler = {
  onConnected: unexpected,
  onReceive: unexpected,
  onReceiveEnd: unexpected,
  onSendEnd: unexpected,
  onError: unexpected,
  onClosed: unexpected,
};

function unexpected(): void {
  assert(false, 'a connection without a handler calls nobody');
}

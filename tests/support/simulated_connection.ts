// A connection of the simulated transport. `step()` is called once per turn and does what the
// kernel and the loop would have done: one delivery, a part of a send, an end. All callbacks come
// from it, so never from inside a method. Misuse that a real kernel would hide is asserted: a
// second send, a send after `close`, bytes changed while they are being sent, any use after
// `onClosed`.

import { strict as assert } from 'node:assert';
import { type BufferHandle, NO_BUFFER, SizeClass } from '../../src/base/buffer_pool.ts';
import { BUFFER_HEADROOM_BYTES, BUFFER_TAILROOM_BYTES } from '../../src/base/limits.ts';
import { type Connection, type ConnectionHandler, SocketError } from '../../src/ring/transport.ts';
import type { SimulatedPeer } from './simulated_peer.ts';
import type { SimulatedTransport } from './simulated_transport.ts';

const State = { FREE: 0, CONNECTING: 1, OPEN: 2, CLOSING: 3 } as const;
type State = (typeof State)[keyof typeof State];

const ReceiveMode = { NONE: 0, CONTINUOUS: 1, ONCE: 2 } as const;
type ReceiveMode = (typeof ReceiveMode)[keyof typeof ReceiveMode];

/** How an attempt to connect ends; `null` error and `null` peer: never. */
export interface ConnectOutcome {
  readonly atMs: number;
  readonly error: SocketError;
  readonly accept: (() => SimulatedPeer) | null;
}

const NO_BYTES: Buffer = Buffer.alloc(0);
const NOBODY: ConnectionHandler = {
  onConnected: unexpected,
  onReceive: unexpected,
  onReceiveEnd: unexpected,
  onSendEnd: unexpected,
  onError: unexpected,
  onClosed: unexpected,
};

export class SimulatedConnection implements Connection {
  handler: ConnectionHandler = NOBODY;
  bytesReceived = 0;
  bytesSent = 0;
  remoteHost = '';
  remotePort = 0;
  localHost = '';
  localPort = 0;
  readonly #transport: SimulatedTransport;
  #state: State = State.FREE;
  #peer: SimulatedPeer | null = null;
  #connect: ConnectOutcome | null = null;
  #mode: ReceiveMode = ReceiveMode.NONE;
  #sizeClass: SizeClass = SizeClass.SMALL;
  #isStarved = false;
  #isReceiveOver = false; // FIN or an error was delivered
  #isBroken = false; // a RST came: sends fail
  #isShut = false;
  #isResetting = false;
  #receiveAtMs = 0;
  #sendAtMs = 0;
  #sendBuffer: BufferHandle = NO_BUFFER;
  #sendStart = 0;
  #sendEnd = 0;
  #sendCopy: Buffer = NO_BYTES;

  constructor(transport: SimulatedTransport) {
    this.#transport = transport;
  }

  get isSending(): boolean {
    return this.#sendBuffer !== NO_BUFFER;
  }

  get isFree(): boolean {
    return this.#state === State.FREE;
  }

  /** Begins a life as the transport's end of a connection that `peer` made. */
  beginAccepted(peer: SimulatedPeer): void {
    this.#begin(State.OPEN);
    this.#join(peer);
  }

  /** Begins a life as an attempt to connect. */
  beginConnecting(handler: ConnectionHandler, outcome: ConnectOutcome): void {
    this.#begin(State.CONNECTING);
    this.handler = handler;
    this.#connect = outcome;
    this.#transport.wakeAt(outcome.atMs);
  }

  receiveContinuously(): void {
    this.#checkUse();
    this.#mode = ReceiveMode.CONTINUOUS;
    this.#sizeClass = SizeClass.SMALL;
  }

  receiveOnce(sizeClass: SizeClass): void {
    this.#checkUse();
    this.#mode = ReceiveMode.ONCE;
    this.#sizeClass = sizeClass;
  }

  pauseReceive(): void {
    this.#checkUse();
    this.#mode = ReceiveMode.NONE;
    this.#isStarved = false;
  }

  send(buffer: BufferHandle, start: number, end: number, _more: boolean): void {
    this.#checkUse();
    const { pool } = this.#transport;
    assert(this.#state !== State.CLOSING, 'nothing is sent after close');
    assert(!this.isSending, 'one send at a time');
    assert(start < end, 'a send has bytes');
    assert(start >= pool.startOf(buffer) - BUFFER_HEADROOM_BYTES, 'a send lies in its buffer');
    assert(end <= pool.endOf(buffer) + BUFFER_TAILROOM_BYTES, 'a send lies in its buffer');
    this.#sendBuffer = buffer;
    this.#sendStart = start;
    this.#sendEnd = end;
    this.#sendCopy = Buffer.from(pool.arena.bytes.subarray(start, end));
  }

  shutdownSend(): void {
    this.#checkUse();
    assert(!this.isSending, 'no FIN while a send is in flight');
    this.#isShut = true;
  }

  close(): void {
    this.#checkUse();
    this.#state = State.CLOSING;
  }

  reset(): void {
    this.#checkUse();
    if (this.#state === State.CLOSING) return;
    this.#state = State.CLOSING;
    this.#isResetting = true;
  }

  /** One turn of this connection. Returns whether anything happened. */
  step(): boolean {
    switch (this.#state) {
      case State.FREE:
        return false;
      case State.CONNECTING:
        return this.#stepConnect();
      case State.OPEN: {
        const sent = this.#stepSend();
        const received = this.#isOpen() && this.#stepReceive();
        return sent || received;
      }
      case State.CLOSING:
        this.#finish();
        return true;
    }
  }

  #begin(state: State): void {
    assert(this.#state === State.FREE, 'a connection object is reused after onClosed only');
    this.#state = state;
    this.#mode = ReceiveMode.NONE;
    this.#isStarved = false;
    this.#isReceiveOver = false;
    this.#isBroken = false;
    this.#isShut = false;
    this.#isResetting = false;
    this.#receiveAtMs = 0;
    this.#sendAtMs = 0;
    this.bytesReceived = 0;
    this.bytesSent = 0;
  }

  #join(peer: SimulatedPeer): void {
    this.#peer = peer;
    peer.connection = this;
    peer.isOpen = true;
    this.remoteHost = peer.host;
    this.remotePort = peer.port;
    this.localHost = peer.localHost;
    this.localPort = peer.localPort;
  }

  #isOpen(): boolean {
    return this.#state === State.OPEN;
  }

  #checkUse(): void {
    assert(this.#state !== State.FREE, 'a connection is not used after onClosed');
  }

  #stepConnect(): boolean {
    const outcome = this.#connect;
    if (outcome === null || outcome.atMs > this.#transport.clock.nowMs) return false;
    this.#connect = null;
    if (outcome.accept === null) {
      this.#isReceiveOver = true;
      this.#isBroken = true;
      this.#state = State.OPEN; // until the handler closes it
      this.#transport.counters.connectFailures++;
      this.handler.onError(outcome.error);
      return true;
    }
    this.#state = State.OPEN;
    this.#transport.counters.connected++;
    this.#join(outcome.accept());
    this.handler.onConnected();
    return true;
  }

  #stepSend(): boolean {
    if (!this.isSending) return this.#stepShutdown();
    const peer = this.#peer;
    if (this.#isShut || peer === null || this.#isBroken || peer.hasReset) {
      const isFirst = peer?.hasReset === true && !this.#isBroken;
      this.#isBroken = true;
      return this.#endSend(isFirst ? SocketError.RESET : SocketError.PIPE);
    }
    if (peer.readPaused || this.#isDelayed(this.#sendAtMs)) return false;
    if (this.#transport.faults.strikes('delay')) {
      this.#sendAtMs = this.#transport.delay();
      return false;
    }
    if (this.#transport.faults.strikes('reset')) return this.#breakUp();
    this.#checkSentBytes();
    const count = this.#transport.faults.part('shortWrite', this.#sendEnd - this.#sendStart);
    const bytes = this.#transport.pool.arena.bytes;
    const part = Buffer.from(bytes.subarray(this.#sendStart, this.#sendStart + count));
    this.#sendStart += count;
    this.#sendCopy = this.#sendCopy.subarray(count);
    this.bytesSent += count;
    if (peer.hasClosed) peer.hasReset = true;
    else peer.takeBytes(part);
    if (this.#sendStart === this.#sendEnd) this.#endSend(SocketError.NONE);
    return true;
  }

  #stepShutdown(): boolean {
    const peer = this.#peer;
    if (!this.#isShut || peer === null || peer.isEnded || peer.isReset) return false;
    peer.markEnded();
    return true;
  }

  #endSend(error: SocketError): boolean {
    const buffer = this.#sendBuffer;
    this.#sendBuffer = NO_BUFFER;
    this.#sendCopy = NO_BYTES;
    this.handler.onSendEnd(buffer, error);
    return true;
  }

  #checkSentBytes(): void {
    const { pool } = this.#transport;
    pool.startOf(this.#sendBuffer); // asserts that the buffer was not released meanwhile
    const now = pool.arena.bytes.subarray(this.#sendStart, this.#sendEnd);
    assert(this.#sendCopy.equals(now), 'bytes that are being sent are not changed');
  }

  #stepReceive(): boolean {
    const peer = this.#peer;
    if (peer === null || this.#mode === ReceiveMode.NONE || this.#isReceiveOver) return false;
    if (this.#isDelayed(this.#receiveAtMs)) return false;
    const segment = peer.outgoing[0];
    if (segment === undefined) return this.#stepReceiveEnd(peer);
    const { faults } = this.#transport;
    if (faults.strikes('delay')) {
      this.#receiveAtMs = this.#transport.delay();
      return false;
    }
    if (faults.strikes('reset')) return this.#breakUp();
    if (faults.strikes('emptyPool')) this.#transport.emptyPool();
    if (faults.strikes('noBuffer')) {
      this.#transport.counters.receiveStarvations++;
      this.#receiveAtMs = this.#transport.delay();
      return false;
    }
    return this.#deliver(peer, segment);
  }

  #deliver(peer: SimulatedPeer, segment: Buffer): boolean {
    const { pool, faults, counters } = this.#transport;
    const buffer = this.#acquireFor(segment.length);
    if (buffer === NO_BUFFER) {
      if (!this.#isStarved) counters.receiveStarvations++;
      this.#isStarved = true;
      return false;
    }
    this.#isStarved = false;
    const start = pool.startOf(buffer);
    const room = Math.min(segment.length, pool.endOf(buffer) - start);
    const count = faults.part('shortRead', room);
    pool.arena.bytes.set(segment.subarray(0, count), start);
    if (count === segment.length) peer.outgoing.shift();
    else peer.outgoing[0] = segment.subarray(count);
    this.bytesReceived += count;
    if (this.#mode === ReceiveMode.ONCE) this.#mode = ReceiveMode.NONE;
    this.handler.onReceive(buffer, start, start + count);
    return true;
  }

  /** The smallest buffer that takes the bytes, within the class that was asked for. */
  #acquireFor(byteCount: number): BufferHandle {
    const { pool } = this.#transport;
    let sizeClass: SizeClass = SizeClass.SMALL;
    while (sizeClass < this.#sizeClass && pool.capacityOf(sizeClass) < byteCount) {
      sizeClass = (sizeClass + 1) as SizeClass;
    }
    for (let tried: number = sizeClass; tried >= SizeClass.SMALL; tried--) {
      const buffer = pool.acquire(tried as SizeClass);
      if (buffer !== NO_BUFFER) return buffer;
    }
    return NO_BUFFER;
  }

  #stepReceiveEnd(peer: SimulatedPeer): boolean {
    if (peer.hasReset) {
      this.#isReceiveOver = true;
      this.#isBroken = true;
      this.handler.onError(SocketError.RESET);
      return true;
    }
    if (!peer.hasEnded) return false;
    this.#isReceiveOver = true;
    this.handler.onReceiveEnd();
    return true;
  }

  /** The fault: the connection breaks under both sides, with or without what had arrived. */
  #breakUp(): boolean {
    const peer = this.#peer!;
    if (this.#transport.faults.random.chance(0.5)) peer.outgoing.length = 0;
    peer.hasReset = true;
    const kept = peer.outgoing.slice();
    peer.markReset();
    peer.outgoing.length = 0; // a second strike finds it unemptied
    peer.outgoing.push(...kept);
    return true;
  }

  #isDelayed(untilMs: number): boolean {
    return untilMs > this.#transport.clock.nowMs;
  }

  #finish(): void {
    if (this.isSending) this.#endSend(SocketError.CANCELED);
    const peer = this.#peer;
    if (peer !== null) {
      peer.connection = null;
      // A kernel that closes a socket with unread bytes sends a RST instead of a FIN.
      if (this.#isResetting || peer.outgoing.length > 0) peer.markReset();
      else peer.markEnded();
    }
    const handler = this.handler;
    handler.onClosed();
    this.#peer = null;
    this.#connect = null;
    this.#state = State.FREE;
    this.handler = NOBODY;
    this.#transport.takeBack(this);
  }
}

function unexpected(): never {
  assert.fail('a connection whose handler was not set, or which is closed, calls nobody');
}

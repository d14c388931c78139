// One socket on the ring. Receiving is a small machine of what is wanted against what is armed:
//
//             receiveContinuously                receiveOnce
//   want:  NONE ------------------> CONTINUOUS   NONE ------> ONCE --(delivered)--> NONE
//             <--- pauseReceive ---
//   armed: NONE -> MULTISHOT (many completions, ends without F_MORE) | SINGLE (one completion)
//
// A multishot that is no longer wanted is cancelled; what still arrives is held and delivered, in
// order, when it is wanted again. A new receive is armed only after both completions of a
// cancellation (its own and the receive's) have come; started earlier it could take bytes out of
// order.
//
// Closing queues [cancel by descriptor][close] in one batch and waits for the last completion:
// `operations` counts what the kernel still owes us, and the slot is free when it is 0.

import { assert } from '../base/assert.ts';
import { type BufferHandle, NO_BUFFER, SizeClass } from '../base/buffer_pool.ts';
import { ECANCELED, ENOBUFS } from '../sys/errno.ts';
import { Op, RECV_MULTISHOT, SqeFlag } from '../sys/io_uring_abi.ts';
import {
  localName,
  peerName,
  type SocketName,
  setResetOnClose,
  shutdownSending,
} from '../sys/stream_socket.ts';
import { socketErrorOf } from './socket_error.ts';
import type { Connection, ConnectionHandler } from './transport.ts';
import { SocketError } from './transport.ts';
import { OperationKind, type UringCore } from './uring_core.ts';

const State = { FREE: 0, CONNECTING: 1, OPEN: 2, CLOSING: 3 } as const;
type State = (typeof State)[keyof typeof State];
const Want = { NONE: 0, CONTINUOUS: 1, ONCE: 2 } as const;
type Want = (typeof Want)[keyof typeof Want];
const Armed = { NONE: 0, MULTISHOT: 1, SINGLE: 2 } as const;
type Armed = (typeof Armed)[keyof typeof Armed];

/** What fits the upper half of a user_data that is kept in a double. */
const GENERATION_MASK = 0xf_ffff;
const MSG_NOSIGNAL = 0x4000;
const MSG_MORE = 0x8000;
const RECEIVE_MULTISHOT: number = Op.RECV | (SqeFlag.BUFFER_SELECT << 8) | (RECV_MULTISHOT << 16);
const RECEIVE_SINGLE: number = Op.RECV | (SqeFlag.BUFFER_SELECT << 8);

export class UringConnection implements Connection {
  readonly #core: UringCore;
  readonly index: number;
  generation = 0;
  descriptor = -1;
  handler: ConnectionHandler;
  bytesReceived = 0;
  bytesSent = 0;
  /** Waits in the core's list of connections that have something to deliver. */
  isQueued = false;
  /** Waits in the core's list of connections whose receive found no buffer. */
  isStarved = false;
  #state: State = State.FREE;
  #want: Want = Want.NONE;
  #armed: Armed = Armed.NONE;
  #armedKind: OperationKind = OperationKind.RECEIVE_SMALL;
  /**
   * Buffers of continuous receiving: requests are small; the start of a large response comes in
   * before its head says so, and would be many small sends.
   */
  #continuousClass: SizeClass = SizeClass.SMALL;
  #onceClass: SizeClass = SizeClass.LARGE;
  #isCanceling = false;
  #operations = 0;
  #sendBuffer: BufferHandle = NO_BUFFER;
  #sendStart = 0;
  #sendEnd = 0;
  #sendFlags = MSG_NOSIGNAL;
  #isEndHeld = false;
  /** A FIN that waits for the connection to open. */
  #isShutdownHeld = false;
  /** An error that was not told yet. */
  #failure: SocketError = SocketError.NONE;
  // Received but not wanted yet: handle, start, end of each. Made when first needed, then kept.
  #held: number[] | null = null;
  #heldFrom = 0;
  #remote: SocketName | null = null;
  /** Accepted, and nothing was received yet: whose bytes they are is asked with the first. */
  #isPeerDue = false;
  #local: SocketName | null = null;

  constructor(core: UringCore, index: number, handler: ConnectionHandler) {
    this.#core = core;
    this.index = index;
    this.handler = handler;
  }

  get isSending(): boolean {
    return this.#sendBuffer !== NO_BUFFER;
  }

  get remoteHost(): string {
    return this.#remoteName()?.host ?? '';
  }

  get remotePort(): number {
    return this.#remoteName()?.port ?? 0;
  }

  get localHost(): string {
    return this.#localName().host;
  }

  get localPort(): number {
    return this.#localName().port;
  }

  // --- what the handler asks for -----------------------------------------------------------------

  receiveContinuously(): void {
    if (this.#state === State.CLOSING) return;
    this.#want = Want.CONTINUOUS;
    this.#resumeReceive();
  }

  receiveOnce(sizeClass: SizeClass): void {
    if (this.#state === State.CLOSING) return;
    this.#want = Want.ONCE;
    this.#onceClass = sizeClass;
    this.#resumeReceive();
  }

  pauseReceive(): void {
    this.#want = Want.NONE;
    if (this.#armed === Armed.MULTISHOT && this.#state === State.OPEN) this.#cancelReceive();
  }

  send(buffer: BufferHandle, start: number, end: number, more: boolean): void {
    assert(this.#sendBuffer === NO_BUFFER, 'one send at a time');
    assert(
      this.#state === State.OPEN || this.#state === State.CONNECTING,
      'sends on an open socket',
    );
    assert(end > start, 'a send has bytes');
    this.#sendBuffer = buffer;
    this.#sendStart = start;
    this.#sendEnd = end;
    this.#sendFlags = more ? MSG_NOSIGNAL | MSG_MORE : MSG_NOSIGNAL;
    if (this.#state === State.OPEN) this.#queueSend();
  }

  shutdownSend(): void {
    assert(this.#sendBuffer === NO_BUFFER, 'FIN follows the last send');
    if (this.#state === State.CONNECTING) this.#isShutdownHeld = true;
    else if (this.#state === State.OPEN) shutdownSending(this.descriptor);
  }

  close(): void {
    if (this.#state === State.CLOSING || this.#state === State.FREE) return;
    const wasIdle = this.#operations === 0;
    this.#state = State.CLOSING;
    this.#want = Want.NONE;
    this.#releaseHeld();
    if (this.descriptor < 0) {
      this.#core.enqueueReady(this);
      return;
    }
    if (!wasIdle) {
      this.#operations++;
      this.#core.queueCancelDescriptor(this);
    }
    this.#operations++;
    this.#core.queue(
      Op.CLOSE,
      this.descriptor,
      0,
      0,
      0,
      0,
      this.index,
      OperationKind.CLOSE,
      this.generation,
      0,
    );
  }

  reset(): void {
    if (this.#state === State.OPEN) setResetOnClose(this.descriptor);
    this.close();
  }

  // --- what the transport does with it -----------------------------------------------------------

  /** Takes the slot for an accepted socket. */
  beginOpen(descriptor: number): void {
    this.#continuousClass = SizeClass.SMALL;
    this.#begin(descriptor, State.OPEN);
    this.#isPeerDue = true;
  }

  /** Takes the slot for a connection attempt that is queued; the core counts the operation. */
  beginConnect(descriptor: number, handler: ConnectionHandler): void {
    this.handler = handler;
    this.#continuousClass = SizeClass.MEDIUM;
    this.#begin(descriptor, State.CONNECTING);
    this.#operations = 1;
  }

  /** Takes the slot for an attempt that failed before the kernel was asked. */
  beginFailed(error: SocketError, handler: ConnectionHandler): void {
    this.handler = handler;
    this.#begin(-1, State.CONNECTING);
    this.#failure = error;
    this.#core.enqueueReady(this);
  }

  get isFree(): boolean {
    return this.#state === State.FREE;
  }

  onConnectCompleted(result: number): void {
    this.#operations--;
    if (this.#state === State.CLOSING) {
      this.#finishIfOver();
      return;
    }
    if (result < 0) {
      this.#core.counters.connectFailures++;
      this.#fail(socketErrorOf(-result));
      return;
    }
    this.#state = State.OPEN;
    this.#core.counters.connected++;
    if (this.#sendBuffer !== NO_BUFFER) this.#queueSend();
    else if (this.#isShutdownHeld) shutdownSending(this.descriptor);
    if (this.#want !== Want.NONE) this.#arm();
    this.handler.onConnected();
  }

  onReceiveCompleted(result: number, hasMore: boolean, buffer: BufferHandle): void {
    if (!hasMore) {
      this.#operations--;
      this.#armed = Armed.NONE;
    }
    if (this.#state !== State.OPEN) {
      if (buffer !== NO_BUFFER) this.#core.pool.release(buffer);
      this.#finishIfOver();
      return;
    }
    if (result > 0) this.#received(buffer, result);
    else if (result === 0) this.#receivedEnd();
    else if (result === -ENOBUFS) this.#core.enqueueStarved(this, this.#wantedClass);
    else if (result !== -ECANCELED) this.#fail(socketErrorOf(-result));
    this.#settleReceive();
  }

  onCancelCompleted(): void {
    this.#operations--;
    this.#isCanceling = false;
    if (this.#state !== State.OPEN) this.#finishIfOver();
    else this.#settleReceive();
  }

  onSendCompleted(result: number): void {
    this.#operations--;
    if (result > 0) {
      this.bytesSent += result;
      this.#sendStart += result;
      if (this.#sendStart < this.#sendEnd && this.#state === State.OPEN) {
        this.#queueSend();
        return;
      }
    }
    const buffer = this.#sendBuffer;
    const isWhole = this.#sendStart >= this.#sendEnd;
    this.#sendBuffer = NO_BUFFER;
    const error = isWhole
      ? SocketError.NONE
      : result < 0
        ? socketErrorOf(-result)
        : SocketError.CANCELED;
    this.handler.onSendEnd(buffer, error);
    this.#finishIfOver();
  }

  /** A close or a cancellation by descriptor is over. */
  onOtherCompleted(): void {
    this.#operations--;
    this.#finishIfOver();
  }

  /** Called by the core once per round for connections that asked for it. */
  deliver(): void {
    if (this.#state === State.CLOSING) {
      this.#finishIfOver();
      return;
    }
    this.#deliverHeld();
    this.#tellFailure();
    this.#settleReceive();
  }

  /** Buffers are back: the receive that found none is armed again. */
  rearmStarved(): void {
    if (this.#state === State.OPEN) this.#settleReceive();
  }

  // --- inside ------------------------------------------------------------------------------------

  #begin(descriptor: number, state: State): void {
    this.descriptor = descriptor;
    this.#state = state;
    this.#want = Want.NONE;
    this.#armed = Armed.NONE;
    this.#isCanceling = false;
    this.#operations = 0;
    this.#isEndHeld = false;
    this.#isShutdownHeld = false;
    this.#failure = SocketError.NONE;
    this.#remote = null;
    this.#isPeerDue = false;
    this.#local = null;
    this.bytesReceived = 0;
    this.bytesSent = 0;
  }

  #received(buffer: BufferHandle, byteCount: number): void {
    if (this.#isPeerDue && this.#remoteName() === null) {
      this.#core.pool.release(buffer);
      this.#fail(SocketError.RESET);
      return;
    }
    this.#isPeerDue = false;
    this.bytesReceived += byteCount;
    const start = this.#core.pool.startOf(buffer);
    if (this.#want === Want.NONE || this.#heldCount() > 0) {
      this.#hold(buffer, start, start + byteCount);
      return;
    }
    if (this.#want === Want.ONCE) this.#want = Want.NONE;
    this.handler.onReceive(buffer, start, start + byteCount);
  }

  #receivedEnd(): void {
    if (this.#want === Want.NONE || this.#heldCount() > 0) {
      this.#isEndHeld = true;
      return;
    }
    this.#want = Want.NONE;
    this.handler.onReceiveEnd();
  }

  #tellFailure(): void {
    const error = this.#failure;
    if (error === SocketError.NONE || this.#state === State.CLOSING) return;
    this.#failure = SocketError.NONE;
    this.#fail(error);
  }

  /** What came before the error is delivered before it. */
  #fail(error: SocketError): void {
    if (this.#heldCount() > 0) {
      this.#failure = error;
      return;
    }
    this.#want = Want.NONE;
    this.handler.onError(error);
  }

  /** After any event: what is armed follows what is wanted. */
  #settleReceive(): void {
    if (this.#state !== State.OPEN || this.#isCanceling || this.isStarved) return;
    if (this.#want === Want.NONE) {
      if (this.#armed === Armed.MULTISHOT) this.#cancelReceive();
      return;
    }
    if (this.#heldCount() > 0 || this.#isEndHeld) this.#core.enqueueReady(this);
    else if (this.#armed === Armed.NONE) this.#arm();
  }

  #resumeReceive(): void {
    if (this.#state !== State.OPEN) return;
    if (this.#heldCount() > 0 || this.#isEndHeld) this.#core.enqueueReady(this);
    else if (this.#armed === Armed.NONE && !this.#isCanceling && !this.isStarved) this.#arm();
  }

  get #wantedClass(): SizeClass {
    return this.#want === Want.ONCE ? this.#onceClass : this.#continuousClass;
  }

  #arm(): void {
    this.#operations++;
    const isOnce = this.#want === Want.ONCE;
    this.#armed = isOnce ? Armed.SINGLE : Armed.MULTISHOT;
    const group = this.#core.groupFor(this.#wantedClass);
    this.#armedKind = (OperationKind.RECEIVE_SMALL + group) as OperationKind;
    this.#core.queue(
      isOnce ? RECEIVE_SINGLE : RECEIVE_MULTISHOT,
      this.descriptor,
      0,
      0,
      0,
      0,
      this.index,
      this.#armedKind,
      this.generation,
      group,
    );
  }

  #cancelReceive(): void {
    if (this.#isCanceling) return;
    this.#isCanceling = true;
    this.#operations++;
    this.#core.queueCancelReceive(this, this.#armedKind);
  }

  #queueSend(): void {
    this.#operations++;
    const byteCount = this.#sendEnd - this.#sendStart;
    this.#core.queueSend(this, this.#sendStart, byteCount, this.#sendFlags);
  }

  #heldCount(): number {
    return this.#held === null ? 0 : this.#held.length - this.#heldFrom;
  }

  #hold(buffer: BufferHandle, start: number, end: number): void {
    this.#held ??= [];
    this.#held.push(buffer, start, end);
  }

  #deliverHeld(): void {
    while (this.#state === State.OPEN && this.#want !== Want.NONE && this.#heldCount() > 0) {
      const held = this.#held!;
      const at = this.#heldFrom;
      this.#heldFrom += 3;
      const buffer = held[at]!;
      const start = held[at + 1]!;
      const end = held[at + 2]!;
      if (this.#heldFrom === held.length) {
        held.length = 0;
        this.#heldFrom = 0;
      }
      if (this.#want === Want.ONCE) this.#want = Want.NONE;
      this.handler.onReceive(buffer, start, end);
    }
    if (this.#state !== State.OPEN || this.#want === Want.NONE || !this.#isEndHeld) return;
    this.#isEndHeld = false;
    this.#want = Want.NONE;
    this.handler.onReceiveEnd();
  }

  #releaseHeld(): void {
    if (this.#held === null) return;
    for (let i = this.#heldFrom; i < this.#held.length; i += 3) {
      this.#core.pool.release(this.#held[i]!);
    }
    this.#held = null;
    this.#heldFrom = 0;
    this.#isEndHeld = false;
  }

  #finishIfOver(): void {
    if (this.#state !== State.CLOSING || this.#operations > 0) return;
    if (this.#sendBuffer !== NO_BUFFER) {
      // A send that waited for the connection to open never reached the kernel.
      const buffer = this.#sendBuffer;
      this.#sendBuffer = NO_BUFFER;
      this.handler.onSendEnd(buffer, SocketError.CANCELED);
    }
    this.#state = State.FREE;
    this.descriptor = -1;
    this.generation = (this.generation + 1) & GENERATION_MASK;
    this.handler.onClosed();
    this.#core.onConnectionFree(this);
  }

  /** Null: the peer has reset the connection, and the kernel knows its address no more. */
  #remoteName(): SocketName | null {
    this.#remote ??= peerName(this.descriptor);
    return this.#remote;
  }

  #localName(): SocketName {
    this.#local ??= localName(this.descriptor);
    return this.#local;
  }
}

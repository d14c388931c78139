// One end of a connection in the transport suite: it sends what it is told to, collects what it
// receives, and checks with each callback that the contract's rules hold.

import { strict as assert } from 'node:assert';
import { type BufferHandle, NO_BUFFER, SizeClass } from '../../base/buffer_pool.ts';
import type { SocketAddress } from '../../base/socket_address.ts';
import {
  type Acceptor,
  type Connection,
  type ConnectionHandler,
  SocketError,
  type Transport,
} from '../transport.ts';

/** How an endpoint asks for bytes: always, one delivery after the other, or not on its own. */
export type ReceiveStyle = 'continuous' | 'once-small' | 'once-medium' | 'once-large' | 'manual';

const ONCE_CLASSES: Readonly<Record<string, SizeClass>> = {
  'once-small': SizeClass.SMALL,
  'once-medium': SizeClass.MEDIUM,
  'once-large': SizeClass.LARGE,
};

const endpointsOf: WeakMap<Transport, TestEndpoint[]> = new WeakMap();

/** The transport is about to be closed under its endpoints: they let it happen. */
export function expectClose(transport: Transport): void {
  for (const endpoint of endpointsOf.get(transport) ?? []) endpoint.isClosing = true;
}

export class TestEndpoint implements ConnectionHandler {
  readonly transport: Transport;
  /** Names of the callbacks so far, receives left out. */
  readonly events: string[] = [];
  readonly chunks: Buffer[] = [];
  receivedBytes = 0;
  deliveriesCount = 0;
  error: SocketError = SocketError.NONE;
  sendError: SocketError = SocketError.NONE;
  isConnected = false;
  isEnded = false;
  isClosing = false;
  isClosed = false;
  /** Received buffers are kept instead of released. */
  isHoarding = false;
  readonly hoarded: BufferHandle[] = [];
  onDelivery: (() => void) | null = null;
  onEvent: ((name: string) => void) | null = null;
  #style: ReceiveStyle = 'manual';
  #connection: Connection | null = null;
  #isInMethod = false;
  #isPaused = true;
  #unsent: Buffer[] = [];
  #buffer: BufferHandle = NO_BUFFER;

  constructor(transport: Transport) {
    this.transport = transport;
    const others = endpointsOf.get(transport);
    if (others === undefined) endpointsOf.set(transport, [this]);
    else others.push(this);
  }

  get connection(): Connection {
    assert(this.#connection !== null, 'the endpoint has a connection');
    return this.#connection;
  }

  /** Takes an accepted connection. */
  take(connection: Connection): void {
    this.#connection = connection;
    connection.handler = this;
    this.isConnected = true;
  }

  /** Opens a connection. */
  connect(address: SocketAddress): this {
    this.#connection = this.#call(() => this.transport.connect(address, this));
    return this;
  }

  receive(style: ReceiveStyle): this {
    this.#style = style;
    if (style !== 'manual') this.#ask();
    return this;
  }

  receiveContinuously(): void {
    this.#isPaused = false;
    this.#call(() => this.connection.receiveContinuously());
  }

  receiveOnce(sizeClass: SizeClass): void {
    this.#isPaused = false;
    this.#call(() => this.connection.receiveOnce(sizeClass));
  }

  pause(): void {
    this.#isPaused = true;
    this.#call(() => this.connection.pauseReceive());
  }

  /** Queues bytes; they are sent one buffer at a time. */
  write(bytes: Uint8Array | string): this {
    this.#unsent.push(
      typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : Buffer.from(bytes),
    );
    this.#sendNext();
    return this;
  }

  /** Bytes queued here and not yet given to the connection. */
  get unsentBytes(): number {
    return this.#unsent.reduce((sum, bytes) => sum + bytes.length, 0);
  }

  get isSendingAny(): boolean {
    return this.#buffer !== NO_BUFFER || this.#unsent.length > 0;
  }

  shutdownSend(): void {
    this.#call(() => this.connection.shutdownSend());
  }

  close(): void {
    this.isClosing = true;
    this.#unsent = [];
    this.#call(() => this.connection.close());
  }

  reset(): void {
    this.isClosing = true;
    this.#unsent = [];
    this.#call(() => this.connection.reset());
  }

  received(): Buffer {
    return Buffer.concat(this.chunks);
  }

  releaseHoarded(): void {
    for (const buffer of this.hoarded.splice(0)) this.transport.pool.release(buffer);
  }

  onConnected(): void {
    this.#record('connected');
    assert(!this.isConnected, 'a connection opens once');
    this.isConnected = true;
    this.onEvent?.('connected');
  }

  onReceive(buffer: BufferHandle, start: number, end: number): void {
    this.#check();
    assert(!this.isClosing, 'nothing is received after close');
    assert(!this.#isPaused, 'nothing is received while paused');
    assert(!this.isEnded, 'nothing is received after the end');
    const { pool } = this.transport;
    assert(start < end, 'a delivery has bytes');
    assert(start >= pool.startOf(buffer) && end <= pool.endOf(buffer), 'it lies in its buffer');
    this.chunks.push(Buffer.from(pool.arena.bytes.subarray(start, end)));
    this.receivedBytes += end - start;
    this.deliveriesCount++;
    if (this.isHoarding) this.hoarded.push(buffer);
    else pool.release(buffer);
    if (this.#style !== 'continuous') this.#isPaused = true;
    this.onDelivery?.();
    if (!this.isClosing && this.#style !== 'manual' && this.#style !== 'continuous') this.#ask();
  }

  onReceiveEnd(): void {
    this.#record('end');
    assert(!this.isClosing, 'no end is told after close');
    assert(!this.isEnded, 'the end comes once');
    this.isEnded = true;
    this.onEvent?.('end');
  }

  onSendEnd(buffer: BufferHandle, error: SocketError): void {
    this.#check();
    assert(buffer === this.#buffer, 'the buffer of the one send comes back, once');
    assert(!this.connection.isSending, 'the next send may begin in the callback');
    this.#buffer = NO_BUFFER;
    this.transport.pool.release(buffer);
    if (error !== SocketError.NONE) {
      this.sendError = error;
      this.#unsent = [];
    }
    if (error !== SocketError.NONE) this.events.push(`send error ${error}`);
    this.onEvent?.('sent');
    if (!this.isClosing) this.#sendNext();
  }

  onError(error: SocketError): void {
    this.#record(`error ${error}`);
    assert(!this.isClosing, 'no error is told after close');
    assert(error !== SocketError.NONE, 'an error is one');
    this.error = error;
    this.onEvent?.('error');
  }

  onClosed(): void {
    this.#record('closed');
    assert(this.isClosing, 'a connection is closed by its handler');
    assert(this.#buffer === NO_BUFFER, 'the send is told to be over before the close');
    this.isClosed = true;
    this.onEvent?.('closed');
  }

  #record(name: string): void {
    this.#check();
    this.events.push(name);
  }

  #check(): void {
    assert(!this.#isInMethod, 'no callback comes from inside a method');
    assert(!this.isClosed, 'nothing comes after onClosed');
  }

  #call<T>(method: () => T): T {
    this.#isInMethod = true;
    try {
      return method();
    } finally {
      this.#isInMethod = false;
    }
  }

  #ask(): void {
    if (this.#style === 'continuous') this.receiveContinuously();
    else this.receiveOnce(ONCE_CLASSES[this.#style]!);
  }

  #sendNext(): void {
    if (this.#buffer !== NO_BUFFER) return;
    const bytes = this.#unsent.shift();
    if (bytes === undefined) return;
    const { pool } = this.transport;
    const isSmall = bytes.length <= pool.capacityOf(SizeClass.SMALL);
    const fitting = isSmall ? pool.acquire(SizeClass.SMALL) : NO_BUFFER;
    const buffer = fitting === NO_BUFFER ? pool.acquire(SizeClass.LARGE) : fitting;
    assert(buffer !== NO_BUFFER, 'the suite has buffers to send');
    const start = pool.startOf(buffer);
    const byteCount = Math.min(bytes.length, pool.endOf(buffer) - start);
    pool.arena.bytes.set(bytes.subarray(0, byteCount), start);
    if (byteCount < bytes.length) this.#unsent.unshift(bytes.subarray(byteCount));
    this.#buffer = buffer;
    const hasMore = this.#unsent.length > 0;
    this.#call(() => this.connection.send(buffer, start, start + byteCount, hasMore));
  }
}

/** Makes an endpoint for each connection and keeps them in the order they came. */
export class TestAcceptor implements Acceptor {
  readonly endpoints: TestEndpoint[] = [];
  starvedCount = 0;
  /** How many it says it takes. */
  roomMax: number = Number.POSITIVE_INFINITY;
  readonly #transport: Transport;
  readonly #prepare: (endpoint: TestEndpoint) => void;

  constructor(transport: Transport, prepare: (endpoint: TestEndpoint) => void = (): void => {}) {
    this.#transport = transport;
    this.#prepare = prepare;
  }

  get roomCount(): number {
    return this.roomMax - this.endpoints.length;
  }

  onAccept(connection: Connection): void {
    const endpoint = new TestEndpoint(this.#transport);
    endpoint.take(connection);
    this.endpoints.push(endpoint);
    this.#prepare(endpoint);
  }

  onAcceptStarved(): void {
    this.starvedCount++;
  }
}

/** Sends back what arrives, ends when the client ends, closes when both have. */
export function echo(style: ReceiveStyle): (endpoint: TestEndpoint) => void {
  return (endpoint) => {
    endpoint.onDelivery = (): void => {
      endpoint.write(endpoint.chunks.pop()!);
    };
    const closeWhenDone = (): void => {
      if (endpoint.isEnded && !endpoint.isSendingAny && !endpoint.isClosing) endpoint.close();
    };
    endpoint.onEvent = (name): void => {
      if (name === 'error' && !endpoint.isClosing) endpoint.close();
      // After the callback has returned: the endpoint itself sends what is left first.
      if (name === 'end' || name === 'sent') endpoint.transport.defer(closeWhenDone);
    };
    endpoint.receive(style);
  };
}

/** Bytes of which no two places near each other look alike. */
export function pattern(byteCount: number): Buffer {
  const bytes = Buffer.allocUnsafe(byteCount);
  for (let i = 0; i < byteCount; i++) bytes[i] = (i * 31 + (i >> 8) * 7 + (i >> 16)) & 0xff;
  return bytes;
}

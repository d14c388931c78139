// The HTTP/1.1 client driver: one connection to an endpoint and, one after the other, the
// exchanges on it. It alone knows the codec and the connection; what the exchange is at is in
// `ClientState`.
//
// - A response is read as it is asked for, and handed on in the buffers that it was received in.
// - The connection is given back before the exchange is told of the end, so that the next one can
//   have it. `exchange` differs then: whoever called out compares it before touching anything.
// - Only a connection whose request was sent whole and whose response ended exactly where its
//   framing says is used again (RFC 9112 sections 9.3 and 9.5).

import { assert } from '../base/assert.ts';
import type { BufferHandle } from '../base/buffer_pool.ts';
import type { Pooled } from '../base/object_pool.ts';
import type { SocketAddress } from '../base/socket_address.ts';
import { Timer, type TimerOwner } from '../base/timer_wheel.ts';
import type { ClientStream, ClientStreamHandler } from '../http/exchange_contract.ts';
import { ExchangeError } from '../http/exchange_error.ts';
import type { HeaderBlock } from '../http/header_block.ts';
import type { RequestHead } from '../http/message_head.ts';
import { SocketError } from '../ring/transport.ts';
import type { ByteStream, ByteStreamHandler } from '../stream/byte_stream.ts';
import type { ClientContext } from './client_context.ts';
import { deadlineDelayMs, deadlineError } from './client_deadlines.ts';
import type { ClientOwner } from './client_owner.ts';
import { connectError, requestedUpgrade } from './client_rules.ts';
import { ClientState, ResponseState } from './client_state.ts';
import { ConnectAttempts } from './connect_attempts.ts';
import type { Deferred } from './deferred_queue.ts';
import type { EndpointShare } from './endpoint_share.ts';
import { RequestWriter } from './request_writer.ts';
import { type ResponseHost, ResponseReader } from './response_reader.ts';

const R = ResponseState;

export class Http1Client
  implements ClientStream, ByteStreamHandler, ResponseHost, TimerOwner, Deferred, Pooled
{
  generation = 0;
  isFree = true;
  isDeferred = false;
  /** Links of the list that the owner keeps the client in. */
  next: Http1Client | null = null;
  previous: Http1Client | null = null;
  isIdle = false;
  isReused = false;
  connectedMs = 0;
  /** Who is told of the exchange; null while there is none. */
  handler: ClientStreamHandler | null = null;
  /** Grows with each beginning and each end of an exchange. */
  exchange = 0;
  stream: ByteStream | null = null;
  /** The address that it is connected to. */
  address: SocketAddress | null = null;
  readonly #context: ClientContext;
  readonly #state: ClientState = new ClientState();
  readonly #attempts: ConnectAttempts = new ConnectAttempts();
  readonly #writer: RequestWriter;
  readonly #reader: ResponseReader;
  readonly #timer: Timer;
  #owner: ClientOwner | null = null;
  /** The endpoint as the snapshot of the exchange has it; kept until the next exchange. */
  #share: EndpointShare | null = null;
  /** An error that has to be told from the next turn. */
  #pendingError: ExchangeError = ExchangeError.NONE;
  #isReconnecting = false;
  /** The connection must not serve another exchange. */
  #isSpent = false;

  constructor(context: ClientContext) {
    this.#context = context;
    this.#writer = new RequestWriter(this.#state, context.pool, context.encoder);
    this.#reader = new ResponseReader(context, this.#state, this);
    this.#timer = new Timer(this);
  }

  // --- the owner's side ------------------------------------------------------------------------

  /** Opens a connection to the endpoint, beginning with its address number `first`. */
  connect(
    owner: ClientOwner,
    share: EndpointShare,
    first: number,
    handler: ClientStreamHandler,
  ): void {
    const { clock } = this.#context.transport;
    const { timeouts } = share.settings;
    this.#owner = owner;
    this.#isSpent = false;
    this.#isReconnecting = false;
    this.connectedMs = 0;
    this.isReused = false;
    this.#state.onConnect();
    this.#begin(share, handler);
    this.#attempts.begin(share.endpoint.addresses, first, clock.nowMs + timeouts.connectMs);
    this.#connectNext();
  }

  /** Serves another exchange. */
  reuse(share: EndpointShare, handler: ClientStreamHandler): void {
    this.isReused = true;
    this.#state.onAcquire();
    this.#begin(share, handler);
    this.#rearm();
  }

  /** Closes an idle connection. */
  closeIdle(): void {
    assert(this.#state.response === R.IDLE, 'an idle connection is idle');
    this.#close(false);
  }

  /** Ends what the client is at with `error`, from the next turn. */
  failLater(error: ExchangeError): void {
    if (this.#pendingError === ExchangeError.NONE) this.#pendingError = error;
    this.#context.deferred.push(this);
  }

  isAged(nowMs: number): boolean {
    return nowMs - this.connectedMs > this.#owner!.limits.ageMsMax;
  }

  /** The idle timeout was another one when the connection became idle: it is `byMs` longer now. */
  moveIdleDeadline(byMs: number): void {
    assert(this.#state.response === R.IDLE, 'an idle connection is idle');
    this.#context.transport.timers.set(this.#timer, this.#timer.deadlineMs + byMs);
  }

  // --- ClientStream ----------------------------------------------------------------------------

  get endpointUrl(): string {
    return this.#owner!.url;
  }

  get endpointIndex(): number {
    return this.#share!.index;
  }

  get endpointAuthority(): string {
    return this.#owner!.authority;
  }

  get firstByteMs(): number {
    return this.#reader.firstByteMs;
  }

  get responseBodyBytes(): number {
    return this.#reader.body.byteCount;
  }

  get requestBytesSent(): number {
    return this.handler === null
      ? this.#writer.meter.total
      : this.#writer.meter.byteCount(this.stream);
  }

  writeHead(head: RequestHead): void {
    assert(this.handler !== null, 'a stream that is over is not written to');
    if (this.#pendingError !== ExchangeError.NONE) return;
    this.#reader.expect(head.method, requestedUpgrade(this.#context.pool.arena.bytes, head));
    const error = this.#writer.writeHead(head);
    if (error === ExchangeError.NONE) this.#afterWrite();
    else this.failLater(error);
  }

  writeBody(buffer: BufferHandle, start: number, end: number, isLast: boolean): void {
    assert(this.handler !== null, 'a stream that is over is not written to');
    if (this.#pendingError !== ExchangeError.NONE) {
      this.#context.pool.release(buffer);
      return;
    }
    this.#writer.writeBody(buffer, start, end, isLast);
    this.#afterWrite();
  }

  endBody(trailers: HeaderBlock | null): void {
    // A request without a body is whole with its head: then there is nothing left to end.
    if (this.handler === null || this.#state.isRequestWritten) return;
    if (this.#pendingError !== ExchangeError.NONE) return;
    const error = this.#writer.writeEnd(trailers);
    if (error !== ExchangeError.NONE) {
      this.failLater(error);
      return;
    }
    this.#afterWrite();
    if (this.#state.response === R.ENDED) this.#endExchangeAndSettle();
  }

  readBody(): void {
    assert(this.handler !== null, 'a stream that is over is not read from');
    this.#reader.want();
  }

  abort(): void {
    if (this.handler === null) return;
    this.#endExchange(ExchangeError.NONE);
    this.#close(true);
  }

  // --- events of the connection ----------------------------------------------------------------

  onConnected(): void {
    this.#state.onConnected();
    this.connectedMs = this.#context.transport.clock.nowMs;
    this.#owner!.onClientConnected();
    this.#reader.gate.open(this.stream!);
    this.#writer.flush(this.stream!);
    this.#rearm();
  }

  onReceive(buffer: BufferHandle, start: number, end: number): void {
    this.#reader.gate.onDelivery(this.#context.pool, end - start);
    switch (this.#state.response) {
      case R.AWAITING:
      case R.HEAD:
      case R.BODY:
      case R.TUNNEL:
        this.#reader.receive(buffer, start, end);
        return;
      case R.ENDED: // more than the response: nobody's
        this.#context.pool.release(buffer);
        this.#isSpent = true;
        this.#reader.gate.pause(this.stream!);
        return;
      case R.IDLE:
        this.#context.pool.release(buffer);
        this.#close(true);
        return;
      default:
        assert(false, 'a connection receives while it is open');
    }
  }

  onReceiveEnd(): void {
    this.#isSpent = true;
    if (this.#state.isReading) this.#reader.endOfInput();
    else if (this.#state.response !== R.ENDED) this.#onLost(ExchangeError.UPSTREAM_CLOSED_EARLY);
  }

  onError(error: SocketError): void {
    this.#isSpent = true;
    if (this.#state.response === R.CONNECTING) this.#failAttempt(connectError(error));
    else if (this.#state.isReading) this.#reader.breakOff(ExchangeError.RESPONSE_INCOMPLETE);
    else this.#onLost(ExchangeError.UPSTREAM_RESET);
  }

  onSendEnd(buffer: BufferHandle, error: SocketError): void {
    this.#context.pool.release(buffer);
    if (!this.#state.isOpen) return;
    if (error !== SocketError.NONE) {
      // The answer is read all the same: it may say why.
      this.#isSpent = true;
      this.#writer.onSendFailed(this.stream!);
      if (this.#state.response === R.ENDED) this.#fail(ExchangeError.UPSTREAM_WRITE_FAILED);
      else this.#afterWrite();
      return;
    }
    this.#afterWrite();
    if (this.handler !== null) {
      if (this.#writer.takeWritable()) this.handler.onRequestWritable();
    } else if (this.#state.isSettled) {
      const owner = this.#owner!;
      this.#settle();
      owner.onIdleAvailable();
    }
  }

  onClosed(): void {
    this.stream = null;
    if (this.#isReconnecting) {
      this.#isReconnecting = false;
      if (this.#state.response === R.CONNECTING) {
        this.#connectNext();
        return;
      }
    }
    this.#state.onClosed();
    this.#attempts.end();
    this.#owner!.onClientClosed(this);
  }

  onTimer(): void {
    switch (this.#state.response) {
      case R.CONNECTING:
        this.#failAttempt(ExchangeError.CONNECT_TIMEOUT);
        return;
      case R.AWAITING:
      case R.ENDED:
        if (this.#writer.isHolding) {
          this.#writer.stopHolding();
          this.#afterWrite();
        } else if (this.#writer.meter.hasProgressed(this.stream!)) {
          this.#rearm();
        } else {
          this.#fail(deadlineError(this.#state));
        }
        return;
      case R.HEAD:
      case R.BODY:
      case R.TUNNEL:
        this.#fail(deadlineError(this.#state));
        return;
      case R.IDLE:
        this.#close(false);
        return;
      default:
        assert(false, 'a closed connection has no timer');
    }
  }

  /** What could not be told from inside one of the methods is told now, if it still holds. */
  onDeferred(): void {
    if (this.#pendingError !== ExchangeError.NONE) this.#fail(this.#pendingError);
    else if (this.#state.isReading) this.#reader.pump();
  }

  // --- connecting and sending ------------------------------------------------------------------

  #begin(share: EndpointShare, handler: ClientStreamHandler): void {
    assert(this.handler === null, 'a connection serves one exchange at a time');
    this.#share = share;
    this.handler = handler;
    this.exchange++;
    this.#pendingError = ExchangeError.NONE;
    this.#writer.begin(this.stream);
    this.#reader.begin(share.settings.decoder);
  }

  #connectNext(): void {
    const { transport } = this.#context;
    const { nowMs } = transport.clock;
    const address = this.#attempts.next();
    this.address = address;
    this.#reader.gate.reset();
    this.stream = transport.connect(address, this);
    transport.timers.set(this.#timer, this.#attempts.attemptDeadlineMs(nowMs));
  }

  #failAttempt(error: ExchangeError): void {
    this.#owner!.onConnectFailure(error);
    const { clock, timers } = this.#context.transport;
    if (error === ExchangeError.OVERLOADED || !this.#attempts.hasNext(clock.nowMs)) {
      this.#fail(error);
      return;
    }
    // The next attempt begins once this one's socket is gone.
    this.#isReconnecting = true;
    timers.cancel(this.#timer);
    this.stream!.close();
  }

  // --- the reader's side -----------------------------------------------------------------------

  get isRequestStarted(): boolean {
    return this.#writer.meter.isStarted;
  }

  pumpLater(): void {
    this.#context.deferred.push(this);
  }

  onResponseProgress(): void {
    this.#rearm();
  }

  onResponseError(error: ExchangeError): void {
    this.#fail(error);
  }

  /**
   * The response is complete and handed on, but for its end. The connection is given back first,
   * so that the next request may take it inside `onResponseEnd`; nothing of the client is touched
   * after that without looking whether the exchange is still the same.
   */
  onResponseComplete(): void {
    const isHalfLost = this.#state.isTunnel && this.#state.isBroken;
    const error = isHalfLost ? ExchangeError.UPSTREAM_WRITE_FAILED : this.#pendingError;
    if (error !== ExchangeError.NONE) {
      this.#fail(error); // an error that is still to be told must not follow an end
      return;
    }
    const { exchange } = this;
    const handler = this.handler!;
    const owner = this.#owner!;
    const { body } = this.#reader;
    const trailers = body.takeTrailers();
    if (!this.#state.isRequestWritten || !this.#reader.isPersistent || body.hasExcess) {
      this.#isSpent = true;
    }
    this.#state.onResponseEnd();
    this.#reader.end();
    this.#reader.release();
    if (this.#state.isRequestWritten) this.#endExchangeAndSettle();
    else this.#rearm();
    handler.onResponseEnd(trailers === null ? null : trailers.fields);
    if (trailers !== null) this.#context.releaseTrailers(trailers);
    if (this.exchange === exchange && this.#state.isBroken) {
      this.#fail(ExchangeError.UPSTREAM_WRITE_FAILED);
    }
    owner.onIdleAvailable();
  }

  // --- ends ------------------------------------------------------------------------------------

  #endExchange(error: ExchangeError): void {
    this.#writer.meter.end(this.stream);
    this.handler = null;
    this.exchange++;
    this.#pendingError = ExchangeError.NONE;
    this.#reader.end();
    this.#owner!.onExchangeEnd(error);
  }

  /** Both were told whole; the kernel may still have to take the last of the request. */
  #endExchangeAndSettle(): void {
    this.#endExchange(ExchangeError.NONE);
    if (this.#state.isSettled) this.#settle();
    else this.#rearm();
  }

  /** Keeps the connection if nothing speaks against it (RFC 9112 section 9.3). */
  #settle(): void {
    const { nowMs } = this.#context.transport.clock;
    const isReusable = !this.#isSpent && this.#state.isRequestSent && !this.isAged(nowMs);
    if (!isReusable || !this.#owner!.onClientReusable(this)) {
      this.#close(false);
      return;
    }
    this.#state.onReturn();
    this.#reader.gate.open(this.stream!);
    this.#rearm();
  }

  #fail(error: ExchangeError): void {
    const { handler } = this;
    if (handler !== null) this.#endExchange(error);
    this.#close(true);
    if (handler !== null) handler.onUpstreamError(error);
  }

  #close(isReset: boolean): void {
    this.#owner!.onClientClosing(this);
    this.#state.onClose();
    this.#pendingError = ExchangeError.NONE;
    this.#context.transport.timers.cancel(this.#timer);
    this.#writer.releaseAll();
    this.#reader.release();
    if (this.#isReconnecting) return; // being closed already
    if (isReset) this.stream!.reset();
    else this.stream!.close();
  }

  /** The connection ended while no body was read from it. */
  #onLost(error: ExchangeError): void {
    const { response } = this.#state;
    if (response === R.IDLE) {
      this.#close(false);
      return;
    }
    assert(response >= R.AWAITING && response <= R.ENDED, 'a connection is lost while it is open');
    if (response === R.ENDED) this.#fail(ExchangeError.UPSTREAM_WRITE_FAILED);
    else if (this.firstByteMs !== 0) this.#fail(ExchangeError.RESPONSE_INCOMPLETE);
    else this.#fail(this.#state.isBroken ? ExchangeError.UPSTREAM_WRITE_FAILED : error);
  }

  // --- deadlines -------------------------------------------------------------------------------

  /** Sends what can be sent. Where a response is read that moves no deadline. */
  #afterWrite(): void {
    const { response } = this.#state;
    if (response === R.CONNECTING) return;
    this.#writer.flush(this.stream!);
    if (response !== R.HEAD && response !== R.BODY) this.#rearm();
  }

  /** Sets the one deadline of the connection by its state. */
  #rearm(): void {
    const { transport } = this.#context;
    const delayMs = deadlineDelayMs(
      this.#state,
      this.#share!.settings.timeouts,
      this.#owner!.limits,
      this.stream!.isSending,
      this.#writer.isHolding,
      this.#reader.isWanted,
    );
    if (delayMs === 0) {
      transport.timers.cancel(this.#timer);
      return;
    }
    this.#writer.meter.mark(this.stream!);
    transport.timers.set(this.#timer, transport.clock.nowMs + delayMs);
  }
}

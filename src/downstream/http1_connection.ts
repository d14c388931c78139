// The driver of one downstream HTTP/1.1 connection: what the transport tells becomes events of
// `connection_state.ts`, and the stream that is attached while there is a request does the rest.
// While the connection idles this small object and its timer are all there is; it holds no buffer
// then.

import { assert, VERIFY } from '../base/assert.ts';
import type { BufferHandle } from '../base/buffer_pool.ts';
import { Cell } from '../base/metrics_cells.ts';
import type { Pooled } from '../base/object_pool.ts';
import { Timer, type TimerOwner } from '../base/timer_wheel.ts';
import type { ClientConnectionInfo } from '../http/exchange_contract.ts';
import { ExchangeError } from '../http/exchange_error.ts';
import { SocketError } from '../ring/transport.ts';
import type { ByteStream, ByteStreamHandler } from '../stream/byte_stream.ts';
import type { DownstreamConnection } from './connection_registry.ts';
import * as transitions from './connection_state.ts';
import { ConnectionState, hasStream, isOver } from './connection_state.ts';
import type { Http1Server } from './http1_server.ts';
import type { Http1Stream } from './http1_stream.ts';
import type { ListenerSettings } from './listener_settings.ts';
import { ReceiveControl } from './receive_control.ts';

/** After `lingerBytesMax` nothing more is read, and the client has this long to read its answer. */
const LINGER_UNREAD_MS = 500;

/** A new connection is not closed to make room for another one before this. */
const FIRST_REQUEST_GRACE_MS = 1_000;

const Trust = { UNKNOWN: 0, NO: 1, YES: 2 } as const;
type Trust = (typeof Trust)[keyof typeof Trust];

export class Http1Connection
  implements ByteStreamHandler, TimerOwner, ClientConnectionInfo, DownstreamConnection, Pooled
{
  generation = 0;
  isFree = true;
  registryNext: DownstreamConnection | null = null;
  registryPrevious: DownstreamConnection | null = null;
  isRegisteredIdle = false;
  /** Written only here, by the functions of connection_state.ts. */
  state: ConnectionState = ConnectionState.CLOSED;
  readonly server: Http1Server;
  /** Taken anew with each request. */
  settings: ListenerSettings;
  readonly receiving: ReceiveControl = new ReceiveControl();
  readonly #timer: Timer = new Timer(this);
  #stream: ByteStream | null = null;
  #request: Http1Stream | null = null;
  #deadlineMs = 0; // of IDLE, HEAD, DISCARD, LINGER
  #requestsCount = 0;
  #sentCounted = 0;
  #lingerBytesLeft = 0;
  #trust: Trust = Trust.UNKNOWN;

  constructor(server: Http1Server) {
    this.server = server;
    this.settings = server.settings;
  }

  // --- what is known of the client --------------------------------------------------------------

  get remoteHost(): string {
    return this.stream.remoteHost;
  }

  get remotePort(): number {
    return this.stream.remotePort;
  }

  get localHost(): string {
    return this.stream.localHost;
  }

  get localPort(): number {
    return this.stream.localPort;
  }

  get scheme(): 'http' | 'https' {
    return this.server.scheme;
  }

  get isTrusted(): boolean {
    if (this.#trust === Trust.UNKNOWN) this.#askTrust();
    return this.#trust === Trust.YES;
  }

  get stream(): ByteStream {
    return this.#stream!;
  }

  /** Whether an answer that is begun now may promise to keep the connection. */
  get mayServeMore(): boolean {
    const { requestsPerConnectionMax } = this.settings.options.limits;
    return !this.server.isDraining && this.#requestsCount < requestsPerConnectionMax;
  }

  // --- what the transport tells -----------------------------------------------------------------

  /** Takes over an accepted connection. */
  begin(stream: ByteStream): void {
    this.state = transitions.onAccepted(this.state);
    this.#stream = stream;
    this.settings = this.server.settings;
    this.receiving.begin(stream);
    this.#requestsCount = 0;
    this.#sentCounted = 0;
    this.#trust = Trust.UNKNOWN;
    this.server.registry.add(this);
    this.#setDeadline(this.settings.options.timeouts.requestHeadMs);
    this.receiving.more();
  }

  onConnected(): void {
    assert(false, 'an accepted connection is open');
  }

  onReceive(buffer: BufferHandle, start: number, end: number): void {
    const { server } = this;
    server.cells[Cell.BYTES_RECEIVED]! += end - start;
    this.receiving.onReceived(end - start);
    switch (this.state) {
      case ConnectionState.IDLE:
        this.#beginRequest();
        this.#request!.onReceive(buffer, start, end);
        return;
      case ConnectionState.HEAD:
      case ConnectionState.EXCHANGE:
      case ConnectionState.DISCARD:
      case ConnectionState.TUNNEL:
        this.#request!.onReceive(buffer, start, end);
        return;
      case ConnectionState.LINGER:
        server.pool.release(buffer);
        this.#discarded(end - start);
        return;
      default:
        server.pool.release(buffer);
    }
  }

  onReceiveEnd(): void {
    this.receiving.onEnded();
    switch (this.state) {
      case ConnectionState.EXCHANGE:
        // With the answer known whole there is nothing left to cancel: it is sent to its end.
        if (this.settings.options.halfClose || this.#request!.output.isEnding) this.#request!.run();
        else this.#fail(ExchangeError.CLIENT_CLOSED, false);
        return;
      case ConnectionState.TUNNEL:
      case ConnectionState.DISCARD:
        this.#request!.run();
        return;
      case ConnectionState.REFUSAL:
        return;
      default:
        if (!isOver(this.state)) this.close();
    }
  }

  onSendEnd(buffer: BufferHandle, error: SocketError): void {
    this.#countSent();
    if (!hasStream(this.state)) {
      this.server.pool.release(buffer);
    } else if (error === SocketError.NONE) {
      this.#request!.onSendEnd(buffer);
    } else {
      this.server.pool.release(buffer);
      this.#fail(ExchangeError.CLIENT_CLOSED, false);
    }
  }

  onError(_error: SocketError): void {
    this.receiving.onEnded();
    if (!isOver(this.state)) this.#fail(ExchangeError.CLIENT_CLOSED, false);
  }

  onClosed(): void {
    // A transport that closes everything at its end does not ask us first.
    if (this.state !== ConnectionState.CLOSING) {
      this.#request?.tellAborted(ExchangeError.DRAINING);
      if (!isOver(this.state)) {
        this.state = transitions.onClosing(this.state);
        this.server.registry.markClosing(this);
        this.#detach();
      }
    }
    this.#countSent();
    this.state = transitions.onGone(this.state);
    this.server.transport.timers.cancel(this.#timer);
    if (VERIFY) assert(this.#request === null, 'a closed connection has no stream');
    this.#stream = null;
    this.receiving.end();
    this.server.onConnectionClosed(this);
  }

  // --- what the stream asks for -----------------------------------------------------------------

  onHeadComplete(): void {
    this.state = transitions.onHeadComplete(this.state);
    this.#requestsCount++;
  }

  onRefused(): void {
    this.state = transitions.onRefused(this.state);
  }

  switchToTunnel(): void {
    this.state = transitions.onSwitched(this.state);
  }

  /** The next request's bytes were behind the last one's. */
  onPipelined(): void {
    this.state = transitions.onRequestBytes(this.state);
    this.#renewSettings();
    this.#setDeadline(this.settings.options.timeouts.requestHeadMs);
  }

  /**
   * The answer was given to the kernel whole: keep the connection, or close it in a way that it is
   * read.
   */
  onAnswered(request: Http1Stream, isKept: boolean, mayClientSend: boolean): void {
    if (isOver(this.state)) return;
    if (isKept && !request.input.isRestLost) {
      if (request.body.isEnded) {
        request.next(this);
      } else {
        this.state = transitions.onAnsweredEarly(this.state);
        this.#setDeadline(this.settings.options.timeouts.lingerMs);
      }
    } else if (mayClientSend && !this.receiving.isEnded) this.#linger();
    else this.close();
  }

  /** No request is here: the stream goes back, the connection waits. */
  idle(): void {
    if (this.receiving.isEnded) {
      this.close();
      return;
    }
    this.state = transitions.onRequestOver(this.state);
    const { timeouts } = this.settings.options;
    this.#detach();
    this.#setDeadline(
      this.server.isDraining
        ? Math.min(timeouts.drainIdleMs, timeouts.keepAliveIdleMs)
        : timeouts.keepAliveIdleMs,
    );
    this.receiving.more();
    this.server.registry.markIdle(this);
  }

  /** Makes sure that the timer fires at `deadlineMs` or before; it looks again then. */
  armTimer(deadlineMs: number): void {
    const timer = this.#timer;
    if (deadlineMs < timer.deadlineMs) this.server.transport.timers.set(timer, deadlineMs);
  }

  /** The same for the deadline in `due[0]`. */
  armTimerBy(due: Float64Array): void {
    const timer = this.#timer;
    if (due[0]! < timer.deadlineMs) this.server.transport.timers.set(timer, due[0]!);
  }

  /** Closes in order. */
  close(): void {
    this.breakOff(false);
  }

  /** Closes, with a RST where the client must not take what it has for a whole message. */
  breakOff(withReset: boolean): void {
    if (isOver(this.state)) return;
    this.state = transitions.onClosing(this.state);
    this.server.registry.markClosing(this);
    this.#detach();
    if (withReset) this.stream.reset();
    else this.stream.close();
  }

  // --- what the registry asks for ---------------------------------------------------------------

  /** One that has not had the time to send its first request is not idle yet. */
  mayEvict(): boolean {
    const { server } = this;
    const acceptedMs = this.#deadlineMs - this.settings.options.timeouts.requestHeadMs;
    return this.#requestsCount > 0 || server.nowMs - acceptedMs >= FIRST_REQUEST_GRACE_MS;
  }

  evict(): void {
    assert(this.state === ConnectionState.IDLE, 'an idle connection is evicted');
    this.close();
  }

  beginDrain(): void {
    if (this.state !== ConnectionState.IDLE || !this.server.isDraining) return;
    const deadlineMs = this.server.nowMs + this.settings.options.timeouts.drainIdleMs;
    this.#deadlineMs = Math.min(this.#deadlineMs, deadlineMs);
    this.armTimer(this.#deadlineMs);
  }

  resetNow(): void {
    if (isOver(this.state)) return;
    this.server.cells[Cell.DRAIN_RESETS]!++;
    this.#fail(ExchangeError.DRAINING, true);
  }

  // --- timing -----------------------------------------------------------------------------------

  onTimer(): void {
    const nowMs = this.server.nowMs;
    switch (this.state) {
      case ConnectionState.EXCHANGE:
      case ConnectionState.TUNNEL:
      case ConnectionState.REFUSAL:
        this.#request!.onDeadline(nowMs);
        return;
      case ConnectionState.IDLE:
      case ConnectionState.HEAD:
      case ConnectionState.DISCARD:
      case ConnectionState.LINGER:
        if (nowMs < this.#deadlineMs) this.armTimer(this.#deadlineMs);
        else this.#expire();
        return;
      default:
    }
  }

  /** Nothing on an idle connection is answered: a 408 there would be taken for the next answer. */
  #expire(): void {
    if (this.state === ConnectionState.HEAD && this.#request!.refuseLateHead()) return;
    this.close();
  }

  #setDeadline(afterMs: number): void {
    this.#deadlineMs = this.server.nowMs + afterMs;
    this.armTimer(this.#deadlineMs);
  }

  // --- inside -----------------------------------------------------------------------------------

  #beginRequest(): void {
    const wasFirst = this.#requestsCount === 0;
    this.state = transitions.onRequestBytes(this.state);
    this.server.registry.markActive(this);
    // The first head is timed from the accept on (a slow first byte counts), later ones from their
    // first byte.
    this.#renewSettings();
    if (!wasFirst) this.#setDeadline(this.settings.options.timeouts.requestHeadMs);
    const request = this.server.streams.acquire();
    this.#request = request;
    request.attach(this);
  }

  /** A request begins. Whether the client is trusted was settled when it connected. */
  #renewSettings(): void {
    const { settings } = this.server;
    if (settings === this.settings) return;
    if (this.#trust === Trust.UNKNOWN) this.#askTrust();
    this.settings = settings;
  }

  #askTrust(): void {
    this.#trust = this.settings.isTrusted(this.remoteHost) ? Trust.YES : Trust.NO;
  }

  #detach(): void {
    const request = this.#request;
    this.#request = null;
    request?.detach();
  }

  /** The exchange is told, if there is one, and the connection goes. */
  #fail(error: ExchangeError, withReset: boolean): void {
    const request = this.#request;
    const mustReset = withReset || (request !== null && hasStream(this.state) && this.#isCut());
    request?.tellAborted(error);
    this.breakOff(mustReset);
  }

  #isCut(): boolean {
    return this.state === ConnectionState.EXCHANGE && this.#request!.output.mustReset;
  }

  /**
   * Our side is shut; what still arrives is thrown away, so that its RST does not destroy the
   * answer.
   */
  #linger(): void {
    this.state = transitions.onLastAnswered(this.state);
    this.#detach();
    const { limits, timeouts } = this.settings.options;
    this.#lingerBytesLeft = limits.lingerBytesMax;
    this.#setDeadline(timeouts.lingerMs);
    this.stream.shutdownSend();
    this.receiving.more();
  }

  #discarded(byteCount: number): void {
    const wasLeft = this.#lingerBytesLeft > 0;
    this.#lingerBytesLeft -= byteCount;
    if (!wasLeft || this.#lingerBytesLeft > 0) return;
    this.receiving.pause();
    this.#deadlineMs = Math.min(this.#deadlineMs, this.server.nowMs + LINGER_UNREAD_MS);
    this.armTimer(this.#deadlineMs);
  }

  #countSent(): void {
    const { bytesSent } = this.stream;
    this.server.cells[Cell.BYTES_SENT]! += bytesSent - this.#sentCounted;
    this.#sentCounted = bytesSent;
  }
}

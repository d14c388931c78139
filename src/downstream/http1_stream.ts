// One HTTP/1.1 request and its answer, as the exchange sees it, and everything a connection needs
// only while it has a request: the bytes at hand, head, body, answer. Taken from a pool with the
// first byte, given back when the connection idles.
//
// Calls of the exchange only note what they want; `run()` then tells the exchange what there is to
// tell, one callback at a time. It runs at the end of every event of the connection, and from a
// later turn where a call from elsewhere found something at hand. So no call ever calls back before
// it returns.

import { assert } from '../base/assert.ts';
import { type BufferHandle, NO_BUFFER } from '../base/buffer_pool.ts';
import type { Pooled } from '../base/object_pool.ts';
import type {
  ClientConnectionInfo,
  ServerStream,
  ServerStreamHandler,
} from '../http/exchange_contract.ts';
import { EXCHANGE_ERRORS, ExchangeError } from '../http/exchange_error.ts';
import type { HeaderBlock } from '../http/header_block.ts';
import { RequestHead, type ResponseHead } from '../http/message_head.ts';
import { Method } from '../http/methods.ts';
import { BodyDecoder } from '../http1/body_decoder.ts';
import type { BufferRetrier } from './buffer_retry.ts';
import { ConnectionState } from './connection_state.ts';
import { ExchangeClocks } from './exchange_clocks.ts';
import { HeadReader, HeadStep } from './head_reader.ts';
import type { Http1Connection } from './http1_connection.ts';
import type { Http1Server } from './http1_server.ts';
import { allowsKeepAlive } from './keep_alive.ts';
import { BodyStep, RequestBody } from './request_body.ts';
import { RequestInput } from './request_input.ts';
import { ResponseOutput } from './response_output.ts';

export class Http1Stream implements ServerStream, Pooled, BufferRetrier {
  generation = 0;
  isFree = true;
  isRetrying = false;
  readonly head: RequestHead = new RequestHead();
  readonly input: RequestInput;
  readonly body: RequestBody;
  readonly output: ResponseOutput;
  startMs = 0;
  readonly #server: Http1Server;
  readonly #runLater: () => void;
  readonly #clocks: ExchangeClocks;
  readonly #headReader: HeadReader;
  #driver: Http1Connection | null = null;
  #info: ClientConnectionInfo | null = null;
  #handler: ServerStreamHandler | null = null;
  #sentBefore = 0; // bytes sent on the connection before this response
  #sentAtEnd = 0;
  #failure: ExchangeError = ExchangeError.NONE;
  #isBodyWanted = false;
  #isWritableOwed = false;
  #isFinSent = false;
  #isRunning = false;
  #isScheduled = false;
  #isLeaving = false;

  constructor(server: Http1Server) {
    this.#server = server;
    this.input = new RequestInput(server.pool);
    this.body = new RequestBody(server.pool, this.input, new BodyDecoder(server.pool.arena));
    this.output = new ResponseOutput(server.pool, server.encoder);
    this.#clocks = new ExchangeClocks(server.settings.options);
    this.#headReader = new HeadReader();
    this.#runLater = () => {
      this.#isScheduled = false;
      this.run();
    };
  }

  // --- what the exchange asks and does ----------------------------------------------------------

  get connection(): ClientConnectionInfo {
    return this.#info!;
  }

  get requestBodyBytes(): number {
    return this.body.byteCount;
  }

  get responseBytes(): number {
    return this.#driver === null
      ? this.#sentAtEnd
      : this.#driver!.stream.bytesSent - this.#sentBefore;
  }

  get isResponseStarted(): boolean {
    return this.output.isStarted;
  }

  releaseHead(): void {
    this.input.releaseHead();
  }

  readBody(): void {
    if (this.#driver === null) return;
    this.#isBodyWanted = true;
    this.#settleSoon(this.body.hasPiece || this.input.count > 0);
  }

  writeInterim(head: ResponseHead): void {
    if (!this.#isAnswerable()) return;
    this.output.writeInterim(head);
    this.#settleSoon(false);
  }

  writeHead(head: ResponseHead): void {
    if (!this.#isAnswerable()) return;
    const isWritten = this.output.writeHead(head, this.#mayKeep(head));
    if (!isWritten) this.#failure = ExchangeError.OVERLOADED;
    this.#settleSoon(!isWritten);
  }

  writeBody(buffer: BufferHandle, start: number, end: number, isLast: boolean): void {
    if (!this.#isAnswerable()) {
      this.#server.pool.release(buffer);
      return;
    }
    this.#isWritableOwed = true;
    this.output.writeBody(buffer, start, end, isLast);
    this.#settleSoon(this.output.isWritable);
  }

  endBody(trailers: HeaderBlock | null): void {
    if (!this.#isAnswerable()) return;
    if (!this.output.endBody(trailers)) this.#failure = ExchangeError.RESPONSE_INCOMPLETE;
    this.#settleSoon(this.output.isComplete || this.#failure !== ExchangeError.NONE);
  }

  abort(_error: ExchangeError): void {
    if (this.#driver === null) return;
    this.#handler = null;
    this.#driver.breakOff(this.output.mustReset);
  }

  switchToTunnel(head: ResponseHead): void {
    if (!this.#isAnswerable()) return;
    const driver = this.#driver!;
    if (!this.body.isEnded) this.#failure = ExchangeError.UPGRADE_FAILED;
    else if (!this.output.writeSwitch(head)) this.#failure = ExchangeError.OVERLOADED;
    else {
      driver.switchToTunnel();
      this.body.beginTunnel();
    }
    this.#settleSoon(true);
  }

  // --- what the connection tells ----------------------------------------------------------------

  /** Joins a connection whose first bytes of a request have arrived. */
  attach(driver: Http1Connection): void {
    this.#driver = driver;
    this.#info = driver;
    this.#isLeaving = false;
    this.#beginRequest();
  }

  /** Bytes have arrived. */
  onReceive(buffer: BufferHandle, start: number, end: number): void {
    this.#clocks.receive.end(this.#server.nowMs);
    this.input.push(buffer, start, end);
    this.run();
  }

  /** Tells the exchange all there is to tell, and does what it asked for. */
  run(): void {
    if (this.#isRunning || this.#driver === null) return;
    this.#isRunning = true;
    while (this.#step());
    this.#isRunning = false;
    if (this.#isLeaving) {
      this.#leave();
      return;
    }
    this.body.keepTrailers();
    this.#settle();
  }

  retry(): void {
    if (this.#driver === null) return;
    if (this.#driver.state !== ConnectionState.HEAD) this.output.flush();
    this.run();
  }

  /** A send is over. */
  onSendEnd(buffer: BufferHandle): void {
    this.#clocks.send.end(this.#server.nowMs);
    this.output.onSendEnd(buffer);
    this.run();
  }

  /** The exchange hears that it cannot be answered; nothing is told afterwards. */
  tellAborted(error: ExchangeError): void {
    const handler = this.#handler;
    this.#handler = null;
    if (handler === null) return;
    const wasRunning = this.#isRunning;
    this.#isRunning = true;
    handler.onRequestAborted(error);
    this.#isRunning = wasRunning;
    if (this.#isLeaving && !wasRunning) this.#leave();
  }

  /** Time has passed: whether the client has let a deadline pass. */
  onDeadline(nowMs: number): void {
    const { body } = this;
    const error = this.#clocks.overdue(nowMs, body, this.responseBytes);
    if (error === ExchangeError.CLIENT_TOO_SLOW) this.#abortConnection(error, true);
    else if (error !== ExchangeError.NONE) this.#fail(error);
    this.run();
  }

  /** The head did not arrive in time; whether a byte of it did. */
  refuseLateHead(): boolean {
    if (this.input.isBlank) return false;
    this.#refuse(ExchangeError.REQUEST_HEAD_TIMEOUT);
    this.run();
    return true;
  }

  /** Lets go of the connection; goes back to the pool once no callback is running. */
  detach(): void {
    this.#isLeaving = true;
    if (!this.#isRunning) this.#leave();
  }

  // --- one thing at a time ----------------------------------------------------------------------

  /** Does one thing. False: there is nothing to do now. */
  #step(): boolean {
    if (this.#isLeaving) return false;
    const driver = this.#driver!;
    switch (driver.state) {
      case ConnectionState.HEAD:
        return this.#stepHead(driver);
      case ConnectionState.EXCHANGE:
      case ConnectionState.TUNNEL:
        return this.#stepExchange(driver);
      case ConnectionState.DISCARD:
        return this.#stepDiscard(driver);
      case ConnectionState.REFUSAL:
        if (this.output.isComplete) driver.onAnswered(this, false, true);
        return false;
      default:
        return false;
    }
  }

  #stepHead(driver: Http1Connection): boolean {
    switch (this.#headReader.read(driver.settings.decoder, this.head, this.input, this.body)) {
      case HeadStep.COMPLETE:
        this.#beginExchange(driver);
        return true;
      case HeadStep.INVALID:
        this.#refuse(this.#headReader.error);
        return true;
      case HeadStep.STARVED:
        this.#server.retries.add(this);
        return false;
      default:
        if (driver.receiving.isEnded) driver.close();
        return false;
    }
  }

  #beginExchange(driver: Http1Connection): void {
    driver.onHeadComplete();
    this.output.begin(this.#driver!.stream, this.head);
    const handler = this.#server.handler.onRequest(this);
    if (!this.#isLeaving) this.#handler = handler;
  }

  #stepExchange(driver: Http1Connection): boolean {
    if (this.#failure !== ExchangeError.NONE) {
      const error = this.#failure;
      this.#failure = ExchangeError.NONE;
      this.#fail(error);
      return true;
    }
    if (this.output.isComplete && this.#stepComplete(driver)) return true;
    if (this.#isWritableOwed && this.output.isWritable) {
      this.#isWritableOwed = false;
      this.#handler!.onResponseWritable();
      return true;
    }
    return this.#stepBody(driver);
  }

  /** The response (or our half of a tunnel) was sent whole. */
  #stepComplete(driver: Http1Connection): boolean {
    if (driver.state === ConnectionState.TUNNEL) {
      if (!this.#isFinSent) {
        this.#isFinSent = true;
        this.#driver!.stream.shutdownSend();
      }
      if (!this.body.isRawEnded) return false;
    }
    const handler = this.#handler!;
    this.#handler = null;
    handler.onResponseSent();
    if (driver.state === ConnectionState.TUNNEL) driver.close();
    else driver.onAnswered(this, this.output.isKept, this.#mayClientSend());
    return true;
  }

  #stepBody(driver: Http1Connection): boolean {
    switch (this.body.next(this.#isBodyWanted, driver.receiving.isEnded)) {
      case BodyStep.CHUNK:
        this.#isBodyWanted = false;
        this.#handler!.onRequestBody(
          this.body.chunk,
          this.input.chunkStart,
          this.input.chunkEnd,
          this.body.isLast,
        );
        return true;
      case BodyStep.END:
        this.#isBodyWanted = false;
        this.#handler!.onRequestEnd(this.body.trailers);
        this.body.dropTrailers();
        return true;
      case BodyStep.INVALID:
        this.#fail(ExchangeError.REQUEST_BODY_INVALID);
        return true;
      case BodyStep.CUT:
        this.#abortConnection(ExchangeError.CLIENT_CLOSED, false);
        return false;
      case BodyStep.STARVED:
        this.#server.retries.add(this);
        return false;
      default:
        return false;
    }
  }

  #stepDiscard(driver: Http1Connection): boolean {
    switch (this.body.discard(driver.receiving.isEnded)) {
      case BodyStep.END:
        this.next(driver);
        return true;
      case BodyStep.INVALID:
      case BodyStep.CUT:
        driver.close();
        return false;
      default:
        return false;
    }
  }

  /** The request and its answer are over: the next request, if bytes of it are here, or idling. */
  next(driver: Http1Connection): void {
    this.input.releaseHead();
    if (this.input.isRestLost) {
      driver.close();
    } else if (this.input.count === 0) {
      driver.idle();
    } else if (driver.receiving.isEnded && !driver.settings.options.halfClose) {
      driver.close();
    } else {
      driver.onPipelined();
      this.#beginRequest();
    }
  }

  // --- failures ---------------------------------------------------------------------------------

  /** The request cannot be served to its end. The client is told if it was told nothing yet. */
  #fail(error: ExchangeError): void {
    this.tellAborted(error);
    if (this.#isGone()) return;
    const status = EXCHANGE_ERRORS[error]!.status;
    if (this.output.isStarted || status === 0) this.#driver!.breakOff(true);
    else this.#answer(error);
  }

  /** Nothing can be answered: the connection goes. */
  #abortConnection(error: ExchangeError, withReset: boolean): void {
    this.tellAborted(error);
    if (!this.#isGone()) this.#driver!.breakOff(withReset || this.output.mustReset);
  }

  /** A request that never became an exchange. */
  #refuse(error: ExchangeError): void {
    this.output.begin(this.#driver!.stream, this.head);
    this.#server.handler.onRequestRefused(this, error, EXCHANGE_ERRORS[error]!.status);
    this.#answer(error);
  }

  /** Our own answer, and the last one on this connection. */
  #answer(error: ExchangeError): void {
    const { refusals } = this.#server;
    const buffer = refusals.write(this.input, error, this.head.method === Method.HEAD);
    if (buffer === NO_BUFFER) {
      this.#driver!.breakOff(true);
      return;
    }
    this.#driver!.onRefused();
    this.#isBodyWanted = false;
    this.output.writeOwn(buffer, refusals.start, refusals.end);
  }

  // --- receiving, timing ------------------------------------------------------------------------

  /**
   * After a call from the exchange: `run` is due soon if something is at hand, else only the
   * clocks.
   */
  #settleSoon(isDue: boolean): void {
    if (this.#isRunning || this.#driver === null) return;
    if (isDue && !this.#isScheduled) {
      this.#isScheduled = true;
      this.#server.transport.defer(this.#runLater);
    }
    this.#settle();
  }

  /** What is received and which deadlines run follows from the state. */
  #settle(): void {
    const driver = this.#driver!;
    const { body } = this;
    const { receive, send } = this.#clocks;
    const nowMs = this.#server.nowMs;
    const isWaiting = driver.receiving.follow(driver.state, this.input, body, this.#isBodyWanted);
    if (isWaiting && !body.isRaw) this.output.askToContinue(body.byteCount > 0);
    // A tunnel may be silent as long as it is open both ways.
    if (isWaiting && (!body.isRaw || this.#isFinSent)) receive.begin(nowMs);
    else receive.end(nowMs);
    if (driver.state === ConnectionState.HEAD) return;
    if (this.#driver!.stream.isSending) this.#clocks.onSending(nowMs, this.responseBytes);
    else send.end(nowMs);
    if (this.output.isStarved) this.#server.retries.add(this);
    this.#clocks.updateDue(body, this.responseBytes);
    driver.armTimerBy(this.#clocks.due);
  }

  // --- small things -----------------------------------------------------------------------------

  #isGone(): boolean {
    return this.#isLeaving || this.#driver === null;
  }

  /** Whether what the exchange writes still goes anywhere. */
  #isAnswerable(): boolean {
    return this.#driver !== null && this.#failure === ExchangeError.NONE;
  }

  /** Whether the connection may serve another request after this response. */
  #mayKeep(response: ResponseHead): boolean {
    const driver = this.#driver!;
    if (!driver.mayServeMore || (driver.receiving.isEnded && this.input.count === 0)) return false;
    return allowsKeepAlive(this.head, this.body, response, this.output.isContinueDue);
  }

  /**
   * Whether bytes may still arrive that nobody will read: then closing at once could destroy the
   * answer.
   */
  #mayClientSend(): boolean {
    return !this.body.isDecoded || this.input.count > 0 || this.head.isPersistent;
  }

  #beginRequest(): void {
    const { options } = this.#driver!.settings;
    this.body.reset(!options.allowUnderscores);
    this.#clocks.reset(options);
    this.head.method = Method.OTHER;
    this.startMs = this.#server.nowMs;
    this.#handler = null;
    this.#headReader.reset();
    this.#sentBefore = this.#driver!.stream.bytesSent;
    this.#failure = ExchangeError.NONE;
    this.#isBodyWanted = false;
    this.#isWritableOwed = false;
    this.#isFinSent = false;
  }

  #leave(): void {
    const driver = this.#driver;
    assert(driver !== null, 'a stream leaves its connection once');
    this.#sentAtEnd = this.#driver!.stream.bytesSent - this.#sentBefore;
    this.#handler = null;
    this.#isLeaving = false;
    this.output.clear();
    this.input.clear();
    this.body.dropTrailers();
    this.#driver = null;
    this.#server.streams.release(this);
  }
}

// What of a request waits to be sent: at most its head, one chunk of its body and what ends the
// body, in this order. Framing (RFC 9112 section 7.1) is written around a chunk where it lies, in
// the headroom and tailroom of its buffer; what is small and at hand together is copied into the
// head's buffer and sent at once.
//
//   | head | -> | chunk | -> | end |     each one NO_BUFFER where there is none
//
// Does no waiting of its own: the client says when the connection can send.

import { assert } from '../base/assert.ts';
import { type BufferHandle, type BufferPool, NO_BUFFER, SizeClass } from '../base/buffer_pool.ts';
import { ExchangeError } from '../http/exchange_error.ts';
import type { HeaderBlock } from '../http/header_block.ts';
import { Framing, type RequestHead } from '../http/message_head.ts';
import type { Http1Encoder } from '../http1/encoder.ts';
import type { ByteStream } from '../stream/byte_stream.ts';
import { type ClientState, ResponseState } from './client_state.ts';
import { SendMeter } from './send_meter.ts';

export class RequestWriter {
  readonly meter: SendMeter = new SendMeter();
  readonly #state: ClientState;
  readonly #pool: BufferPool;
  readonly #encoder: Http1Encoder;
  #head: BufferHandle = NO_BUFFER;
  #headStart = 0;
  #headEnd = 0;
  #chunk: BufferHandle = NO_BUFFER;
  #chunkStart = 0;
  #chunkEnd = 0;
  #end: BufferHandle = NO_BUFFER;
  #endStart = 0;
  #endEnd = 0;
  /** The head waits for what comes with it. */
  #isHeadHeld = false;
  /** The chunk is the last one and is not framed yet, because the end follows at once. */
  #isChunkBare = false;
  #isChunked = false;
  /** Of a body of known length: bytes that are still to be written. */
  #remaining = 0;

  /** A chunk was taken, and whoever wrote it is to be told that there is room again. */
  #isWritableOwed = false;

  constructor(state: ClientState, pool: BufferPool, encoder: Http1Encoder) {
    this.#state = state;
    this.#pool = pool;
    this.#encoder = encoder;
  }

  /** Nothing waits to be sent. */
  get isEmpty(): boolean {
    return this.#head === NO_BUFFER && this.#chunk === NO_BUFFER && this.#end === NO_BUFFER;
  }

  /** Something is at hand that is not sent because more was announced. */
  get isHolding(): boolean {
    return this.#isHeadHeld || this.#isChunkBare;
  }

  /** A request begins; `stream` is null while there is no connection. */
  begin(stream: ByteStream | null): void {
    this.meter.begin(stream);
    this.#isWritableOwed = false;
  }

  /** Whether it is time to say that another chunk may be written; said once per chunk. */
  takeWritable(): boolean {
    if (!this.#isWritableOwed || this.#chunk !== NO_BUFFER || !this.#state.isRequestOpen) {
      return false;
    }
    this.#isWritableOwed = false;
    return true;
  }

  /**
   * Encodes the head into a small buffer, or a larger one where it does not fit. Whatever comes
   * with it is waited for, if the head says so.
   */
  writeHead(head: RequestHead): ExchangeError {
    assert(this.isEmpty, 'a request begins when the one before it was sent');
    this.#isChunked = head.framing === Framing.CHUNKED;
    this.#remaining = head.framing === Framing.LENGTH ? head.contentLength : 0;
    let sizeClass: SizeClass = SizeClass.SMALL;
    for (;;) {
      const buffer = this.#pool.acquire(sizeClass);
      if (buffer === NO_BUFFER) return ExchangeError.OVERLOADED;
      const start = this.#pool.startOf(buffer);
      const end = this.#encoder.encodeRequestHead(head, start, this.#pool.endOf(buffer));
      if (end >= 0) {
        this.#head = buffer;
        this.#headStart = start;
        this.#headEnd = end;
        this.#isHeadHeld = head.bodyFollows && (this.#isChunked || this.#remaining > 0);
        this.#state.onHeadWritten(this.#isChunked || this.#remaining > 0);
        return ExchangeError.NONE;
      }
      this.#pool.release(buffer);
      if (sizeClass === SizeClass.LARGE) return ExchangeError.REQUEST_HEAD_TOO_LARGE;
      sizeClass = (sizeClass + 1) as SizeClass;
    }
  }

  /**
   * Takes a chunk of the body (of a tunnel: raw bytes), and frames it unless the end that follows
   * can be written with it. Where sending has failed it is dropped, because nobody will read it.
   */
  writeBody(buffer: BufferHandle, start: number, end: number, isLast: boolean): void {
    if (!this.#state.isRequestOpen) {
      this.#pool.release(buffer);
      return;
    }
    assert(this.#chunk === NO_BUFFER, 'a chunk is written after the one before it has gone');
    assert(start < end, 'a chunk has bytes');
    this.#isHeadHeld = false;
    this.#isWritableOwed = !isLast;
    this.#chunk = buffer;
    this.#chunkStart = start;
    this.#chunkEnd = end;
    if (this.#state.isTunnel) return;
    if (this.#isChunked) {
      // The end is waited for only while the connection's timer is free to watch over it.
      this.#isChunkBare = isLast && this.#state.response <= ResponseState.AWAITING;
      if (!this.#isChunkBare) this.#frameChunk();
    } else {
      assert(end - start <= this.#remaining, 'a body is as long as its head says');
      this.#remaining -= end - start;
    }
  }

  /** Ends the request, or our side of a tunnel. `trailers` are encoded before this returns. */
  writeEnd(trailers: HeaderBlock | null): ExchangeError {
    if (!this.#state.isTunnel && !this.#state.isBroken) {
      const error = this.#frameEnd(trailers);
      if (error !== ExchangeError.NONE) return error;
    }
    this.#state.onRequestEnd();
    return ExchangeError.NONE;
  }

  /** What was announced did not come in time: what is at hand goes without it. */
  stopHolding(): void {
    this.#isHeadHeld = false;
    if (this.#isChunkBare) this.#frameChunk();
  }

  /** Sends what comes next, if anything may be sent; notices when all is. */
  flush(stream: ByteStream): void {
    if (this.#state.response === ResponseState.CONNECTING) return;
    if (!stream.isSending && !this.isHolding && this.#sendNext(stream)) this.meter.onSend();
    if (stream.isSending || !this.isEmpty || !this.#state.isRequestFinishing) return;
    if (this.#state.isTunnel) stream.shutdownSend();
    this.#state.onRequestSent();
  }

  /** A send failed: what is left is of no use. */
  onSendFailed(stream: ByteStream): void {
    this.#state.onSendFailed();
    this.meter.onSendFailed(stream);
    this.releaseAll();
  }

  /** Gives back all that was not sent. */
  releaseAll(): void {
    if (this.#head !== NO_BUFFER) this.#pool.release(this.#head);
    if (this.#chunk !== NO_BUFFER) this.#pool.release(this.#chunk);
    if (this.#end !== NO_BUFFER) this.#pool.release(this.#end);
    this.#head = NO_BUFFER;
    this.#chunk = NO_BUFFER;
    this.#end = NO_BUFFER;
    this.#isHeadHeld = false;
    this.#isChunkBare = false;
  }

  #sendNext(stream: ByteStream): boolean {
    if (this.#head !== NO_BUFFER) {
      this.#gather();
      const buffer = this.#head;
      this.#head = NO_BUFFER;
      const more = this.#chunk !== NO_BUFFER || this.#end !== NO_BUFFER;
      stream.send(buffer, this.#headStart, this.#headEnd, more);
      return true;
    }
    if (this.#chunk !== NO_BUFFER) {
      const buffer = this.#chunk;
      this.#chunk = NO_BUFFER;
      stream.send(buffer, this.#chunkStart, this.#chunkEnd, this.#end !== NO_BUFFER);
      return true;
    }
    if (this.#end !== NO_BUFFER) {
      const buffer = this.#end;
      this.#end = NO_BUFFER;
      stream.send(buffer, this.#endStart, this.#endEnd, false);
      return true;
    }
    return false;
  }

  /** Writes what ends the body (RFC 9112 section 7.1.2). */
  #frameEnd(trailers: HeaderBlock | null): ExchangeError {
    this.#isHeadHeld = false;
    if (!this.#isChunked) {
      assert(this.#remaining === 0, 'a body is as long as its head says');
      return ExchangeError.NONE;
    }
    const hasTrailers = trailers !== null && trailers.count > 0;
    if (this.#isChunkBare) {
      if (!hasTrailers) {
        this.#frameLastChunk();
        return ExchangeError.NONE;
      }
      this.#frameChunk();
    } else if (!hasTrailers && this.#appendLastChunkToHead()) {
      return ExchangeError.NONE;
    }
    return this.#encodeEnd(hasTrailers ? trailers : null);
  }

  /** Copies what is small behind the head, so that one send takes it all. */
  #gather(): void {
    const { bytes } = this.#pool.arena;
    const limit = this.#pool.endOf(this.#head);
    if (this.#chunk !== NO_BUFFER) {
      const byteCount = this.#chunkEnd - this.#chunkStart;
      if (byteCount > limit - this.#headEnd) return;
      bytes.copyWithin(this.#headEnd, this.#chunkStart, this.#chunkEnd);
      this.#headEnd += byteCount;
      this.#pool.release(this.#chunk);
      this.#chunk = NO_BUFFER;
    }
    if (this.#end !== NO_BUFFER) {
      const byteCount = this.#endEnd - this.#endStart;
      if (byteCount > limit - this.#headEnd) return;
      bytes.copyWithin(this.#headEnd, this.#endStart, this.#endEnd);
      this.#headEnd += byteCount;
      this.#pool.release(this.#end);
      this.#end = NO_BUFFER;
    }
  }

  #frameChunk(): void {
    this.#isChunkBare = false;
    const payloadEnd = this.#chunkEnd;
    this.#chunkStart = this.#encoder.openChunk(this.#chunkStart, payloadEnd);
    this.#chunkEnd = this.#encoder.closeChunk(payloadEnd);
  }

  #frameLastChunk(): void {
    this.#isChunkBare = false;
    const payloadEnd = this.#chunkEnd;
    this.#chunkStart = this.#encoder.openChunk(this.#chunkStart, payloadEnd);
    this.#chunkEnd = this.#encoder.closeLastChunk(payloadEnd);
  }

  /** An empty chunked body whose head still waits: its end fits the head's buffer. */
  #appendLastChunkToHead(): boolean {
    if (this.#head === NO_BUFFER || this.#chunk !== NO_BUFFER) return false;
    const limit = this.#pool.endOf(this.#head);
    const end = this.#encoder.writeLastChunk(null, this.#headEnd, limit);
    if (end < 0) return false;
    this.#headEnd = end;
    return true;
  }

  #encodeEnd(trailers: HeaderBlock | null): ExchangeError {
    let sizeClass: SizeClass = SizeClass.SMALL;
    for (;;) {
      const buffer = this.#pool.acquire(sizeClass);
      if (buffer === NO_BUFFER) return ExchangeError.OVERLOADED;
      const start = this.#pool.startOf(buffer);
      const end = this.#encoder.writeLastChunk(trailers, start, this.#pool.endOf(buffer));
      if (end >= 0) {
        this.#end = buffer;
        this.#endStart = start;
        this.#endEnd = end;
        return ExchangeError.NONE;
      }
      this.#pool.release(buffer);
      assert(sizeClass < SizeClass.LARGE, 'trailers fit a large buffer');
      sizeClass = (sizeClass + 1) as SizeClass;
    }
  }
}

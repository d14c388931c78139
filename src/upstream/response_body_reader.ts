// The body of a response between the connection and whoever asks for it: removes the framing
// where the bytes lie (RFC 9112 section 7.1), keeps at most two buffers that were not asked for,
// and knows how the body ended. Of a tunnel it passes the bytes on as they are.

import { assert } from '../base/assert.ts';
import { type BufferHandle, NO_BUFFER } from '../base/buffer_pool.ts';
import { ExchangeError } from '../http/exchange_error.ts';
import type { Framing } from '../http/message_head.ts';
import type { TrailerCopy } from '../http/trailer_copy.ts';
import type { BodyDecoder } from '../http1/body_decoder.ts';
import { BodyResult } from '../http1/decode_result.ts';
import type { ClientContext } from './client_context.ts';
import { ResponseQueue } from './response_queue.ts';

export class ResponseBodyReader {
  readonly queue: ResponseQueue = new ResponseQueue();
  /** Body bytes without framing so far. */
  byteCount = 0;
  /** Nothing more will be added to the queue. */
  isEnded = false;
  /** Why it ended: NONE where the body is complete. */
  error: ExchangeError = ExchangeError.NONE;
  /** Bytes came behind the end of the body. */
  hasExcess = false;
  readonly #context: ClientContext;
  #decoder: BodyDecoder | null = null;
  #trailers: TrailerCopy | null = null;

  constructor(context: ClientContext) {
    this.#context = context;
  }

  /** Forgets the message before. Nothing of it may be left. */
  reset(): void {
    assert(this.#decoder === null && this.queue.count === 0, 'a body was let go of');
    this.byteCount = 0;
    this.isEnded = false;
    this.error = ExchangeError.NONE;
    this.hasExcess = false;
  }

  begin(framing: Framing, contentLength: number): void {
    this.#decoder = this.#context.acquireBodyDecoder();
    this.#decoder.begin(framing, contentLength);
  }

  /**
   * Decodes bytes of a buffer that the caller keeps if the result is false; if it is true the
   * queue has taken it.
   */
  receive(buffer: BufferHandle, start: number, end: number): boolean {
    const decoder = this.#decoder;
    if (decoder === null) {
      this.queue.push(buffer, start, end); // a tunnel
      this.byteCount += end - start;
      return true;
    }
    const result = decoder.decode(start, end);
    if (result === BodyResult.INVALID) {
      this.fail(ExchangeError.RESPONSE_BODY_INVALID);
    } else if (result === BodyResult.END) {
      this.isEnded = true;
      this.hasExcess = decoder.consumedEnd < end;
      // The decoder's own are another body's as soon as that ends.
      this.#trailers = this.#context.keepTrailers(decoder.trailers);
    }
    const byteCount = decoder.dataEnd - decoder.dataStart;
    if (byteCount <= 0 || this.error !== ExchangeError.NONE) return false;
    this.byteCount += byteCount;
    this.queue.push(buffer, decoder.dataStart, decoder.dataEnd);
    return true;
  }

  /** The endpoint's FIN. Ends a close-delimited body; cuts any other (RFC 9112 section 6.3). */
  endOfInput(): void {
    if (this.isEnded) return;
    const decoder = this.#decoder;
    if (decoder !== null && decoder.endOfInput() !== BodyResult.END) {
      this.fail(ExchangeError.RESPONSE_INCOMPLETE);
    }
    this.isEnded = true;
  }

  fail(error: ExchangeError): void {
    if (this.isEnded) return;
    this.isEnded = true;
    this.error = error;
  }

  /** All of it has come. */
  get isComplete(): boolean {
    return this.isEnded && this.error === ExchangeError.NONE;
  }

  /** Takes the oldest chunk's buffer out of the queue; its range must have been read before. */
  take(): BufferHandle {
    const { buffer } = this.queue;
    assert(buffer !== NO_BUFFER, 'a chunk is taken where there is one');
    this.queue.shift();
    return buffer;
  }

  /** Body bytes that are still to come, -1 where that is not known. */
  get remaining(): number {
    return this.#decoder === null ? -1 : this.#decoder.remaining();
  }

  /**
   * Moves the trailer fields to the caller, who gives them back to the context; null without any.
   */
  takeTrailers(): TrailerCopy | null {
    const trailers = this.#trailers;
    this.#trailers = null;
    return trailers;
  }

  /** Gives back all that is held. */
  release(): void {
    this.queue.releaseAll(this.#context.pool);
    const decoder = this.#decoder;
    const trailers = this.takeTrailers();
    this.#decoder = null;
    if (decoder !== null) this.#context.releaseBodyDecoder(decoder);
    if (trailers !== null) this.#context.releaseTrailers(trailers);
  }
}

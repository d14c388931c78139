// The sending half of one exchange: heads are encoded, bodies are framed in the buffers they came
// in, and at most one send is in flight. What waits stands in this order, each part at most once:
//
//   | out: interim heads, final head, a small body copied behind it | chunk: a body buffer |
//
//   AWAITING --writeHead--> OPEN --endBody--> ENDING --(all sent)--> isComplete
//        |                   \-- abort: dropped by `clear` with what was not sent
//        +--writeHead without a body, writeOwn-----^
//
// Nothing is sent while `#isHeld`: the head waits for the body that follows at once, the last chunk
// for the end, so that a small answer is one send.

import { assert } from '../base/assert.ts';
import { type BufferHandle, type BufferPool, NO_BUFFER, SizeClass } from '../base/buffer_pool.ts';
import { BUFFER_TAILROOM_BYTES } from '../base/limits.ts';
import type { HeaderBlock } from '../http/header_block.ts';
import { Framing, type RequestHead, type ResponseHead } from '../http/message_head.ts';
import { Method } from '../http/methods.ts';
import type { Http1Encoder } from '../http1/encoder.ts';
import type { ByteStream } from '../stream/byte_stream.ts';

const OutputState = { AWAITING: 0, OPEN: 1, ENDING: 2 } as const;
type OutputState = (typeof OutputState)[keyof typeof OutputState];

const CONTINUE = 'HTTP/1.1 100 Continue\r\n\r\n';
const NO_HEAD = -1;
/** Attempts to encode a head: one per size class. */
const SIZE_CLASSES_COUNT = 3;

export class ResponseOutput {
  /** A byte of the final response was given to the transport. */
  isStarted = false;
  /** The connection may serve another request after this response, as its head says. */
  isKept = false;
  /** The client waits for a 100 (Continue) that it was not sent. */
  isContinueDue = false;
  readonly #pool: BufferPool;
  readonly #encoder: Http1Encoder;
  #stream: ByteStream | null = null;
  #state: OutputState = OutputState.AWAITING;
  #version = 11;
  #method: Method = Method.GET;
  #framing: Framing = Framing.NONE;
  #bodyLeft = 0;
  #isHeld = false;
  #out: BufferHandle = NO_BUFFER;
  #outStart = 0;
  #outEnd = 0;
  #finalAt = NO_HEAD; // where the final head begins in `out`
  #chunk: BufferHandle = NO_BUFFER;
  #chunkStart = 0;
  #chunkEnd = 0;
  #isChunkOpen = false; // the CRLF behind the chunk is still missing
  #isContinueOwed = false;
  #isLastChunkOwed = false;

  constructor(pool: BufferPool, encoder: Http1Encoder) {
    this.#pool = pool;
    this.#encoder = encoder;
  }

  /** Begins the answer to one request. */
  begin(stream: ByteStream, head: RequestHead): void {
    assert(this.#out === NO_BUFFER && this.#chunk === NO_BUFFER, 'the last answer is over');
    this.#stream = stream;
    this.#state = OutputState.AWAITING;
    this.#version = head.version;
    this.#method = head.method;
    this.isContinueDue = head.expectsContinue;
    this.#framing = Framing.NONE;
    this.#isHeld = false;
    this.#isContinueOwed = false;
    this.#isLastChunkOwed = false;
    this.isStarted = false;
    this.isKept = false;
  }

  /** The response is known whole: nothing more is expected of the exchange. */
  get isEnding(): boolean {
    return this.#state === OutputState.ENDING;
  }

  /** The response was given to the kernel whole. */
  get isComplete(): boolean {
    return (
      this.#state === OutputState.ENDING &&
      this.#chunk === NO_BUFFER &&
      this.#out === NO_BUFFER &&
      !this.#isLastChunkOwed &&
      !this.#stream!.isSending
    );
  }

  /** Another chunk may be written. */
  get isWritable(): boolean {
    return (
      this.#state === OutputState.OPEN &&
      this.#chunk === NO_BUFFER &&
      !this.#isHeld &&
      !this.#stream!.isSending
    );
  }

  /** Something waits for a buffer of the pool. */
  get isStarved(): boolean {
    return !this.#stream!.isSending && (this.#isContinueOwed || this.#isLastChunkOwed);
  }

  /** Whether closing in order would make a cut message look complete (RFC 9112 section 8). */
  get mustReset(): boolean {
    const isCut = this.isStarted && !this.isComplete;
    return isCut && (this.#framing === Framing.CLOSE || this.#version < 11);
  }

  /**
   * The body is waited for: sends 100 (Continue) if the client waits for it and no answer has begun
   * (RFC 9110 section 10.1.1). Not needed once body bytes are here.
   */
  askToContinue(hasBodyBytes: boolean): void {
    if (!this.isContinueDue || this.#state !== OutputState.AWAITING) return;
    this.isContinueDue = false;
    if (hasBodyBytes) return;
    this.#isContinueOwed = true;
    this.flush();
  }

  /** Sends an interim head; HTTP/1.0 knows none. Without a buffer for it, it is dropped. */
  writeInterim(head: ResponseHead): void {
    if (this.#state !== OutputState.AWAITING || this.#version < 11) return;
    if (head.status === 100) this.isContinueDue = false;
    this.#append(head, true);
    this.flush();
  }

  /**
   * Sends the final head, or holds it. False where there is no buffer for it: nothing has changed.
   */
  writeHead(head: ResponseHead, isKept: boolean): boolean {
    assert(!this.isStarted, 'a response has one head');
    this.#dropFinal();
    const before = this.#out === NO_BUFFER ? NO_HEAD : this.#outEnd - this.#outStart;
    if (!this.#append(head, isKept)) return false;
    this.#finalAt = before === NO_HEAD ? this.#outStart : this.#outStart + before;
    this.isKept = isKept;
    this.#isContinueOwed = false;
    this.#framing = this.#encoder.bodyFraming;
    this.#bodyLeft = head.contentLength;
    const hasBody =
      this.#framing !== Framing.NONE &&
      !(this.#framing === Framing.LENGTH && head.contentLength === 0);
    this.#state = hasBody ? OutputState.OPEN : OutputState.ENDING;
    this.#isHeld = hasBody && head.bodyFollows;
    this.flush();
    return true;
  }

  /** Sends the head of a 101: what follows is raw. */
  writeSwitch(head: ResponseHead): boolean {
    if (!this.writeHead(head, true)) return false;
    this.#framing = Framing.CLOSE;
    this.#state = OutputState.OPEN;
    return true;
  }

  /**
   * Sends a whole answer of our own in a buffer that is given away. What was not sent yet is
   * dropped.
   */
  writeOwn(buffer: BufferHandle, start: number, end: number): void {
    assert(!this.isStarted, 'an answer of our own is the only one');
    this.clear();
    this.#out = buffer;
    this.#outStart = start;
    this.#outEnd = end;
    this.#finalAt = start;
    this.#framing = Framing.NONE;
    this.#state = OutputState.ENDING;
    this.isKept = false;
    this.flush();
  }

  /** Takes a chunk. Its buffer is released here if it is not to be sent. */
  writeBody(buffer: BufferHandle, start: number, end: number, isLast: boolean): void {
    if (this.#state !== OutputState.OPEN || start === end) {
      this.#pool.release(buffer);
      this.#isHeld &&= isLast;
      this.flush();
      return;
    }
    assert(this.#chunk === NO_BUFFER, 'a writer waits until it may write');
    this.#chunk = buffer;
    this.#chunkStart = start;
    this.#chunkEnd = end;
    if (this.#framing === Framing.LENGTH) {
      this.#bodyLeft -= end - start;
      assert(this.#bodyLeft >= 0, 'a response is not longer than its Content-Length');
    } else if (this.#framing === Framing.CHUNKED) {
      this.#chunkStart = this.#encoder.openChunk(start, end);
      this.#isChunkOpen = isLast;
      if (!isLast) this.#chunkEnd = this.#encoder.closeChunk(end);
    }
    this.#isHeld = isLast && this.#framing === Framing.CHUNKED;
    this.flush();
  }

  /** The body is over. False where bytes are missing: the response has to be broken off. */
  endBody(trailers: HeaderBlock | null): boolean {
    if (this.#state !== OutputState.OPEN) return true;
    if (this.#framing === Framing.LENGTH && this.#bodyLeft > 0) return false;
    this.#state = OutputState.ENDING;
    this.#isHeld = false;
    if (this.#framing === Framing.CHUNKED) this.#appendLastChunk(trailers);
    this.flush();
    return true;
  }

  /** A send is over: the buffer is ours again. */
  onSendEnd(buffer: BufferHandle): void {
    this.#pool.release(buffer);
    this.flush();
  }

  /** Sends the next part, if nothing is in flight or held. */
  flush(): void {
    const stream = this.#stream!;
    if (this.#isHeld || stream.isSending) return;
    if (this.#isContinueOwed && this.#out === NO_BUFFER) this.#appendContinue();
    if (this.#isLastChunkOwed && this.#chunk === NO_BUFFER) this.#appendLastChunk(null);
    if (this.#out !== NO_BUFFER) {
      this.#mergeChunk();
      const buffer = this.#out;
      this.#out = NO_BUFFER;
      if (this.#finalAt !== NO_HEAD) this.isStarted = true;
      this.#finalAt = NO_HEAD;
      stream.send(buffer, this.#outStart, this.#outEnd, this.#chunk !== NO_BUFFER);
    } else if (this.#chunk !== NO_BUFFER) {
      const buffer = this.#chunk;
      this.#chunk = NO_BUFFER;
      stream.send(buffer, this.#chunkStart, this.#chunkEnd, this.#isLastChunkOwed);
    }
  }

  /** Releases what was not given to the transport. */
  clear(): void {
    if (this.#out !== NO_BUFFER) this.#pool.release(this.#out);
    if (this.#chunk !== NO_BUFFER) this.#pool.release(this.#chunk);
    this.#out = NO_BUFFER;
    this.#chunk = NO_BUFFER;
    this.#finalAt = NO_HEAD;
    this.#isHeld = false;
    this.#isChunkOpen = false;
    this.#isContinueOwed = false;
    this.#isLastChunkOwed = false;
  }

  /** A final head that was held is replaced by another one: it goes, and the chunk behind it. */
  #dropFinal(): void {
    if (this.#finalAt === NO_HEAD) return;
    this.#outEnd = this.#finalAt;
    this.#finalAt = NO_HEAD;
    if (this.#chunk !== NO_BUFFER) this.#pool.release(this.#chunk);
    this.#chunk = NO_BUFFER;
    this.#isChunkOpen = false;
    this.#state = OutputState.AWAITING;
  }

  /** Encodes a head behind what waits in `out`, moving to a larger buffer where it must. */
  #append(head: ResponseHead, isKept: boolean): boolean {
    for (let attempt = 0; attempt < SIZE_CLASSES_COUNT; attempt++) {
      if (!this.#ensureOut(attempt as SizeClass)) continue;
      const end = this.#encoder.encodeResponseHead(
        head,
        this.#version,
        this.#method,
        isKept,
        this.#outEnd,
        this.#pool.endOf(this.#out),
      );
      if (end >= 0) {
        this.#outEnd = end;
        return true;
      }
    }
    this.#releaseEmptyOut();
    return false;
  }

  /** Makes `out` a buffer of at least that class. */
  #ensureOut(sizeClass: SizeClass): boolean {
    const pool = this.#pool;
    if (this.#out !== NO_BUFFER && pool.sizeClassOf(this.#out) >= sizeClass) return true;
    const buffer = pool.acquire(sizeClass);
    if (buffer === NO_BUFFER) return false;
    const start = pool.startOf(buffer);
    let end = start;
    if (this.#out !== NO_BUFFER) {
      pool.arena.bytes.copyWithin(start, this.#outStart, this.#outEnd);
      end += this.#outEnd - this.#outStart;
      pool.release(this.#out);
    }
    this.#out = buffer;
    this.#outStart = start;
    this.#outEnd = end;
    return true;
  }

  #releaseEmptyOut(): void {
    if (this.#out === NO_BUFFER || this.#outEnd > this.#outStart) return;
    this.#pool.release(this.#out);
    this.#out = NO_BUFFER;
  }

  #appendContinue(): void {
    if (!this.#ensureOut(SizeClass.SMALL)) return;
    const bytes = this.#pool.arena.bytes;
    for (let i = 0; i < CONTINUE.length; i++) bytes[this.#outEnd + i] = CONTINUE.charCodeAt(i);
    this.#outEnd += CONTINUE.length;
    this.#isContinueOwed = false;
  }

  /** A body that fits behind its head is copied there: one send instead of two. */
  #mergeChunk(): void {
    if (this.#chunk === NO_BUFFER) return;
    const byteCount = this.#chunkEnd - this.#chunkStart;
    if (byteCount > this.#pool.endOf(this.#out) - this.#outEnd) return;
    this.#pool.arena.bytes.copyWithin(this.#outEnd, this.#chunkStart, this.#chunkEnd);
    this.#outEnd += byteCount;
    this.#pool.release(this.#chunk);
    this.#chunk = NO_BUFFER;
  }

  /**
   * `0 CRLF trailers CRLF` behind whatever waits last; trailers that do not fit there are dropped.
   */
  #appendLastChunk(trailers: HeaderBlock | null): void {
    const encoder = this.#encoder;
    this.#isLastChunkOwed = false;
    if (this.#chunk !== NO_BUFFER) {
      const end = this.#pool.endOf(this.#chunk) + BUFFER_TAILROOM_BYTES;
      if (this.#isChunkOpen) this.#chunkEnd = encoder.closeChunk(this.#chunkEnd);
      this.#isChunkOpen = false;
      let written = encoder.writeLastChunk(trailers, this.#chunkEnd, end);
      if (written < 0) written = encoder.writeLastChunk(null, this.#chunkEnd, end);
      if (written >= 0) this.#chunkEnd = written;
      else this.#isLastChunkOwed = true;
      return;
    }
    if (!this.#ensureOut(SizeClass.SMALL)) {
      this.#isLastChunkOwed = true;
      return;
    }
    const end = this.#pool.endOf(this.#out) + BUFFER_TAILROOM_BYTES;
    let written = encoder.writeLastChunk(trailers, this.#outEnd, end);
    if (written < 0) written = encoder.writeLastChunk(null, this.#outEnd, end);
    if (written >= 0) this.#outEnd = written;
    else this.#isLastChunkOwed = true;
  }
}

// The body of one request on its way from received buffers to the exchange: decodes in place, hands
// out one chunk at a time, and only when one is wanted. No I/O; the stream that owns it asks
// `next()` what to do.
//
//   NONE --begin--> OPEN --end decoded--> ENDING --END--> ENDED
//      \                                    ^               |
//       +------------- begin, no body ------+               +--tunnel--> RAW --FIN--> RAW_ENDED

import { assert } from '../base/assert.ts';
import { type BufferHandle, type BufferPool, NO_BUFFER } from '../base/buffer_pool.ts';
import type { HeaderBlock } from '../http/header_block.ts';
import { Framing } from '../http/message_head.ts';
import { TrailerCopy } from '../http/trailer_copy.ts';
import type { BodyDecoder } from '../http1/body_decoder.ts';
import { BodyResult } from '../http1/decode_result.ts';
import type { RequestInput } from './request_input.ts';

const BodyState = { NONE: 0, OPEN: 1, ENDING: 2, ENDED: 3, RAW: 4, RAW_ENDED: 5 } as const;
type BodyState = (typeof BodyState)[keyof typeof BodyState];

/** What there is to do. */
export const BodyStep = {
  /** Nothing: the exchange has not asked for more, or everything was told. */
  IDLE: 0,
  /** The exchange wants more than has arrived. */
  WAIT: 1,
  /** `chunk` is to be handed over. */
  CHUNK: 2,
  /** The end is to be told. */
  END: 3,
  /** The body is not framed as the head says, or was cut by the client's FIN. */
  INVALID: 4,
  CUT: 5,
  /** There is no buffer to copy a chunk to; try again later. */
  STARVED: 6,
} as const;
export type BodyStep = (typeof BodyStep)[keyof typeof BodyStep];

export class RequestBody {
  /** After CHUNK: whose bytes are at `input.chunkStart`; the caller owns it. */
  chunk: BufferHandle = NO_BUFFER;
  /** After CHUNK: the body ends with it. */
  isLast = false;
  /** Body bytes decoded so far, without framing. */
  byteCount = 0;
  readonly #pool: BufferPool;
  readonly #input: RequestInput;
  readonly #decoder: BodyDecoder;
  #state: BodyState = BodyState.NONE;
  #hasPiece = false; // the decoder's range of the first buffer was not handed out yet
  #isLastPiece = false;
  // Decoded trailers that were not told yet: in the decoder's block, which the next body of the
  // worker overwrites, or in our own copy.
  #hasTrailers = false;
  #areTrailersCopied = false;
  #trailerCopy: TrailerCopy | null = null;

  constructor(pool: BufferPool, input: RequestInput, decoder: BodyDecoder) {
    this.#pool = pool;
    this.#input = input;
    this.#decoder = decoder;
  }

  /** Another request; trailer fields whose name has an underscore are dropped, or not. */
  reset(dropsUnderscores: boolean): void {
    this.#decoder.dropsUnderscores = dropsUnderscores;
    this.#state = BodyState.NONE;
    this.#hasPiece = false;
    this.byteCount = 0;
    this.dropTrailers();
  }

  /** A head said how the body is framed. */
  begin(framing: Framing, contentLength: number): void {
    assert(this.#state === BodyState.NONE, 'a body begins once');
    const isEmpty = framing === Framing.NONE || (framing === Framing.LENGTH && contentLength === 0);
    this.#state = isEmpty ? BodyState.ENDING : BodyState.OPEN;
    if (!isEmpty) this.#decoder.begin(framing, contentLength);
  }

  /** Decodes what came with the head. False: it is not framed as the head says. */
  decodeAhead(): boolean {
    while (this.#state === BodyState.OPEN && !this.#hasPiece && this.#input.count > 0) {
      if (!this.#decodeFront()) return false;
      this.#skipEmptyPiece();
    }
    return true;
  }

  /** Whether body bytes are at hand that `next` would hand out. */
  get hasPiece(): boolean {
    return this.#hasPiece;
  }

  /** Whether the end was decoded, told or not. */
  get isDecoded(): boolean {
    return this.#state > BodyState.OPEN || (this.#hasPiece && this.#isLastPiece);
  }

  get isEnded(): boolean {
    return this.#state >= BodyState.ENDED;
  }

  get isRawEnded(): boolean {
    return this.#state === BodyState.RAW_ENDED;
  }

  get isRaw(): boolean {
    return this.#state === BodyState.RAW || this.#state === BodyState.RAW_ENDED;
  }

  /** More may come from the client for this request (or through this tunnel). */
  get isOpen(): boolean {
    return this.#state === BodyState.OPEN || this.#state === BodyState.RAW;
  }

  /** Bytes that are missing, what is at hand not counted; -1 where the framing does not say. */
  get missingBytes(): number {
    if (this.#state === BodyState.RAW) return -1;
    return this.#state === BodyState.OPEN ? this.#decoder.remaining() : 0;
  }

  /** The trailers, between END and `dropTrailers`; null where there are none. */
  get trailers(): HeaderBlock | null {
    if (!this.#hasTrailers) return null;
    return this.#areTrailersCopied ? this.#trailerCopy!.fields : this.#decoder.trailers;
  }

  /** Trailers that cannot be told within this turn are copied. */
  keepTrailers(): void {
    if (!this.#hasTrailers || this.#areTrailersCopied) return;
    this.#trailerCopy ??= new TrailerCopy();
    this.#trailerCopy.take(this.#pool, this.#decoder.trailers);
    this.#areTrailersCopied = true;
  }

  /** The trailers were told, or nobody will be. */
  dropTrailers(): void {
    if (this.#areTrailersCopied) this.#trailerCopy!.clear(this.#pool);
    this.#hasTrailers = false;
    this.#areTrailersCopied = false;
  }

  /** The connection is a tunnel now. */
  beginTunnel(): void {
    assert(this.#state === BodyState.ENDED, 'a tunnel begins behind a complete request');
    this.#state = BodyState.RAW;
    this.#hasPiece = false;
  }

  /**
   * What to do, given whether the exchange asked for a chunk and whether the client sent its FIN.
   */
  next(isWanted: boolean, isInputEnded: boolean): BodyStep {
    switch (this.#state) {
      case BodyState.OPEN:
        return this.#nextDecoded(isWanted, isInputEnded);
      case BodyState.ENDING:
        this.#state = BodyState.ENDED;
        return BodyStep.END;
      case BodyState.RAW:
        return this.#nextRaw(isWanted, isInputEnded);
      default:
        return BodyStep.IDLE;
    }
  }

  /** Throws decoded bytes away: END once the body is over, WAIT, CUT or INVALID until then. */
  discard(isInputEnded: boolean): BodyStep {
    while (this.#state === BodyState.OPEN) {
      if (!this.#hasPiece) {
        if (this.#input.count === 0) return isInputEnded ? BodyStep.CUT : BodyStep.WAIT;
        if (!this.#decodeFront()) return BodyStep.INVALID;
      }
      this.#dropPiece();
    }
    this.#state = BodyState.ENDED;
    this.dropTrailers();
    return BodyStep.END;
  }

  #nextDecoded(isWanted: boolean, isInputEnded: boolean): BodyStep {
    while (this.#state === BodyState.OPEN) {
      if (this.#hasPiece) return this.#handOut(isWanted);
      if (this.#input.count === 0) {
        if (isInputEnded) return BodyStep.CUT;
        return isWanted ? BodyStep.WAIT : BodyStep.IDLE;
      }
      if (!isWanted) return BodyStep.IDLE;
      if (!this.#decodeFront()) return BodyStep.INVALID;
      this.#skipEmptyPiece();
    }
    this.#state = BodyState.ENDED;
    return BodyStep.END;
  }

  #nextRaw(isWanted: boolean, isInputEnded: boolean): BodyStep {
    const input = this.#input;
    if (input.count === 0) {
      if (!isInputEnded) return isWanted ? BodyStep.WAIT : BodyStep.IDLE;
      this.#state = BodyState.RAW_ENDED;
      return BodyStep.END;
    }
    if (!isWanted) return BodyStep.IDLE;
    const chunk = input.takeChunk(input.start, input.end, input.end);
    if (chunk === NO_BUFFER) return BodyStep.STARVED;
    this.chunk = chunk;
    this.isLast = false;
    this.byteCount += input.chunkEnd - input.chunkStart;
    return BodyStep.CHUNK;
  }

  #handOut(isWanted: boolean): BodyStep {
    if (!isWanted) return BodyStep.IDLE;
    const decoder = this.#decoder;
    const rest = this.#isLastPiece ? decoder.consumedEnd : this.#input.end;
    const chunk = this.#input.takeChunk(decoder.dataStart, decoder.dataEnd, rest);
    if (chunk === NO_BUFFER) return BodyStep.STARVED;
    this.chunk = chunk;
    this.isLast = this.#isLastPiece;
    this.#hasPiece = false;
    if (this.#isLastPiece) this.#state = BodyState.ENDING;
    return BodyStep.CHUNK;
  }

  #decodeFront(): boolean {
    const result = this.#decoder.decode(this.#input.start, this.#input.end);
    if (result === BodyResult.INVALID) return false;
    this.#hasPiece = true;
    this.#isLastPiece = result === BodyResult.END;
    this.#hasTrailers = this.#isLastPiece && this.#decoder.trailers.count > 0;
    this.byteCount += this.#decoder.dataEnd - this.#decoder.dataStart;
    return true;
  }

  /** A piece without data was framing only: nothing to hand out. */
  #skipEmptyPiece(): void {
    if (this.#decoder.dataStart === this.#decoder.dataEnd) this.#dropPiece();
  }

  #dropPiece(): void {
    this.#input.consume(this.#isLastPiece ? this.#decoder.consumedEnd : this.#input.end);
    this.#hasPiece = false;
    if (this.#isLastPiece) this.#state = BodyState.ENDING;
  }
}

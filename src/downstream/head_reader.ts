// Reads one request head from received buffers: decodes it where it lies, and gathers it in one
// buffer only where it does not lie in one. The decoder is shared by all connections; what is kept
// for an unfinished head is a number.

import { ExchangeError } from '../http/exchange_error.ts';
import { Framing, type RequestHead } from '../http/message_head.ts';
import { DecodeResult } from '../http1/decode_result.ts';
import type { RequestDecoder } from '../http1/request_decoder.ts';
import type { RequestBody } from './request_body.ts';
import type { RequestInput } from './request_input.ts';

/**
 * COMPLETE: the input begins behind the head. WAIT: for bytes. STARVED: for a buffer to gather in.
 */
export const HeadStep = { WAIT: 0, COMPLETE: 1, INVALID: 2, STARVED: 3 } as const;
export type HeadStep = (typeof HeadStep)[keyof typeof HeadStep];

export class HeadReader {
  /** After INVALID: which row of the table. */
  error: ExchangeError = ExchangeError.NONE;
  #scanned = 0;

  /** Begins another head. */
  reset(): void {
    this.#scanned = 0;
  }

  /** Goes as far as the received bytes reach; behind a complete head the body has begun. */
  read(
    decoder: RequestDecoder,
    head: RequestHead,
    input: RequestInput,
    body: RequestBody,
  ): HeadStep {
    while (input.count > 0) {
      const result = decoder.decode(head, input.start, input.end, this.#scanned);
      if (result === DecodeResult.COMPLETE) {
        input.claimHead(decoder.headEnd);
        return this.#beginBody(head, body);
      }
      if (result === DecodeResult.INVALID) {
        this.error = decoder.error;
        return HeadStep.INVALID;
      }
      this.#scanned = decoder.scanned;
      if (input.count === 1) return HeadStep.WAIT;
      if (!input.gather()) return HeadStep.STARVED;
    }
    return HeadStep.WAIT;
  }

  /**
   * What came with the head is decoded, so that `bodyFollows` promises only what is really at hand.
   */
  #beginBody(head: RequestHead, body: RequestBody): HeadStep {
    body.begin(head.framing, head.contentLength);
    if (!body.decodeAhead()) {
      this.error = ExchangeError.REQUEST_BODY_INVALID;
      return HeadStep.INVALID;
    }
    head.bodyFollows = body.hasPiece || (head.framing !== Framing.NONE && body.isDecoded);
    return HeadStep.COMPLETE;
  }
}

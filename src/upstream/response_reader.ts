// The receiving half of the HTTP/1.1 client: from received buffers to the heads, chunks and end
// that the exchange is told of, as it asks for them. Whatever comes from here is called from the
// transport's turn, never from inside `want`.
//
//   bytes -> heads (interim, final) -> body without framing -> at most two buffers -> exchange

import type { BufferHandle } from '../base/buffer_pool.ts';
import { INTERIM_RESPONSES_MAX } from '../base/limits.ts';
import type { ClientStreamHandler } from '../http/exchange_contract.ts';
import { ExchangeError } from '../http/exchange_error.ts';
import { Framing, type ResponseHead } from '../http/message_head.ts';
import { Method } from '../http/methods.ts';
import { latin1Text } from '../http/text.ts';
import { DecodeResult } from '../http1/decode_result.ts';
import type { ResponseDecoder } from '../http1/response_decoder.ts';
import type { ByteStream } from '../stream/byte_stream.ts';
import type { ClientContext } from './client_context.ts';
import { isUpgradeRequested } from './client_rules.ts';
import { type ClientState, ResponseState } from './client_state.ts';
import { ReceiveGate } from './receive_gate.ts';
import { ResponseBodyReader } from './response_body_reader.ts';
import { ResponseHeadReader } from './response_head_reader.ts';

/** The client that a reader belongs to. */
export interface ResponseHost {
  readonly handler: ClientStreamHandler | null;
  /** Differs once another exchange, or none, is on the connection. */
  readonly exchange: number;
  readonly stream: ByteStream | null;
  /** Something of the request has gone out, and so an answer may come. */
  readonly isRequestStarted: boolean;
  /** Calls `pump` from the next turn. */
  pumpLater(): void;
  /** The deadline has to be looked at: bytes came, or are waited for, or are not any more. */
  onResponseProgress(): void;
  /** All of the response was handed on. The reader touches nothing after it. */
  onResponseComplete(): void;
  /** The response cannot be completed. The reader touches nothing after it. */
  onResponseError(error: ExchangeError): void;
}

export class ResponseReader {
  readonly body: ResponseBodyReader;
  readonly gate: ReceiveGate = new ReceiveGate();
  /** Monotonic milliseconds; 0 before the first byte. */
  firstByteMs = 0;
  /** A chunk was asked for and did not come yet. */
  isWanted = false;
  /** The endpoint's answer allows another request after it. */
  isPersistent = false;
  readonly #context: ClientContext;
  readonly #state: ClientState;
  readonly #host: ResponseHost;
  readonly #head: ResponseHeadReader = new ResponseHeadReader();
  #decoder: ResponseDecoder | null = null;
  #method: Method = Method.GET;
  #upgrade = '';
  #interimCount = 0;
  #isDispatching = false;

  constructor(context: ClientContext, state: ClientState, host: ResponseHost) {
    this.#context = context;
    this.body = new ResponseBodyReader(context);
    this.#state = state;
    this.#host = host;
  }

  /** An exchange begins; `decoder` is its snapshot's. */
  begin(decoder: ResponseDecoder): void {
    this.#decoder = decoder;
    this.body.reset();
    this.firstByteMs = 0;
    this.isWanted = false;
    this.isPersistent = false;
    this.#method = Method.GET;
    this.#upgrade = '';
    this.#interimCount = 0;
    this.#isDispatching = false;
  }

  /**
   * What the request was, as far as its answer depends on it. `upgrade`: the protocols it offers.
   */
  expect(method: Method, upgrade: string): void {
    this.#method = method;
    this.#upgrade = upgrade;
  }

  /** The exchange lets go: nobody is called any more. */
  end(): void {
    this.isWanted = false;
    this.#isDispatching = false;
  }

  /** Gives back all that is held. */
  release(): void {
    this.#head.release(this.#context.pool);
    this.body.release();
  }

  /** Takes a received buffer while a response is awaited or under way. */
  receive(buffer: BufferHandle, start: number, end: number): void {
    if (this.#state.isReading) {
      this.#receiveBody(buffer, start, end);
      return;
    }
    const isFirst = this.#state.response === ResponseState.AWAITING;
    if (isFirst) {
      if (!this.#host.isRequestStarted) {
        // Nothing was asked: whatever this is, it is no answer (RFC 9112 section 9.2).
        this.#context.pool.release(buffer);
        this.#host.onResponseError(ExchangeError.UPSTREAM_CLOSED_EARLY);
        return;
      }
      if (this.firstByteMs === 0) this.firstByteMs = this.#context.transport.clock.nowMs;
      this.#state.onResponseByte();
    }
    const error = this.#head.append(this.#context.pool, buffer, start, end);
    if (error !== ExchangeError.NONE) this.#host.onResponseError(error);
    else this.#decodeHeads(isFirst);
  }

  /** The endpoint's FIN while a body is read. */
  endOfInput(): void {
    this.body.endOfInput();
    this.pump();
  }

  /** The receiving side broke while a body is read: what came before is handed on first. */
  breakOff(error: ExchangeError): void {
    this.body.fail(error);
    this.pump();
  }

  /** The exchange asks for a chunk. */
  want(): void {
    this.isWanted = true;
    if (this.#isDispatching || !this.#state.isReading) return;
    if (this.body.queue.count > 0 || this.body.isEnded) this.#host.pumpLater();
    else this.#ask();
  }

  /** Hands on what is at hand and asked for, and the end once nothing is left before it. */
  pump(): void {
    if (this.#isDispatching) return;
    const { exchange } = this.#host;
    const { queue } = this.body;
    this.#isDispatching = true;
    while (this.isWanted && queue.count > 0) {
      this.isWanted = false;
      const { start, end } = queue;
      const buffer = this.body.take();
      const isLast = queue.count === 0 && this.body.isComplete;
      this.#host.handler!.onResponseBody(buffer, start, end, isLast);
      if (this.#host.exchange !== exchange) return;
    }
    this.#isDispatching = false;
    if (queue.count === 0 && this.body.isEnded) this.#finish();
    else this.#ask();
  }

  #finish(): void {
    if (this.body.error === ExchangeError.NONE) this.#host.onResponseComplete();
    else this.#host.onResponseError(this.body.error);
  }

  /** Receives as much as is wanted, and no more than may be held. */
  #ask(): void {
    const stream = this.#host.stream!;
    if (!this.body.isEnded) {
      const { remaining, byteCount } = this.body;
      if (this.body.queue.isFull) this.gate.pause(stream);
      else if (!this.#state.isTunnel) this.gate.restrain(stream, remaining, byteCount);
      if (this.isWanted) this.gate.want(stream, this.#context.pool, remaining);
    }
    this.#host.onResponseProgress();
  }

  #receiveBody(buffer: BufferHandle, start: number, end: number): void {
    if (this.body.isEnded) {
      this.body.hasExcess = true;
      this.#context.pool.release(buffer);
      return;
    }
    if (!this.body.receive(buffer, start, end)) this.#context.pool.release(buffer);
    this.pump();
  }

  /**
   * Decodes heads until the bytes are used up or the final one has come. `isNew`: a head begins.
   * Its deadline is set then and not moved by each byte, or a head could come for hours.
   */
  #decodeHeads(isNew: boolean): void {
    const { head } = this.#context;
    const decoder = this.#decoder!;
    for (let isFirst = isNew; ; isFirst = true) {
      const result = this.#head.decode(decoder, head, this.#method);
      if (result === DecodeResult.INVALID) {
        this.#host.onResponseError(decoder.error);
        return;
      }
      if (result === DecodeResult.INCOMPLETE) {
        if (isFirst) this.#host.onResponseProgress();
        return;
      }
      if (head.status === 101) {
        this.#onSwitch(head);
        return;
      }
      if (head.status >= 200) {
        this.#onFinalHead(head);
        return;
      }
      if (!this.#onInterimHead(head)) return;
    }
  }

  /** Passes a 1xx response on. Returns whether bytes of another head are at hand. */
  #onInterimHead(head: ResponseHead): boolean {
    this.#interimCount++;
    if (this.#interimCount > INTERIM_RESPONSES_MAX) {
      this.#host.onResponseError(ExchangeError.RESPONSE_HEAD_INVALID);
      return false;
    }
    const { exchange } = this.#host;
    this.#state.onInterimResponse();
    this.#host.handler!.onInterimResponse(head);
    if (this.#host.exchange !== exchange) return false;
    if (this.#head.hasBytes) {
      this.#state.onResponseByte();
      return true;
    }
    this.#head.release(this.#context.pool);
    this.#host.onResponseProgress();
    return false;
  }

  #onFinalHead(head: ResponseHead): void {
    const { exchange } = this.#host;
    const { contentLength } = head;
    this.isPersistent = head.isPersistent;
    this.#state.onResponseBody();
    if (head.framing === Framing.NONE || (head.framing === Framing.LENGTH && contentLength === 0)) {
      this.body.isEnded = true;
      this.body.hasExcess = this.#head.hasBytes;
    } else {
      this.body.begin(head.framing, contentLength);
      this.#moveRest();
      if (this.body.error !== ExchangeError.NONE) {
        this.#host.onResponseError(this.body.error);
        return;
      }
    }
    head.bodyFollows = this.body.queue.count > 0 || this.body.isEnded;
    this.#tellHead(head, exchange);
  }

  /** 101 (RFC 9110 section 7.8): only to what was asked for, and once the request is whole. */
  #onSwitch(head: ResponseHead): void {
    const { exchange } = this.#host;
    const { bytes } = this.#context.pool.arena;
    const answered = latin1Text(bytes, head.upgradeStart, head.upgradeEnd);
    if (!this.#state.canSwitch || !isUpgradeRequested(this.#upgrade, answered)) {
      this.#host.onResponseError(ExchangeError.UPGRADE_FAILED);
      return;
    }
    this.#state.onSwitch();
    this.#moveRest();
    head.bodyFollows = this.body.queue.count > 0;
    this.#tellHead(head, exchange);
  }

  /** What stands behind the head is the first of the body, in the buffer that it came in. */
  #moveRest(): void {
    const { buffer, start, end } = this.#head;
    if (start < end && this.body.receive(buffer, start, end)) this.#head.take();
  }

  #tellHead(head: ResponseHead, exchange: number): void {
    this.#isDispatching = true;
    this.#host.handler!.onResponseHead(head);
    if (this.#host.exchange !== exchange) return;
    this.#isDispatching = false;
    this.#head.release(this.#context.pool);
    this.pump();
  }
}

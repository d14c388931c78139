// What a connection receives, and how: small buffers as bytes come while a head or the next request
// may arrive, large ones asked for one by one for big bodies, nothing while enough is held
// unparsed. The client's FIN ends it.

import { SizeClass } from '../base/buffer_pool.ts';
import { BUFFER_MEDIUM_BYTES, BUFFER_SMALL_BYTES } from '../base/limits.ts';
import type { ByteStream } from '../stream/byte_stream.ts';
import { ConnectionState } from './connection_state.ts';
import type { RequestBody } from './request_body.ts';
import type { RequestInput } from './request_input.ts';

const ReceiveMode = { NONE: 0, CONTINUOUS: 1, ONCE: 2 } as const;
type ReceiveMode = (typeof ReceiveMode)[keyof typeof ReceiveMode];

/** Bodies of which more than this is missing are read in large pieces, one per `readBody`. */
const LARGE_READ_BYTES_MIN: number = BUFFER_MEDIUM_BYTES;
/** A raw read that filled a small buffer to this degree is followed by a large one. */
const FULL_READ_BYTES: number = BUFFER_SMALL_BYTES - 128;

export class ReceiveControl {
  /** The client sent its FIN, or receiving broke: nothing more will come. */
  isEnded = false;
  #stream: ByteStream | null = null;
  #mode: ReceiveMode = ReceiveMode.NONE;
  #lastReadBytes = 0;

  /** For a new connection. */
  begin(stream: ByteStream): void {
    this.#stream = stream;
    this.isEnded = false;
    this.#mode = ReceiveMode.NONE;
    this.#lastReadBytes = 0;
  }

  onReceived(byteCount: number): void {
    if (this.#mode === ReceiveMode.ONCE) this.#mode = ReceiveMode.NONE;
    this.#lastReadBytes = byteCount;
  }

  onEnded(): void {
    this.isEnded = true;
    this.#mode = ReceiveMode.NONE;
  }

  /** The connection is gone. */
  end(): void {
    this.#stream = null;
  }

  /** Receives into small buffers as bytes come. */
  more(): void {
    if (this.#mode === ReceiveMode.CONTINUOUS || this.isEnded) return;
    this.#mode = ReceiveMode.CONTINUOUS;
    this.#stream!.receiveContinuously();
  }

  pause(): void {
    if (this.#mode === ReceiveMode.NONE || this.isEnded) return;
    this.#mode = ReceiveMode.NONE;
    this.#stream!.pauseReceive();
  }

  /**
   * Does what follows from the state of a request. Returns whether the exchange waits for bytes of
   * a body and none are here.
   */
  follow(
    state: ConnectionState,
    input: RequestInput,
    body: RequestBody,
    isBodyWanted: boolean,
  ): boolean {
    if (this.isEnded) return false;
    switch (state) {
      case ConnectionState.HEAD:
        if (input.isFull) this.pause();
        else this.more();
        return false;
      case ConnectionState.EXCHANGE:
      case ConnectionState.TUNNEL:
        return this.#followBody(input, body, isBodyWanted);
      case ConnectionState.DISCARD:
        this.more();
        return false;
      default:
        this.pause();
        return false;
    }
  }

  #followBody(input: RequestInput, body: RequestBody, isBodyWanted: boolean): boolean {
    if (input.isFull) {
      this.pause();
      return false;
    }
    if (!body.isOpen) {
      this.more(); // a FIN or RST, and the next request
      return false;
    }
    // Not wanted: what is armed may go on until enough is held.
    if (!isBodyWanted || input.count > 0) return false;
    this.#receiveBody(body);
    return true;
  }

  #receiveBody(body: RequestBody): void {
    if (this.#mode === ReceiveMode.ONCE) return;
    const missing = body.missingBytes;
    let isLarge = missing > LARGE_READ_BYTES_MIN;
    if (body.isRaw) isLarge = this.#lastReadBytes >= FULL_READ_BYTES;
    else if (missing < 0) isLarge = body.byteCount > LARGE_READ_BYTES_MIN;
    if (!isLarge) {
      this.more();
      return;
    }
    this.#mode = ReceiveMode.ONCE;
    this.#stream!.receiveOnce(SizeClass.LARGE);
  }
}

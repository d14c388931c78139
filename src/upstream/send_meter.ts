// How much of one request the kernel took, on a connection that carries many. Says 0 only where
// certainly nothing of the request has left: then, and only then, sending it again on another
// connection is safe for any request (RFC 9110 section 9.2.2).

import type { ByteStream } from '../stream/byte_stream.ts';

export class SendMeter {
  #base = 0;
  #mark = 0;
  #total = 0;
  #isHandedOver = false;

  /** A request begins; `stream` is null while there is no connection. */
  begin(stream: ByteStream | null): void {
    this.#base = stream === null ? 0 : stream.bytesSent;
    this.#mark = this.#base;
    this.#total = 0;
    this.#isHandedOver = false;
  }

  /** Bytes of the request were given to the connection. */
  onSend(): void {
    this.#isHandedOver = true;
  }

  /** A send failed: only what was counted has gone out. */
  onSendFailed(stream: ByteStream): void {
    this.#isHandedOver = stream.bytesSent > this.#base;
  }

  /** Anything was handed over, and so an answer may come. */
  get isStarted(): boolean {
    return this.#isHandedOver;
  }

  /**
   * Bytes of the request so far; at least 1 while the kernel has not answered for what it was
   * given.
   */
  byteCount(stream: ByteStream | null): number {
    if (stream === null) return 0;
    const byteCount = stream.bytesSent - this.#base;
    return byteCount === 0 && this.#isHandedOver ? 1 : byteCount;
  }

  /** The request is over: keeps the count, because the connection may soon be somebody else's. */
  end(stream: ByteStream | null): void {
    this.#total = this.byteCount(stream);
  }

  /** Bytes of the request that is over. */
  get total(): number {
    return this.#total;
  }

  /** Whether bytes have gone out since the last `mark`. */
  hasProgressed(stream: ByteStream): boolean {
    return stream.bytesSent > this.#mark;
  }

  mark(stream: ByteStream): void {
    this.#mark = stream.bytesSent;
  }
}

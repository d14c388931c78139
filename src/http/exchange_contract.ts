// The contracts between the drivers of a protocol version and the exchange that joins them. A
// downstream driver offers a `ServerStream` for each request and tells a `ServerStreamHandler`; an
// upstream driver offers a `ClientStream` and tells a `ClientStreamHandler`. Both sides speak the
// same way of bodies:
//
//   reader: `readBody()` asks for one chunk -> `on...Body(chunk)` -> ask again
//   writer: `writeBody(chunk)` takes the buffer -> `on...Writable()` -> the next one
//
// so that a slow reader on one side stops the reads on the other, with at most two chunks in
// between. Buffers change owner with each of these calls. Calls may not call back before they
// return: what a `readBody()` finds at hand is delivered by the driver once the callback that it is
// in has returned, or from the next turn (`Transport.defer`-like) where there is none.
//
// Two hints let a writer put a whole small message into one send:
// - `head.bodyFollows`: body bytes (or the end) came with the head, so
//   `writeBody`/`endBody`/`abort` follows before the reader's callback chain ends; the writer may
//   hold the head until then.
// - `isLast`: the body ends with this chunk, so `on...End` and with it `endBody` follows at once;
//   the writer may hold the chunk until then.

import type { BufferHandle } from '../base/buffer_pool.ts';
import type { ExchangeError } from './exchange_error.ts';
import type { HeaderBlock } from './header_block.ts';
import type { RequestHead, ResponseHead } from './message_head.ts';

/** What is known of the client's connection. */
export interface ClientConnectionInfo {
  /**
   * Numeric address, '' on a Unix socket; already the one that a PROXY header names, where there is
   * one.
   */
  readonly remoteHost: string;
  readonly remotePort: number;
  readonly localHost: string;
  readonly localPort: number;
  readonly scheme: 'http' | 'https';
  /** Whether `remoteHost` is in `trustedProxies`: its forwarding fields are kept. */
  readonly isTrusted: boolean;
}

/** One request as a downstream driver sees it, and the way to answer it. */
export interface ServerStream {
  /** The head as received. Valid until `releaseHead()` or the end of the stream. */
  readonly head: RequestHead;
  readonly connection: ClientConnectionInfo;
  /** Monotonic milliseconds when the first byte of the request arrived. */
  readonly startMs: number;
  /** Request body bytes (without framing) that arrived so far. */
  readonly requestBodyBytes: number;
  /**
   * Bytes of the response that were sent (with framing), and whether a byte of the final one was.
   */
  readonly responseBytes: number;
  readonly isResponseStarted: boolean;
  /** The head's bytes are no longer needed: the buffer they lie in goes back. */
  releaseHead(): void;
  /**
   * Asks for the next chunk of the request body; sends 100 (Continue) if the client waits for it.
   */
  readBody(): void;
  /** An interim response (1xx but 101); dropped where the client's version has none. */
  writeInterim(head: ResponseHead): void;
  /**
   * The final head. `fields` are what is to be sent except for framing and connection fields, which
   * the driver owns: it derives them from `head.framing`, the request's method and the client's
   * version. With Framing.NONE, or where no body may be sent, the response ends with it. While
   * `isResponseStarted` is false (the head was held back) it may be called again: the new head
   * takes the place of the first.
   */
  writeHead(head: ResponseHead): void;
  writeBody(buffer: BufferHandle, start: number, end: number, isLast: boolean): void;
  /** The body is complete. `trailers` may be dropped where they cannot be sent. */
  endBody(trailers: HeaderBlock | null): void;
  /**
   * Breaks the response off so that the client cannot take it for complete. The stream is over: no
   * callback comes any more. The same holds after `onResponseSent` and `onRequestAborted`.
   */
  abort(error: ExchangeError): void;
  /**
   * Writes the 101 head and turns the connection into a tunnel: from here on bodies are raw bytes,
   * `onRequestEnd` is the client's FIN and `endBody` sends ours.
   */
  switchToTunnel(head: ResponseHead): void;
}

/** The exchange, told by the downstream driver. */
export interface ServerStreamHandler {
  onRequestBody(buffer: BufferHandle, start: number, end: number, isLast: boolean): void;
  /**
   * The request is complete: comes once for every request that was not aborted, without being asked
   * for where the end is at hand (for one without a body as soon as `onRequest` has returned).
   * `trailers` are valid until it returns.
   */
  onRequestEnd(trailers: HeaderBlock | null): void;
  /**
   * The client is gone or broke the protocol inside its body: nothing can be or has to be answered.
   */
  onRequestAborted(error: ExchangeError): void;
  /** One more chunk may be written. */
  onResponseWritable(): void;
  /** The response was sent whole and the stream is over: the exchange lets go of it. */
  onResponseSent(): void;
}

/** Who makes exchanges: given to the downstream drivers. */
export interface RequestHandler {
  /** A request head has arrived. The returned handler is told all that follows. */
  onRequest(stream: ServerStream): ServerStreamHandler;
  /**
   * A request was refused by the codec: for the log and the counters; the driver answered it
   * itself.
   */
  onRequestRefused(stream: ServerStream, error: ExchangeError, status: number): void;
}

/** One request on its way to an endpoint. */
export interface ClientStream {
  /** The endpoint as written in the config, for the log, and its place in the upstream's list. */
  readonly endpointUrl: string;
  readonly endpointIndex: number;
  /** What `Host` the endpoint itself would be sent: `host`, `host:port`, `[::1]:port`. */
  readonly endpointAuthority: string;
  /** The connection had served a request before this one: it may have been closed meanwhile. */
  readonly isReused: boolean;
  /** Bytes of the request that the kernel took. 0 means: nothing was sent. */
  readonly requestBytesSent: number;
  /** Response body bytes received (without framing). */
  readonly responseBodyBytes: number;
  /**
   * Milliseconds (monotonic) when the connection was open, and when the first response byte came;
   * 0: not yet.
   */
  readonly connectedMs: number;
  readonly firstByteMs: number;
  /**
   * Encodes and sends the head; all that it points to may be released afterwards. One chunk may be
   * written at once after it. With Framing.NONE (or a length of 0) the request is whole with its
   * head: `endBody` may be left out.
   */
  writeHead(head: RequestHead): void;
  writeBody(buffer: BufferHandle, start: number, end: number, isLast: boolean): void;
  endBody(trailers: HeaderBlock | null): void;
  /** Asks for the next chunk of the response body. */
  readBody(): void;
  /** Gives the stream up and the connection with it. No callback comes any more. */
  abort(): void;
}

/**
 * The exchange, told by the upstream driver. The stream is over, and not to be used any more, after
 * `onUpstreamError`, after `abort()`, and once `onResponseEnd` has come and the request was written
 * whole (`endBody`). Where the response ends first, the request may still be written until then, or
 * aborted.
 */
export interface ClientStreamHandler {
  onInterimResponse(head: ResponseHead): void;
  /**
   * The final head. Valid until it returns. After 101 (only where an upgrade was asked for) the
   * stream is a tunnel: bodies are raw bytes, `onResponseEnd` is the endpoint's FIN and `endBody`
   * sends ours.
   */
  onResponseHead(head: ResponseHead): void;
  onResponseBody(buffer: BufferHandle, start: number, end: number, isLast: boolean): void;
  onResponseEnd(trailers: HeaderBlock | null): void;
  /** One more chunk of the request may be written. */
  onRequestWritable(): void;
  /**
   * The stream is over without a complete response; it must not be used any more. After
   * `onResponseEnd` it means only that the rest of the request cannot be sent: the response stands.
   */
  onUpstreamError(error: ExchangeError): void;
}

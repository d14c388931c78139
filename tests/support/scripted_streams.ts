// Both ends of an exchange in the hands of a test: a request as a downstream driver would offer
// it, a stream to an endpoint as an upstream driver would, and an upstream that hands such
// streams out. They write down what the exchange does, take each body buffer over as a driver
// must, and call back only when told to.

import { strict as assert } from 'node:assert';
import { Arena } from '../../src/base/arena.ts';
import { type BufferHandle, BufferPool, SizeClass } from '../../src/base/buffer_pool.ts';
import type {
  ClientConnectionInfo,
  ClientStream,
  ClientStreamHandler,
  ServerStream,
} from '../../src/http/exchange_contract.ts';
import { ExchangeError } from '../../src/http/exchange_error.ts';
import type { HeaderBlock } from '../../src/http/header_block.ts';
import { RequestHead, ResponseHead } from '../../src/http/message_head.ts';
import { Method } from '../../src/http/methods.ts';
import { latin1Text } from '../../src/http/text.ts';
import { DecodeResult } from '../../src/http1/decode_result.ts';
import { Http1Encoder } from '../../src/http1/encoder.ts';
import { RequestDecoder } from '../../src/http1/request_decoder.ts';
import { ResponseDecoder } from '../../src/http1/response_decoder.ts';
import type { UpstreamOptions } from '../../src/upstream/options.ts';
import type { StreamWaiter } from '../../src/upstream/upstream.ts';

const HEAD_LIMITS = {
  headBytesMax: 32_768,
  fieldBytesMax: 16_384,
  fieldsCountMax: 128,
  targetBytesMax: 8_192,
};

/** The memory that a test's streams share. */
export class ScriptedMemory {
  readonly pool: BufferPool = new BufferPool(new Arena(4 * 1024 * 1024), {
    small: 64,
    medium: 24,
    large: 16,
  });
  readonly encoder: Http1Encoder = new Http1Encoder(this.pool.arena);
  readonly requestDecoder: RequestDecoder = new RequestDecoder(this.pool.arena, HEAD_LIMITS, false);
  readonly responseDecoder: ResponseDecoder = new ResponseDecoder(this.pool.arena, HEAD_LIMITS);

  /** A buffer that holds `text`; its owner is the caller. */
  fill(text: string, sizeClass: SizeClass = SizeClass.SMALL): FilledBuffer {
    const buffer = this.pool.acquire(sizeClass);
    const start = this.pool.startOf(buffer);
    for (let i = 0; i < text.length; i++) this.pool.arena.bytes[start + i] = text.charCodeAt(i);
    return { buffer, start, end: start + text.length };
  }

  text(start: number, end: number): string {
    return latin1Text(this.pool.arena.bytes, start, end);
  }

  trailerText(trailers: HeaderBlock | null): string {
    if (trailers === null) return '';
    let text = '';
    for (let i = 0; i < trailers.count; i++) {
      const name = this.text(trailers.nameStart(i), trailers.nameEnd(i));
      text += ` ${name}=${this.text(trailers.valueStart(i), trailers.valueEnd(i))}`;
    }
    return text;
  }
}

export interface FilledBuffer {
  readonly buffer: BufferHandle;
  readonly start: number;
  readonly end: number;
}

export interface ScriptedRequestOptions {
  readonly connection?: Partial<ClientConnectionInfo>;
  readonly bodyFollows?: boolean;
  readonly startMs?: number;
}

/** What both kinds of stream write down. */
class ScriptedStream {
  readonly memory: ScriptedMemory;
  /** What the exchange did, in order. */
  readonly calls: string[] = [];
  /** Times that a chunk was asked for and not delivered. */
  readsOpen = 0;

  constructor(memory: ScriptedMemory) {
    this.memory = memory;
  }

  readBody(): void {
    assert.equal(this.readsOpen, 0, 'one chunk is asked for at a time');
    this.readsOpen++;
    this.calls.push('read');
  }

  writeBody(buffer: BufferHandle, start: number, end: number, isLast: boolean): void {
    this.calls.push(`body ${this.memory.text(start, end)}${isLast ? ' (last)' : ''}`);
    this.memory.pool.release(buffer);
  }

  endBody(trailers: HeaderBlock | null): void {
    this.calls.push(`end${this.memory.trailerText(trailers)}`);
  }

  /** What was done since the last call. */
  takeCalls(): string[] {
    return this.calls.splice(0);
  }
}

/** A request, and what was answered. */
export class ScriptedServerStream extends ScriptedStream implements ServerStream {
  readonly head: RequestHead = new RequestHead();
  readonly connection: ClientConnectionInfo;
  readonly startMs: number;
  requestBodyBytes = 0;
  responseBytes = 0;
  isResponseStarted = false;
  /** Set to false: heads are held back, as with a body that follows at once. */
  startsAtOnce = true;
  /** Text of the last final head. */
  headText = '';
  readonly #headBuffer: BufferHandle;
  #isHeadHeld = true;

  constructor(memory: ScriptedMemory, text: string, options: ScriptedRequestOptions = {}) {
    super(memory);
    this.connection = {
      remoteHost: '192.0.2.7',
      remotePort: 1234,
      localHost: '192.0.2.1',
      localPort: 80,
      scheme: 'http',
      isTrusted: false,
      ...options.connection,
    };
    this.startMs = options.startMs ?? 0;
    const filled = memory.fill(text, SizeClass.LARGE);
    const { requestDecoder } = memory;
    this.#headBuffer = filled.buffer;
    const result = requestDecoder.decode(this.head, filled.start, filled.end, 0);
    assert.equal(result, DecodeResult.COMPLETE, 'the request of a test is well-formed');
    this.head.bodyFollows = options.bodyFollows ?? false;
  }

  releaseHead(): void {
    if (!this.#isHeadHeld) return;
    this.#isHeadHeld = false;
    this.memory.pool.release(this.#headBuffer);
  }

  writeInterim(head: ResponseHead): void {
    this.calls.push(`interim ${head.status}`);
    this.#encode(head);
  }

  writeHead(head: ResponseHead): void {
    assert(!this.isResponseStarted, 'a response has one head');
    this.calls.push(`head ${head.status}`);
    this.headText = this.#encode(head);
    this.isResponseStarted = this.startsAtOnce;
  }

  abort(error: ExchangeError): void {
    this.calls.push(`abort ${error}`);
  }

  switchToTunnel(head: ResponseHead): void {
    this.calls.push('tunnel');
    this.headText = this.#encode(head);
    this.isResponseStarted = true;
    this.readsOpen = 0;
  }

  #encode(head: ResponseHead): string {
    const { pool, encoder } = this.memory;
    const buffer = pool.acquire(SizeClass.LARGE);
    const out = pool.startOf(buffer);
    const end = encoder.encodeResponseHead(
      head,
      this.head.version,
      this.head.method,
      true,
      out,
      pool.endOf(buffer),
    );
    const text = this.memory.text(out, end);
    pool.release(buffer);
    return text;
  }
}

/** A stream to an endpoint, and what it was sent. */
export class ScriptedClientStream extends ScriptedStream implements ClientStream {
  readonly handler: ClientStreamHandler;
  endpointUrl = 'http://192.0.2.99:9000';
  endpointIndex = 0;
  endpointAuthority = '192.0.2.99:9000';
  isReused = false;
  requestBytesSent = 0;
  responseBodyBytes = 0;
  connectedMs = 0;
  firstByteMs = 0;
  /** Text of the request's head. */
  headText = '';
  bodyFollows = false;
  isAborted = false;

  constructor(memory: ScriptedMemory, handler: ClientStreamHandler) {
    super(memory);
    this.handler = handler;
  }

  writeHead(head: RequestHead): void {
    const { pool, encoder } = this.memory;
    const buffer = pool.acquire(SizeClass.LARGE);
    const out = pool.startOf(buffer);
    const end = encoder.encodeRequestHead(head, out, pool.endOf(buffer));
    this.headText = this.memory.text(out, end);
    this.bodyFollows = head.bodyFollows;
    pool.release(buffer);
    this.calls.push('head');
  }

  abort(): void {
    assert(!this.isAborted, 'a stream is given up once');
    this.isAborted = true;
    this.calls.push('abort');
  }

  /** Tells the exchange a response head, interim or final. */
  respond(text: string, method: Method = Method.GET): void {
    const filled = this.memory.fill(text, SizeClass.LARGE);
    const head = new ResponseHead();
    const { responseDecoder } = this.memory;
    const result = responseDecoder.decode(head, method, filled.start, filled.end, 0);
    assert.equal(result, DecodeResult.COMPLETE, 'the response of a test is well-formed');
    const isInterim = head.status < 200 && head.status !== 101;
    if (!isInterim) this.firstByteMs ||= 1;
    if (isInterim) this.handler.onInterimResponse(head);
    else this.handler.onResponseHead(head);
    this.memory.pool.release(filled.buffer);
  }

  /** Delivers a chunk that was asked for. */
  deliver(text: string, isLast = false): void {
    assert.equal(this.readsOpen, 1, 'a chunk is delivered when it was asked for');
    this.readsOpen = 0;
    const { buffer, start, end } = this.memory.fill(text);
    this.handler.onResponseBody(buffer, start, end, isLast);
  }
}

/** Hands out scripted streams, makes wait, or refuses. */
export class ScriptedUpstream {
  readonly name: string;
  readonly options: UpstreamOptions;
  lastError: ExchangeError = ExchangeError.NONE;
  /** What the next `acquire` does. */
  mode: 'stream' | 'wait' | ExchangeError = 'stream';
  /** Set on the next stream before the exchange sees it. */
  prepare: (stream: ScriptedClientStream) => void = () => {};
  readonly streams: ScriptedClientStream[] = [];
  readonly freshOnly: boolean[] = [];
  readonly waiters: StreamWaiter[] = [];
  readonly #memory: ScriptedMemory;

  constructor(memory: ScriptedMemory, options: Partial<UpstreamOptions> = {}) {
    this.#memory = memory;
    this.name = options.name ?? 'origin';
    this.options = {
      name: 'origin',
      endpoints: [],
      hostHeader: { kind: 'preserve' },
      timeouts: { connectMs: 1, firstByteMs: 1, betweenBytesMs: 1, tunnelIdleMs: 1 },
      pool: { idleConnectionsMax: 1, connectionsMax: 1, idleTimeoutMs: 1, ageMsMax: 1 },
      responseHeadBytesMax: 32_768,
      slot: 0,
      source: null,
      ...options,
    };
  }

  acquire(
    handler: ClientStreamHandler,
    waiter: StreamWaiter,
    freshOnly: boolean,
  ): ClientStream | null {
    this.freshOnly.push(freshOnly);
    if (this.mode === 'stream') return this.makeStream(handler);
    if (this.mode === 'wait') {
      this.lastError = ExchangeError.NONE;
      this.waiters.push(waiter);
    } else this.lastError = this.mode;
    return null;
  }

  cancel(waiter: StreamWaiter): void {
    const index = this.waiters.indexOf(waiter);
    assert(index >= 0, 'who gives up was waiting');
    this.waiters.splice(index, 1);
  }

  makeStream(handler: ClientStreamHandler): ScriptedClientStream {
    const stream = new ScriptedClientStream(this.#memory, handler);
    this.prepare(stream);
    this.streams.push(stream);
    return stream;
  }

  /** The stream that was handed out last. */
  get stream(): ScriptedClientStream {
    const stream = this.streams.at(-1);
    assert(stream !== undefined, 'a stream was asked for');
    return stream;
  }
}

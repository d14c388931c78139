// What all HTTP/1.1 connections of one listener share: options, codec, pools of connection and
// stream objects, and the texts of our own answers. The codec objects keep nothing between two
// calls, so one of each serves every connection.

import type { BufferPool } from '../base/buffer_pool.ts';
import { BUFFER_LARGE_BYTES, BUFFER_SMALL_BYTES } from '../base/limits.ts';
import { ObjectPool } from '../base/object_pool.ts';
import type { RequestHandler } from '../http/exchange_contract.ts';
import { Http1Encoder } from '../http1/encoder.ts';
import { RequestDecoder } from '../http1/request_decoder.ts';
import type { Transport } from '../ring/transport.ts';
import type { ByteStream } from '../stream/byte_stream.ts';
import { BufferRetryQueue } from './buffer_retry.ts';
import type { ConnectionRegistry } from './connection_registry.ts';
import { Http1Connection } from './http1_connection.ts';
import { Http1Stream } from './http1_stream.ts';
import type { ListenerOptions } from './options.ts';
import { RefusalAnswers } from './refusal_answers.ts';

const FREE_CONNECTIONS_MAX = 1_024;
/** Objects of about 10 KiB: as many as there are requests in flight at once, as a rule. */
const FREE_STREAMS_MAX = 512;
/** A head is gathered in one buffer, beside the last small one that was received. */
const HEAD_BYTES_MAX: number = BUFFER_LARGE_BYTES - 2 * BUFFER_SMALL_BYTES;

export class Http1Server {
  readonly transport: Transport;
  readonly pool: BufferPool;
  readonly options: ListenerOptions;
  readonly handler: RequestHandler;
  readonly cells: Float64Array;
  readonly registry: ConnectionRegistry;
  readonly isTrusted: (host: string) => boolean;
  readonly decoder: RequestDecoder;
  readonly encoder: Http1Encoder;
  readonly refusals: RefusalAnswers;
  readonly retries: BufferRetryQueue;
  readonly streams: ObjectPool<Http1Stream>;
  /** Answers carry `Connection: close` from now on. */
  isDraining = false;
  readonly #connections: ObjectPool<Http1Connection>;

  constructor(
    transport: Transport,
    options: ListenerOptions,
    handler: RequestHandler,
    cells: Float64Array,
    registry: ConnectionRegistry,
    isTrusted: (host: string) => boolean,
  ) {
    const { pool, clock, timers } = transport;
    const { limits } = options;
    this.transport = transport;
    this.pool = pool;
    this.options = options;
    this.handler = handler;
    this.cells = cells;
    this.registry = registry;
    this.isTrusted = isTrusted;
    const headLimits = {
      headBytesMax: Math.min(limits.requestHeadBytesMax, HEAD_BYTES_MAX),
      fieldBytesMax: limits.fieldBytesMax,
      fieldsCountMax: limits.fieldsCountMax,
      targetBytesMax: limits.targetBytesMax,
    };
    this.decoder = new RequestDecoder(pool.arena, headLimits, options.allowUnderscores);
    this.encoder = new Http1Encoder(pool.arena);
    this.refusals = new RefusalAnswers(pool, clock);
    this.retries = new BufferRetryQueue(timers, clock);
    this.streams = new ObjectPool(() => new Http1Stream(this), FREE_STREAMS_MAX);
    this.#connections = new ObjectPool(() => new Http1Connection(this), FREE_CONNECTIONS_MAX);
  }

  get nowMs(): number {
    return this.transport.clock.nowMs;
  }

  /** Serves an accepted connection. */
  serve(stream: ByteStream): Http1Connection {
    const connection = this.#connections.acquire();
    stream.handler = connection;
    connection.begin(stream);
    return connection;
  }

  /** A connection object is free again. */
  onConnectionClosed(connection: Http1Connection): void {
    this.registry.remove(connection);
    this.#connections.release(connection);
  }
}

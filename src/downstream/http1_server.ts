// What all HTTP/1.1 connections of one listener share, over all snapshots: pools of connection and
// stream objects, the encoder (which keeps nothing between two calls) and the texts of our own
// answers; and the settings of the newest snapshot.

import type { BufferPool } from '../base/buffer_pool.ts';
import { ObjectPool } from '../base/object_pool.ts';
import type { RequestHandler } from '../http/exchange_contract.ts';
import { Http1Encoder } from '../http1/encoder.ts';
import type { Transport } from '../ring/transport.ts';
import type { ByteStream } from '../stream/byte_stream.ts';
import { BufferRetryQueue } from './buffer_retry.ts';
import type { ConnectionRegistry } from './connection_registry.ts';
import { Http1Connection } from './http1_connection.ts';
import { Http1Stream } from './http1_stream.ts';
import type { ListenerSettings } from './listener_settings.ts';
import { RefusalAnswers } from './refusal_answers.ts';

const FREE_CONNECTIONS_MAX = 1_024;
/** Objects of about 10 KiB: as many as there are requests in flight at once, as a rule. */
const FREE_STREAMS_MAX = 512;

export class Http1Server {
  readonly transport: Transport;
  readonly pool: BufferPool;
  readonly handler: RequestHandler;
  readonly cells: Float64Array;
  readonly registry: ConnectionRegistry;
  readonly encoder: Http1Encoder;
  readonly refusals: RefusalAnswers;
  readonly retries: BufferRetryQueue;
  readonly streams: ObjectPool<Http1Stream>;
  /** Of the newest snapshot. */
  settings: ListenerSettings;
  /** Of its connections, as clients speak it. */
  scheme: 'http' | 'https' = 'http';
  /** Answers carry `Connection: close` from now on. */
  isDraining = false;
  readonly #connections: ObjectPool<Http1Connection>;

  constructor(
    transport: Transport,
    settings: ListenerSettings,
    handler: RequestHandler,
    cells: Float64Array,
    registry: ConnectionRegistry,
  ) {
    const { pool, clock, timers } = transport;
    this.transport = transport;
    this.pool = pool;
    this.settings = settings;
    this.handler = handler;
    this.cells = cells;
    this.registry = registry;
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

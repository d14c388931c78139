// What all connections of one upstream share in one worker, over all snapshots: the transport, the
// codec objects that keep nothing between calls, and the body decoders that are lent out while a
// body is on its way.

import type { BufferPool } from '../base/buffer_pool.ts';
import { FIELD_BYTES_MAX, FIELDS_COUNT_MAX } from '../base/limits.ts';
import type { HeaderBlock } from '../http/header_block.ts';
import { ResponseHead } from '../http/message_head.ts';
import { TrailerCopy } from '../http/trailer_copy.ts';
import { BodyDecoder } from '../http1/body_decoder.ts';
import { Http1Encoder } from '../http1/encoder.ts';
import { ResponseDecoder } from '../http1/response_decoder.ts';
import type { Transport } from '../ring/transport.ts';
import { DeferredQueue } from './deferred_queue.ts';
import type { ClientSettings } from './endpoint_share.ts';
import type { UpstreamOptions } from './options.ts';

/** Unused objects of a kind that are kept. */
const DECODERS_FREE_MAX = 256;
const TRAILERS_FREE_MAX = 8;

export class ClientContext {
  readonly transport: Transport;
  readonly pool: BufferPool;
  readonly deferred: DeferredQueue;
  readonly encoder: Http1Encoder;
  /** Filled and read within one call; nothing of it outlives the callback that it is given to. */
  readonly head: ResponseHead = new ResponseHead();
  readonly #bodyDecoders: BodyDecoder[] = [];
  readonly #trailers: TrailerCopy[] = [];
  /** The decoder that was made last, and its limit. */
  #decoder: ResponseDecoder | null = null;
  #headBytesMax = 0;

  constructor(transport: Transport) {
    const { pool } = transport;
    this.transport = transport;
    this.pool = pool;
    this.deferred = new DeferredQueue(transport);
    this.encoder = new Http1Encoder(pool.arena);
  }

  /** What exchanges of a snapshot with these options go by. */
  settings(options: UpstreamOptions): ClientSettings {
    const headBytesMax = options.responseHeadBytesMax;
    if (this.#decoder === null || this.#headBytesMax !== headBytesMax) {
      this.#headBytesMax = headBytesMax;
      this.#decoder = new ResponseDecoder(this.pool.arena, {
        headBytesMax,
        fieldBytesMax: Math.min(FIELD_BYTES_MAX, headBytesMax),
        fieldsCountMax: FIELDS_COUNT_MAX,
        targetBytesMax: 0,
      });
    }
    return { timeouts: options.timeouts, decoder: this.#decoder };
  }

  /** Lends a decoder until `releaseBodyDecoder`. */
  acquireBodyDecoder(): BodyDecoder {
    return this.#bodyDecoders.pop() ?? new BodyDecoder(this.pool.arena, false);
  }

  releaseBodyDecoder(decoder: BodyDecoder): void {
    if (this.#bodyDecoders.length < DECODERS_FREE_MAX) this.#bodyDecoders.push(decoder);
  }

  /** Keeps a copy of trailer fields until `releaseTrailers`; null where there are none. */
  keepTrailers(trailers: HeaderBlock): TrailerCopy | null {
    if (trailers.count === 0) return null;
    const copy = this.#trailers.pop() ?? new TrailerCopy();
    copy.take(this.pool, trailers);
    return copy;
  }

  releaseTrailers(copy: TrailerCopy): void {
    copy.clear(this.pool);
    if (this.#trailers.length < TRAILERS_FREE_MAX) this.#trailers.push(copy);
  }
}

// What the connections of one listener go by in one snapshot: its options, and what is made of
// them. A connection takes the newest with each request, and finishes a request on those that it
// began with.

import type { BufferPool } from '../base/buffer_pool.ts';
import { BUFFER_LARGE_BYTES, BUFFER_SMALL_BYTES } from '../base/limits.ts';
import { RequestDecoder } from '../http1/request_decoder.ts';
import type { ListenerOptions } from './options.ts';

/** A head is gathered in one buffer, beside the last small one that was received. */
const HEAD_BYTES_MAX: number = BUFFER_LARGE_BYTES - 2 * BUFFER_SMALL_BYTES;

export class ListenerSettings {
  readonly options: ListenerOptions;
  /** Keeps nothing between two calls: one serves every connection. */
  readonly decoder: RequestDecoder;
  /** Whether forwarding fields of that client are kept. */
  readonly isTrusted: (host: string) => boolean;

  constructor(pool: BufferPool, options: ListenerOptions, isTrusted: (host: string) => boolean) {
    const { limits, allowUnderscores } = options;
    const headLimits = {
      headBytesMax: Math.min(limits.requestHeadBytesMax, HEAD_BYTES_MAX),
      fieldBytesMax: limits.fieldBytesMax,
      fieldsCountMax: limits.fieldsCountMax,
      targetBytesMax: limits.targetBytesMax,
    };
    this.options = options;
    this.decoder = new RequestDecoder(pool.arena, headLimits, allowUnderscores);
    this.isTrusted = isTrusted;
  }
}

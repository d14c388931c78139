// Memory for what middleware writes into one message: header values, names, a new target. Borrows
// buffers of the pool when something is written, gives them back when the exchange is over. Bytes
// once written stay where they are, because header blocks point at them.
//
//   | SMALL: text text text ..free | -> | a larger one, for a text that does not fit | -> ...

import { assert } from '../base/assert.ts';
import { type BufferHandle, type BufferPool, NO_BUFFER, SizeClass } from '../base/buffer_pool.ts';
import { ZProxyError } from '../base/errors.ts';
import { MIDDLEWARE_FIELD_BYTES_MAX } from '../base/limits.ts';

/** Code of the error of `put` where the pool is empty: the exchange answers as overloaded. */
export const OUT_OF_BUFFERS = 'ZP_OUT_OF_BUFFERS';

export class FieldStore {
  readonly #pool: BufferPool;
  readonly #bytes: Uint8Array;
  readonly #buffers: BufferHandle[] = [];
  #at = 0;
  #end = 0;
  #byteCount = 0;

  constructor(pool: BufferPool) {
    this.#pool = pool;
    this.#bytes = pool.arena.bytes;
  }

  /**
   * Writes text of one-byte characters; returns where it begins. Throws ZP_FIELDS_TOO_LARGE and
   * ZP_OUT_OF_BUFFERS, and nothing is written then.
   */
  put(text: string): number {
    const byteCount = text.length;
    if (this.#byteCount + byteCount > MIDDLEWARE_FIELD_BYTES_MAX) {
      throw new ZProxyError(
        'ZP_FIELDS_TOO_LARGE',
        `Middleware wrote more than ${MIDDLEWARE_FIELD_BYTES_MAX} bytes of header fields and ` +
          'paths into one message; write fewer or shorter ones.',
      );
    }
    if (this.#at + byteCount > this.#end) this.#grow(byteCount);
    const start = this.#at;
    for (let i = 0; i < byteCount; i++) this.#bytes[start + i] = text.charCodeAt(i);
    this.#at = start + byteCount;
    this.#byteCount += byteCount;
    return start;
  }

  /** Gives all buffers back: nothing may point at what was written any more. */
  release(): void {
    for (let i = 0; i < this.#buffers.length; i++) this.#pool.release(this.#buffers[i]!);
    this.#buffers.length = 0;
    this.#at = 0;
    this.#end = 0;
    this.#byteCount = 0;
  }

  #grow(byteCount: number): void {
    const pool = this.#pool;
    const buffer = pool.acquire(classFor(pool, byteCount));
    if (buffer === NO_BUFFER) {
      throw new ZProxyError(
        OUT_OF_BUFFERS,
        'There is no buffer left for what middleware writes; the worker is overloaded.',
      );
    }
    this.#buffers.push(buffer);
    this.#at = pool.startOf(buffer);
    this.#end = pool.endOf(buffer);
  }
}

/** The smallest class whose buffers hold that many bytes. */
export function classFor(pool: BufferPool, byteCount: number): SizeClass {
  if (byteCount <= pool.capacityOf(SizeClass.SMALL)) return SizeClass.SMALL;
  if (byteCount <= pool.capacityOf(SizeClass.MEDIUM)) return SizeClass.MEDIUM;
  assert(byteCount <= pool.capacityOf(SizeClass.LARGE), 'a head fits a large buffer');
  return SizeClass.LARGE;
}

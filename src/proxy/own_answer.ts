// Answers that the proxy makes itself: one head, filled anew for each and encoded by the driver
// at once, and a body that is written into a pool buffer.

import type { Arena, ByteRange } from '../base/arena.ts';
import { assert } from '../base/assert.ts';
import { type BufferHandle, type BufferPool, NO_BUFFER } from '../base/buffer_pool.ts';
import type { ServerStream } from '../http/exchange_contract.ts';
import { FieldId } from '../http/field_names.ts';
import { Framing, ResponseHead } from '../http/message_head.ts';
import { Method } from '../http/methods.ts';
import type { ResponseFields } from './response_fields.ts';
import { ScratchWriter } from './scratch_writer.ts';

const SCRATCH_BYTES = 256;

export class OwnAnswers {
  readonly pool: BufferPool;
  readonly #head: ResponseHead = new ResponseHead();
  readonly #scratch: ScratchWriter;
  readonly #responseFields: ResponseFields;
  readonly #contentTypeName: ByteRange;
  readonly #proxyStatusName: ByteRange;
  readonly #allowName: ByteRange;

  constructor(arena: Arena, pool: BufferPool, responseFields: ResponseFields) {
    this.pool = pool;
    this.#scratch = new ScratchWriter(arena, SCRATCH_BYTES);
    this.#responseFields = responseFields;
    this.#contentTypeName = arena.writeStatic('Content-Type');
    this.#proxyStatusName = arena.writeStatic('Proxy-Status');
    this.#allowName = arena.writeStatic('Allow');
  }

  /**
   * Begins a head with its Date; the encoder adds the reason phrase. `add...` may follow, then
   * `send`.
   */
  begin(status: number): void {
    const head = this.#head;
    head.fields.clear();
    head.status = status;
    head.upgradeStart = 0;
    head.upgradeEnd = 0;
    this.#scratch.restart();
    this.#responseFields.addDate(head);
  }

  /** Proxy-Status (RFC 9209): who made this answer, and why. */
  addProxyStatus(error: string): void {
    const start = this.#scratch.at;
    this.#scratch.putText('zproxy');
    if (error !== '') this.#scratch.putText('; error=');
    this.#scratch.putText(error);
    this.#addField(this.#proxyStatusName, start, FieldId.PROXY_STATUS);
  }

  addAllow(methods: string): void {
    const start = this.#scratch.at;
    this.#scratch.putText(methods);
    this.#addField(this.#allowName, start, FieldId.UNKNOWN);
  }

  /**
   * Sends the head and `[start, end)` of `buffer` as its body. The buffer goes to the stream, or
   * back to the pool where no body may be sent; with NO_BUFFER the body is empty.
   */
  send(
    stream: ServerStream,
    contentType: string,
    buffer: BufferHandle,
    start: number,
    end: number,
  ): void {
    const head = this.#head;
    const byteCount = end - start;
    assert((buffer === NO_BUFFER) === (byteCount === 0), 'an empty body has no buffer');
    if (byteCount > 0) {
      const typeStart = this.#scratch.at;
      this.#scratch.putText(contentType);
      this.#addField(this.#contentTypeName, typeStart, FieldId.CONTENT_TYPE);
    }
    const hasBody = stream.head.method !== Method.HEAD;
    head.contentLength = byteCount;
    head.framing = hasBody ? Framing.LENGTH : Framing.NONE;
    head.bodyFollows = hasBody;
    stream.writeHead(head);
    if (hasBody) {
      if (buffer !== NO_BUFFER) stream.writeBody(buffer, start, end, true);
      stream.endBody(null);
    } else if (buffer !== NO_BUFFER) this.pool.release(buffer);
  }

  #addField(name: ByteRange, valueStart: number, id: FieldId): void {
    this.#head.fields.add(name.start, name.end, valueStart, this.#scratch.at, id);
  }
}

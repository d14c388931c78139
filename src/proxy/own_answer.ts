// Answers that the proxy makes itself: one head, filled anew for each and encoded by the driver
// at once, and a body that is written into a pool buffer. Fields of which the length is not known
// beforehand are written into a buffer that is lent for as long as that takes.

import type { Arena, ByteRange } from '../base/arena.ts';
import { assert } from '../base/assert.ts';
import { type BufferHandle, type BufferPool, NO_BUFFER, SizeClass } from '../base/buffer_pool.ts';
import type { Clock } from '../base/clock.ts';
import type { HttpDate } from '../http/date.ts';
import type { ServerStream } from '../http/exchange_contract.ts';
import { FieldId, identifyField } from '../http/field_names.ts';
import { Framing, ResponseHead } from '../http/message_head.ts';
import { Method } from '../http/methods.ts';
import { ScratchWriter } from './scratch_writer.ts';

const SCRATCH_BYTES = 512;
const ALLOW_BYTES_MAX = 256;
/** For a 405 whose list of methods is too long to be of use to anybody. */
const METHODS_COMMON = 'GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS';

export class OwnAnswers {
  readonly pool: BufferPool;
  readonly #head: ResponseHead = new ResponseHead();
  readonly #scratch: ScratchWriter;
  readonly #date: HttpDate;
  readonly #clock: Clock;
  readonly #dateName: ByteRange;
  readonly #contentTypeName: ByteRange;
  readonly #proxyStatusName: ByteRange;
  readonly #allowName: ByteRange;
  /** Holds the names and values of `addField` until the head is encoded. */
  #fieldsBuffer: BufferHandle = NO_BUFFER;
  #fieldsAt = 0;

  constructor(arena: Arena, pool: BufferPool, date: HttpDate, clock: Clock) {
    this.pool = pool;
    this.#scratch = new ScratchWriter(arena, SCRATCH_BYTES);
    this.#date = date;
    this.#clock = clock;
    this.#dateName = arena.writeStatic('Date');
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
    this.#releaseFields(); // of an answer that was begun and did not fit
    head.fields.clear();
    head.status = status;
    head.upgradeStart = 0;
    head.upgradeEnd = 0;
    this.#scratch.restart();
    // RFC 9110 section 6.6.1: an origin server with a clock MUST send it.
    const date = this.#date.range(this.#clock);
    head.fields.add(this.#dateName.start, this.#dateName.end, date.start, date.end, FieldId.DATE);
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
    this.#scratch.putText(methods.length <= ALLOW_BYTES_MAX ? methods : METHODS_COMMON);
    this.#addField(this.#allowName, start, FieldId.UNKNOWN);
  }

  /**
   * Adds any field; name and value were checked to be latin1 without line ends. False where there
   * is no room: then the answer is not what was meant, and another one has to do.
   */
  addField(name: string, value: string): boolean {
    const { pool } = this;
    if (this.#fieldsBuffer === NO_BUFFER) {
      this.#fieldsBuffer = pool.acquire(SizeClass.MEDIUM);
      if (this.#fieldsBuffer === NO_BUFFER) return false;
      this.#fieldsAt = pool.startOf(this.#fieldsBuffer);
    }
    const nameStart = this.#fieldsAt;
    const valueStart = nameStart + name.length;
    const end = valueStart + value.length;
    const { fields } = this.#head;
    if (end > pool.endOf(this.#fieldsBuffer) || fields.isFull) return false;
    const { bytes } = pool.arena;
    for (let i = 0; i < name.length; i++) bytes[nameStart + i] = name.charCodeAt(i);
    for (let i = 0; i < value.length; i++) bytes[valueStart + i] = value.charCodeAt(i);
    const id = identifyField(bytes, nameStart, valueStart);
    fields.add(nameStart, valueStart, valueStart, end, id);
    this.#fieldsAt = end;
    return true;
  }

  /** Whether `addField` was given that name. */
  hasField(id: FieldId): boolean {
    return this.#head.fields.find(id) >= 0;
  }

  /**
   * Sends the head of an answer with `contentLength` bytes of body, which the caller writes if this
   * returns true; else the answer has ended (HEAD, 204, 304).
   */
  sendHead(stream: ServerStream, contentType: string, contentLength: number): boolean {
    const head = this.#head;
    const isBodiless = isWithoutContent(head.status);
    const hasBody = stream.head.method !== Method.HEAD && !isBodiless;
    if (contentLength > 0 && !isBodiless) this.#addContentType(contentType);
    head.contentLength = isBodiless ? -1 : contentLength;
    head.framing = hasBody ? Framing.LENGTH : Framing.NONE;
    head.bodyFollows = hasBody;
    stream.writeHead(head);
    this.#releaseFields();
    return hasBody;
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
    const byteCount = end - start;
    assert((buffer === NO_BUFFER) === (byteCount === 0), 'an empty body has no buffer');
    if (this.sendHead(stream, contentType, byteCount)) {
      if (buffer !== NO_BUFFER) stream.writeBody(buffer, start, end, true);
      stream.endBody(null);
    } else if (buffer !== NO_BUFFER) this.pool.release(buffer);
  }

  #releaseFields(): void {
    if (this.#fieldsBuffer !== NO_BUFFER) this.pool.release(this.#fieldsBuffer);
    this.#fieldsBuffer = NO_BUFFER;
  }

  #addContentType(contentType: string): void {
    if (contentType === '' || this.hasField(FieldId.CONTENT_TYPE)) return;
    const start = this.#scratch.at;
    this.#scratch.putText(contentType);
    this.#addField(this.#contentTypeName, start, FieldId.CONTENT_TYPE);
  }

  #addField(name: ByteRange, valueStart: number, id: FieldId): void {
    this.#head.fields.add(name.start, name.end, valueStart, this.#scratch.at, id);
  }
}

/** RFC 9110 sections 15.3.5 and 15.4.5: a 204 or 304 has no content, and a 204 no length either. */
function isWithoutContent(status: number): boolean {
  return status === 204 || status === 304;
}

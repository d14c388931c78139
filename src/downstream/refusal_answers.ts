// The answers that a driver gives itself: to requests that its codec refuses, to bodies that break
// their framing or come too slowly. One text per row of the error table, made once; only the date
// is filled in. Each closes the connection (RFC 9112 section 9.6) and names its reason in
// Proxy-Status (RFC 9209).

import { type BufferHandle, type BufferPool, NO_BUFFER, SizeClass } from '../base/buffer_pool.ts';
import type { Clock } from '../base/clock.ts';
import { type HttpDate, httpDateOf } from '../http/date.ts';
import {
  EXCHANGE_ERRORS,
  type ExchangeError,
  type ExchangeErrorInfo,
} from '../http/exchange_error.ts';
import { reasonPhrase } from '../http/status.ts';
import type { RequestInput } from './request_input.ts';

interface Template {
  readonly bytes: Uint8Array;
  /** Where the date goes (as many bytes as `DATE_PLACE`), and where the head ends. */
  readonly dateAt: number;
  readonly headEnd: number;
}

const DATE_PLACE = 'Thu, 01 Jan 1970 00:00:00 GMT';

const TEMPLATES: readonly (Template | null)[] = EXCHANGE_ERRORS.map((row) =>
  row.status === 0 ? null : makeTemplate(row),
);

export class RefusalAnswers {
  /** Where the answer that was written last lies. */
  start = 0;
  end = 0;
  readonly #pool: BufferPool;
  readonly #clock: Clock;
  readonly #date: HttpDate;

  constructor(pool: BufferPool, clock: Clock) {
    this.#pool = pool;
    this.#clock = clock;
    this.#date = httpDateOf(pool.arena);
  }

  /**
   * Writes an answer to `[start, end)` of a buffer that the caller then owns: one that the request
   * still holds, whose bytes nobody needs any more, so that even an empty pool cannot keep us from
   * answering; else a new one. NO_BUFFER where there is none, or no answer to that error. An answer
   * to HEAD has no body (RFC 9110 section 9.3.2).
   */
  write(input: RequestInput, error: ExchangeError, isHead: boolean): BufferHandle {
    const template = TEMPLATES[error] ?? null;
    if (template === null) return NO_BUFFER;
    let buffer = input.takeAnyBuffer();
    if (buffer === NO_BUFFER) buffer = this.#pool.acquire(SizeClass.SMALL);
    if (buffer === NO_BUFFER) return NO_BUFFER;
    const bytes = this.#pool.arena.bytes;
    this.start = this.#pool.startOf(buffer);
    this.end = this.start + (isHead ? template.headEnd : template.bytes.length);
    bytes.set(template.bytes, this.start);
    const date = this.#date.range(this.#clock);
    bytes.copyWithin(this.start + template.dateAt, date.start, date.end);
    return buffer;
  }
}

function makeTemplate(row: ExchangeErrorInfo): Template {
  const body = `${row.code}: ${row.text}\n`;
  const before = `HTTP/1.1 ${row.status} ${reasonPhrase(row.status)}\r\nDate: `;
  const head =
    `${before}${DATE_PLACE}\r\nContent-Type: text/plain; charset=utf-8\r\n` +
    `Content-Length: ${body.length}\r\nProxy-Status: zproxy; error=${row.proxyStatus}\r\n` +
    'Connection: close\r\n\r\n';
  const text = head + body;
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  return { bytes, dateAt: before.length, headEnd: head.length };
}

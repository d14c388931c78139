// Requests that the proxy answers as their final recipient: TRACE and OPTIONS whose Max-Forwards
// is used up (RFC 9110 section 7.6.2: MUST NOT be forwarded), and `OPTIONS *`, whatever the routes.

import { type BufferHandle, type BufferPool, NO_BUFFER, SizeClass } from '../base/buffer_pool.ts';
import type { ServerStream } from '../http/exchange_contract.ts';
import { FieldId } from '../http/field_names.ts';
import type { RequestHead } from '../http/message_head.ts';
import { Method } from '../http/methods.ts';
import type { OwnAnswers } from './own_answer.ts';

const OK = 200;
const ASTERISK = 0x2a;

/**
 * Whether a request is answered here: `maxForwards` is 0 (RFC 9110 section 7.6.2: MUST), or it is
 * about the server.
 */
export function isFinalRecipient(
  bytes: Uint8Array,
  head: RequestHead,
  maxForwards: number,
): boolean {
  return maxForwards === 0 || isForServer(bytes, head);
}

/**
 * `OPTIONS *` asks about the server as a whole (RFC 9110 section 9.3.7); an absolute target
 * without a path means the same (RFC 9112 section 3.2.4).
 */
export function isForServer(bytes: Uint8Array, head: RequestHead): boolean {
  return head.method === Method.OPTIONS && bytes[head.targetStart] === ASTERISK;
}

/** Answers such a request; returns the status. */
export function answerAsFinal(answers: OwnAnswers, stream: ServerStream): number {
  return stream.head.method === Method.TRACE
    ? answerTrace(answers, stream)
    : answerOptions(answers, stream);
}

/** OPTIONS of the proxy itself: it has nothing to say beyond that it is there (section 9.3.7). */
function answerOptions(answers: OwnAnswers, stream: ServerStream): number {
  answers.begin(OK);
  answers.send(stream, '', NO_BUFFER, 0, 0);
  return OK;
}

/**
 * TRACE (section 9.3.8): the request as received in a message/http body, without the fields that
 * are likely to hold secrets. Where it does not fit a buffer the body is empty.
 */
function answerTrace(answers: OwnAnswers, stream: ServerStream): number {
  const { pool } = answers;
  const head = stream.head;
  const byteCount = reflectedBytes(head);
  answers.begin(OK);
  const buffer = acquireFor(pool, byteCount);
  if (buffer === NO_BUFFER) {
    answers.send(stream, '', NO_BUFFER, 0, 0);
    return OK;
  }
  const start = pool.startOf(buffer);
  answers.send(stream, 'message/http', buffer, start, reflect(pool.arena.bytes, head, start));
  return OK;
}

function acquireFor(pool: BufferPool, byteCount: number): BufferHandle {
  if (byteCount <= pool.capacityOf(SizeClass.SMALL)) return pool.acquire(SizeClass.SMALL);
  if (byteCount <= pool.capacityOf(SizeClass.MEDIUM)) return pool.acquire(SizeClass.MEDIUM);
  return byteCount <= pool.capacityOf(SizeClass.LARGE) ? pool.acquire(SizeClass.LARGE) : NO_BUFFER;
}

function isReflected(head: RequestHead, index: number): boolean {
  if (head.fields.isRemoved(index)) return false;
  const id = head.fields.id(index);
  return id !== FieldId.AUTHORIZATION && id !== FieldId.COOKIE;
}

function reflectedBytes(head: RequestHead): number {
  const { fields } = head;
  let byteCount = head.methodEnd - head.methodStart + head.targetEnd - head.targetStart;
  byteCount += ' '.length + ' HTTP/1.1\r\n'.length + '\r\n'.length;
  for (let i = 0; i < fields.count; i++) {
    if (!isReflected(head, i)) continue;
    byteCount +=
      fields.nameEnd(i) - fields.nameStart(i) + fields.valueEnd(i) - fields.valueStart(i);
    byteCount += ': '.length + '\r\n'.length;
  }
  return byteCount;
}

function reflect(bytes: Uint8Array, head: RequestHead, start: number): number {
  const { fields } = head;
  let at = copy(bytes, start, head.methodStart, head.methodEnd);
  at = write(bytes, at, ' ');
  at = copy(bytes, at, head.targetStart, head.targetEnd);
  at = write(bytes, at, head.version === 10 ? ' HTTP/1.0\r\n' : ' HTTP/1.1\r\n');
  for (let i = 0; i < fields.count; i++) {
    if (!isReflected(head, i)) continue;
    at = copy(bytes, at, fields.nameStart(i), fields.nameEnd(i));
    at = write(bytes, at, ': ');
    at = copy(bytes, at, fields.valueStart(i), fields.valueEnd(i));
    at = write(bytes, at, '\r\n');
  }
  return write(bytes, at, '\r\n');
}

function copy(bytes: Uint8Array, at: number, start: number, end: number): number {
  bytes.copyWithin(at, start, end);
  return at + end - start;
}

function write(bytes: Uint8Array, at: number, text: string): number {
  for (let i = 0; i < text.length; i++) bytes[at + i] = text.charCodeAt(i);
  return at + text.length;
}

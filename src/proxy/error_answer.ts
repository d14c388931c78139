// The answer to a request that failed before a response began: one row of the table of exchange
// errors as a status, a Proxy-Status field (RFC 9209) and a line of text with the error's code.

import { assert } from '../base/assert.ts';
import { NO_BUFFER, SizeClass } from '../base/buffer_pool.ts';
import type { ServerStream } from '../http/exchange_contract.ts';
import { EXCHANGE_ERRORS, ExchangeError } from '../http/exchange_error.ts';
import type { OwnAnswers } from './own_answer.ts';

/**
 * What a 405 MUST say (RFC 9110 section 15.5.6): all that is not refused, which is CONNECT alone.
 */
const METHODS_ALLOWED = 'GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS, TRACE';

/** Answers `error`; returns the status. The row must have one. */
export function answerError(
  answers: OwnAnswers,
  stream: ServerStream,
  error: ExchangeError,
): number {
  const info = EXCHANGE_ERRORS[error]!;
  assert(info.status !== 0, 'an error that is answered has a status');
  answers.begin(info.status);
  answers.addProxyStatus(info.proxyStatus);
  if (error === ExchangeError.METHOD_NOT_ALLOWED) answers.addAllow(METHODS_ALLOWED);
  const { pool } = answers;
  const buffer = pool.acquire(SizeClass.SMALL);
  if (buffer === NO_BUFFER) {
    answers.send(stream, '', NO_BUFFER, 0, 0); // out of memory: the status alone has to do
    return info.status;
  }
  const start = pool.startOf(buffer);
  let at = writeText(pool.arena.bytes, start, info.code);
  at = writeText(pool.arena.bytes, at, ': ');
  at = writeText(pool.arena.bytes, at, info.text);
  at = writeText(pool.arena.bytes, at, '\n');
  answers.send(stream, 'text/plain', buffer, start, at);
  return info.status;
}

function writeText(bytes: Uint8Array, at: number, text: string): number {
  for (let i = 0; i < text.length; i++) bytes[at + i] = text.charCodeAt(i);
  return at + text.length;
}

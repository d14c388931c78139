// An answer of middleware, checked and turned into what the proxy sends: the same shape as a
// `respond` action of a route.

import { ZProxyError } from '../base/errors.ts';
import { checkFieldName, checkFieldValue, shown } from './field_checks.ts';
import type { MiddlewareAnswer } from './middleware.ts';

/** A body that is sent on the proxy's own account. */
export interface AnswerBody {
  readonly bytes: Uint8Array;
  /** Value of Content-Type; '' where `fields` have one. */
  readonly contentType: string;
}

export interface CheckedAnswer {
  readonly status: number;
  readonly body: AnswerBody | null;
  /** Names as written. */
  readonly fields: readonly (readonly [name: string, value: string])[];
}

const TEXT_TYPE = 'text/plain; charset=utf-8';
const BYTES_TYPE = 'application/octet-stream';
const ENCODER: TextEncoder = new TextEncoder();
/** Fields of one answer: what the proxy adds itself fits a head beside them. */
const FIELDS_COUNT_MAX = 100;

/**
 * Checks what a hook returned. Throws ZP_ANSWER_INVALID, and ZP_FIELD_INVALID for a header that
 * cannot be sent.
 */
export function checkAnswer(answer: MiddlewareAnswer): CheckedAnswer {
  if (typeof answer !== 'object' || answer === null) {
    throw invalid(`returned ${shown(answer)}; return nothing, or an answer with a status`);
  }
  const { status, headers, body } = answer;
  if (!Number.isInteger(status) || status < 200 || status > 599) {
    throw invalid(`answered with the status ${shown(status)}; write 200 to 599`);
  }
  const fields: [string, string][] = [];
  let hasType = false;
  for (const name of Object.keys(headers ?? {})) {
    const lowerName = checkFieldName(name, 'response');
    hasType ||= lowerName === 'content-type';
    const values = headers![name]!;
    if (typeof values === 'string') fields.push([name, checkFieldValue(name, values)]);
    else addValues(fields, name, values);
  }
  if (fields.length > FIELDS_COUNT_MAX) {
    throw invalid(`answered with ${fields.length} headers; write ${FIELDS_COUNT_MAX} at most`);
  }
  return { status, fields, body: body === undefined ? null : bodyOf(body, hasType) };
}

function addValues(fields: [string, string][], name: string, values: readonly string[]): void {
  if (!Array.isArray(values)) {
    checkFieldValue(name, values as unknown as string); // throws: neither a text nor a list
    return;
  }
  for (let i = 0; i < values.length; i++) fields.push([name, checkFieldValue(name, values[i]!)]);
}

function bodyOf(body: string | Uint8Array, hasType: boolean): AnswerBody {
  if (typeof body === 'string') {
    return { bytes: ENCODER.encode(body), contentType: hasType ? '' : TEXT_TYPE };
  }
  if (body instanceof Uint8Array) return { bytes: body, contentType: hasType ? '' : BYTES_TYPE };
  throw invalid(`answered with the body ${shown(body)}; write a text or a Uint8Array`);
}

function invalid(what: string): ZProxyError {
  return new ZProxyError('ZP_ANSWER_INVALID', `Middleware ${what}.`);
}

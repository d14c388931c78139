// What an exchange answers on its own account: errors (with the operator's pages), redirects, fixed
// responses, and answers of middleware. Each returns the status that was sent. Whatever does not
// fit the memory that is there becomes a shorter answer with the same status.

import { assert } from '../base/assert.ts';
import { NO_BUFFER, SizeClass } from '../base/buffer_pool.ts';
import type { ServerStream } from '../http/exchange_contract.ts';
import { EXCHANGE_ERRORS, ExchangeError } from '../http/exchange_error.ts';
import type { CheckedAnswer } from '../middleware/checked_answer.ts';
import { renderTemplate } from '../middleware/template.ts';
import type { CompiledRoute } from './compiled_route.ts';
import { findErrorPage } from './error_page.ts';
import type { ExchangeContext } from './exchange_context.ts';
import type { ExchangeRequest } from './exchange_request.ts';
import type { OwnBody } from './options.ts';
import type { OwnBodySource } from './own_body.ts';
import type { ProxyState } from './proxy_state.ts';

/** What a 405 to CONNECT MUST say (RFC 9110 section 15.5.6): all that is not refused everywhere. */
const METHODS_ALLOWED = 'GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS, TRACE';
const TEXT_TYPE = 'text/plain';
const FAILED = 500;

/** Of one exchange. */
export class ExchangeAnswers {
  /** Methods for the `Allow` of the next 405; '' for the usual ones. */
  #allow = '';
  readonly #context: ExchangeContext;
  readonly #body: OwnBodySource;

  constructor(context: ExchangeContext, body: OwnBodySource) {
    this.#context = context;
    this.#body = body;
  }

  /** Answers `error`, whose row has a status. */
  error(
    stream: ServerStream,
    error: ExchangeError,
    route: CompiledRoute | null,
    state: ProxyState,
  ): number {
    const info = EXCHANGE_ERRORS[error]!;
    const { answers } = this.#context;
    answers.begin(info.status);
    answers.addProxyStatus(info.proxyStatus);
    if (error === ExchangeError.METHOD_NOT_ALLOWED) {
      answers.addAllow(this.#allow === '' ? METHODS_ALLOWED : this.#allow);
      this.#allow = '';
    }
    const page = findErrorPage(route?.errorPages ?? [], state.options.errorPages, info.status);
    if (page === null) this.#sendErrorText(stream, error);
    else this.#sendBody(stream, page.body);
    return info.status;
  }

  /** A page of the operator in place of an upstream's answer of that status. */
  page(stream: ServerStream, status: number, body: OwnBody): number {
    this.#context.answers.begin(status);
    this.#sendBody(stream, body);
    return status;
  }

  /** What a request is refused with that no route matches. */
  refuse(request: ExchangeRequest): ExchangeError {
    this.#allow = request.allowedMethods();
    return this.#allow === '' ? ExchangeError.ROUTE_NOT_FOUND : ExchangeError.METHOD_NOT_ALLOWED;
  }

  /** An answer of middleware. */
  custom(stream: ServerStream, answer: CheckedAnswer): number {
    return this.#respond(stream, answer);
  }

  /** What a route says that does not forward. */
  own(stream: ServerStream, request: ExchangeRequest): number {
    const { action } = request.route!.options;
    if (action.kind === 'respond') return this.#respond(stream, action);
    assert(action.kind === 'redirect', 'a route that forwards is not answered here');
    const location = renderTemplate(request.route!.location!, request.texts());
    return this.#redirect(stream, action.status, location);
  }

  #redirect(stream: ServerStream, status: number, location: string): number {
    const { answers } = this.#context;
    answers.begin(status);
    if (!answers.addField('Location', location)) return this.#tooMuch(stream);
    answers.send(stream, '', NO_BUFFER, 0, 0);
    return status;
  }

  #respond(stream: ServerStream, action: CheckedAnswer): number {
    const { answers } = this.#context;
    answers.begin(action.status);
    for (const [name, value] of action.fields) {
      if (!answers.addField(name, value)) return this.#tooMuch(stream);
    }
    if (action.body === null) answers.send(stream, '', NO_BUFFER, 0, 0);
    else this.#sendBody(stream, action.body);
    return action.status;
  }

  #sendBody(stream: ServerStream, body: OwnBody): void {
    const { answers, pool } = this.#context;
    const { bytes, contentType } = body;
    const byteCount = bytes.length;
    if (byteCount > pool.capacityOf(SizeClass.SMALL)) {
      if (answers.sendHead(stream, contentType, byteCount)) this.#body.start(stream, bytes);
      return;
    }
    const buffer = byteCount === 0 ? NO_BUFFER : pool.acquire(SizeClass.SMALL);
    if (buffer === NO_BUFFER) {
      answers.send(stream, '', NO_BUFFER, 0, 0); // out of memory: the status alone has to do
      return;
    }
    const start = pool.startOf(buffer);
    pool.arena.bytes.set(bytes, start);
    answers.send(stream, contentType, buffer, start, start + byteCount);
  }

  /** `code: sentence` as text. */
  #sendErrorText(stream: ServerStream, error: ExchangeError): void {
    const { answers, pool } = this.#context;
    const info = EXCHANGE_ERRORS[error]!;
    const buffer = pool.acquire(SizeClass.SMALL);
    if (buffer === NO_BUFFER) {
      answers.send(stream, '', NO_BUFFER, 0, 0);
      return;
    }
    const start = pool.startOf(buffer);
    let at = writeText(pool.arena.bytes, start, info.code);
    at = writeText(pool.arena.bytes, at, ': ');
    at = writeText(pool.arena.bytes, at, info.text);
    at = writeText(pool.arena.bytes, at, '\n');
    answers.send(stream, TEXT_TYPE, buffer, start, at);
  }

  /** Its fields find no room: an answer without them would say something else. */
  #tooMuch(stream: ServerStream): number {
    const { answers } = this.#context;
    answers.begin(FAILED);
    answers.addProxyStatus('proxy_internal_error');
    answers.send(stream, '', NO_BUFFER, 0, 0);
    return FAILED;
  }
}

function writeText(bytes: Uint8Array, at: number, text: string): number {
  for (let i = 0; i < text.length; i++) bytes[at + i] = text.charCodeAt(i);
  return at + text.length;
}

// A request as middleware sees it: made for one exchange, read lazily, never reused. What it says
// is read from the head at the moment of asking, so that later middleware sees what earlier
// changed.

import { ZProxyError } from '../base/errors.ts';
import { TARGET_BYTES_MAX } from '../base/limits.ts';
import { addCookies } from './cookies.ts';
import { shown } from './field_checks.ts';
import type { FieldStore } from './field_store.ts';
import { FieldsView, type ViewMemory } from './fields_view.ts';
import type { MiddlewareRequest } from './middleware.ts';
import type { MiddlewareExchange } from './middleware_exchange.ts';
import { isNormalTarget } from './normal_target.ts';
import { RequestSource } from './request_source.ts';
import type { TemplateSource } from './template.ts';
import { ViewAccess, type ViewGate } from './view_gate.ts';

/** What middleware chose or keeps for an exchange; outlives the views. */
export interface ExchangeChoices {
  /** Name of the upstream to forward to; '' for the route's. */
  upstreamName: string;
  readonly state: Record<string, unknown>;
}

/** Beside the public contract it is what templates of built-in middleware read. */
export class RequestView implements MiddlewareRequest, TemplateSource {
  readonly headers: FieldsView;
  readonly state: Record<string, unknown>;
  readonly #exchange: MiddlewareExchange;
  readonly #source: RequestSource;
  readonly #gate: ViewGate;
  readonly #store: FieldStore;
  readonly #choices: ExchangeChoices;
  #params: Readonly<Record<string, string>> | null = null;
  #cookies: Readonly<Record<string, string>> | null = null;
  #cookiesChangesCount = 0;

  constructor(
    exchange: MiddlewareExchange,
    gate: ViewGate,
    store: FieldStore,
    memory: ViewMemory,
    choices: ExchangeChoices,
  ) {
    this.#exchange = exchange;
    this.#source = new RequestSource(exchange, memory);
    this.#gate = gate;
    this.#store = store;
    this.#choices = choices;
    this.state = choices.state;
    this.headers = new FieldsView('request', gate, exchange.requestHead, store, memory);
  }

  get method(): string {
    return this.#read().method;
  }

  get scheme(): 'http' | 'https' {
    return this.#read().scheme;
  }

  get host(): string {
    return this.#read().host;
  }

  get path(): string {
    return this.#read().path;
  }

  get query(): string {
    return this.#read().query;
  }

  get clientIp(): string {
    return this.#read().clientIp;
  }

  get route(): string {
    return this.#read().route;
  }

  get requestId(): string {
    return this.#read().requestId;
  }

  get params(): Readonly<Record<string, string>> {
    this.#gate.checkRead();
    this.#params ??= this.#readParams();
    return this.#params;
  }

  get cookies(): Readonly<Record<string, string>> {
    this.#gate.checkRead();
    const { changesCount } = this.headers;
    if (this.#cookies === null || changesCount !== this.#cookiesChangesCount) {
      this.#cookies = this.#readCookies();
      this.#cookiesChangesCount = changesCount;
    }
    return this.#cookies;
  }

  rewrite(pathAndQuery: string): void {
    this.#gate.checkWrite();
    const isFitting = typeof pathAndQuery === 'string' && pathAndQuery.length <= TARGET_BYTES_MAX;
    if (!isFitting || !isNormalTarget(pathAndQuery)) throw pathError(pathAndQuery);
    const head = this.#exchange.requestHead;
    const start = this.#store.put(pathAndQuery);
    const queryAt = pathAndQuery.indexOf('?');
    head.targetStart = start;
    head.targetEnd = start + pathAndQuery.length;
    head.pathEnd = queryAt < 0 ? head.targetEnd : start + queryAt;
  }

  useUpstream(name: string): void {
    this.#gate.checkWrite();
    if (typeof name !== 'string' || !this.#exchange.hasUpstream(name)) {
      throw new ZProxyError(
        'ZP_UPSTREAM_UNKNOWN',
        `Middleware chose the upstream "${shown(name)}", which the configuration does not have; ` +
          'name one of "upstreams".',
      );
    }
    this.#choices.upstreamName = name;
  }

  // --- for templates of built-in middleware -------------------------------------------------

  /** A request has none. */
  get status(): number {
    return 0;
  }

  param(name: string): string {
    return this.#read().param(name);
  }

  header(name: string): string {
    return this.#read().header(name);
  }

  cookie(name: string): string {
    return this.#read().cookie(name);
  }

  #read(): RequestSource {
    if (this.#gate.access === ViewAccess.OVER) this.#gate.checkRead();
    return this.#source;
  }

  #readParams(): Readonly<Record<string, string>> {
    const { paramNames } = this.#exchange;
    const params: Record<string, string> = Object.create(null);
    for (let i = 0; i < paramNames.length; i++) {
      params[paramNames[i]!] = percentDecoded(this.#exchange.paramText(i));
    }
    return params;
  }

  #readCookies(): Readonly<Record<string, string>> {
    const cookies: Record<string, string> = Object.create(null);
    const lists = this.headers.getAll('cookie');
    for (let i = 0; i < lists.length; i++) addCookies(lists[i]!, cookies);
    return cookies;
  }
}

/** The text as it is where its escapes are not UTF-8. */
function percentDecoded(text: string): string {
  if (!text.includes('%')) return text;
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function pathError(pathAndQuery: unknown): ZProxyError {
  return new ZProxyError(
    'ZP_PATH_INVALID',
    `Middleware rewrote a request to "${shown(pathAndQuery)}"; write a path in ` +
      'normal form: "/" first, no dot segments, escapes in upper case and only of characters ' +
      `that need them, no fragment, at most ${TARGET_BYTES_MAX} bytes.`,
  );
}

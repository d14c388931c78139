// A response of an upstream as middleware sees it, before its head goes to the client. Templates of
// built-in middleware read it, too: the values of the request, and the status.

import { ZProxyError } from '../base/errors.ts';
import type { ResponseHead } from '../http/message_head.ts';
import { Method } from '../http/methods.ts';
import { hasNoBody } from '../http/status.ts';
import type { FieldStore } from './field_store.ts';
import { FieldsView, type ViewMemory } from './fields_view.ts';
import type { MiddlewareResponse } from './middleware.ts';
import type { RequestView } from './request_view.ts';
import type { TemplateSource } from './template.ts';
import type { ViewGate } from './view_gate.ts';

/** Where the response's head lies now: the driver's memory, or a copy of it. */
export interface ResponsePlace {
  head: ResponseHead;
}

export class ResponseView implements MiddlewareResponse, TemplateSource {
  readonly headers: FieldsView;
  readonly #place: ResponsePlace;
  readonly #gate: ViewGate;
  readonly #request: RequestView;

  constructor(
    place: ResponsePlace,
    gate: ViewGate,
    store: FieldStore,
    memory: ViewMemory,
    request: RequestView,
  ) {
    this.#place = place;
    this.#gate = gate;
    this.#request = request;
    this.headers = new FieldsView('response', gate, new PlacedFields(place), store, memory);
  }

  get status(): number {
    this.#gate.checkRead();
    return this.#place.head.status;
  }

  /**
   * Another status; the reason phrase becomes the registered one. Throws ZP_STATUS_INVALID for what
   * is no final status, and where one of the two has a body and the other must not.
   */
  set status(status: number) {
    this.#gate.checkWrite();
    const { head } = this.#place;
    if (status === head.status) return;
    const isFinal = Number.isInteger(status) && status >= 200 && status <= 599;
    if (!isFinal || head.status < 200 || isBodyless(status) !== isBodyless(head.status)) {
      throw new ZProxyError(
        'ZP_STATUS_INVALID',
        `Middleware changed the status of a response from ${head.status} to ${String(status)}; ` +
          'write 200 to 599, and return an answer where the new status has no body (204, 304) or ' +
          'the old one had none.',
      );
    }
    head.status = status;
    head.reasonStart = 0;
    head.reasonEnd = 0;
  }

  // --- for templates of built-in middleware ---

  get path(): string {
    return this.#request.path;
  }

  get query(): string {
    return this.#request.query;
  }

  get host(): string {
    return this.#request.host;
  }

  get method(): string {
    return this.#request.method;
  }

  get scheme(): string {
    return this.#request.scheme;
  }

  get clientIp(): string {
    return this.#request.clientIp;
  }

  get requestId(): string {
    return this.#request.requestId;
  }

  get route(): string {
    return this.#request.route;
  }

  param(name: string): string {
    return this.#request.param(name);
  }

  header(name: string): string {
    return this.#request.header(name);
  }

  cookie(name: string): string {
    return this.#request.cookie(name);
  }
}

/** The fields of the head at a place. */
class PlacedFields {
  readonly #place: ResponsePlace;

  constructor(place: ResponsePlace) {
    this.#place = place;
  }

  get fields(): ResponseHead['fields'] {
    return this.#place.head.fields;
  }
}

/** RFC 9112 section 6.3, whatever the method. */
function isBodyless(status: number): boolean {
  return hasNoBody(status, Method.GET);
}

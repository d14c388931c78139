// Values of a request as strings, made from its head when they are asked for: what a view and the
// templates behind it read.

import { FieldId } from '../http/field_names.ts';
import type { HeaderBlock } from '../http/header_block.ts';
import type { RequestHead } from '../http/message_head.ts';
import { equalsIgnoreCase } from '../http/text.ts';
import { cookieValue } from './cookies.ts';
import { fieldIdOf } from './field_rules.ts';
import type { ViewMemory } from './fields_view.ts';
import type { MiddlewareExchange } from './middleware_exchange.ts';
import type { TemplateSource } from './template.ts';

export class RequestSource implements TemplateSource {
  /** A request has none. */
  readonly status = 0;
  readonly #exchange: MiddlewareExchange;
  readonly #memory: ViewMemory;

  constructor(exchange: MiddlewareExchange, memory: ViewMemory) {
    this.#exchange = exchange;
    this.#memory = memory;
  }

  get head(): RequestHead {
    return this.#exchange.requestHead;
  }

  get method(): string {
    return this.#memory.text.of(this.head.methodStart, this.head.methodEnd);
  }

  get path(): string {
    return this.#memory.text.of(this.head.targetStart, this.head.pathEnd);
  }

  get query(): string {
    const { pathEnd, targetEnd } = this.head;
    return pathEnd === targetEnd ? '' : this.#memory.text.of(pathEnd + 1, targetEnd);
  }

  get host(): string {
    return this.#memory.text.of(this.head.authorityStart, this.head.authorityEnd);
  }

  get scheme(): 'http' | 'https' {
    return this.#exchange.requestScheme;
  }

  get clientIp(): string {
    return this.#exchange.clientHost();
  }

  get requestId(): string {
    return this.#exchange.requestId();
  }

  get route(): string {
    return this.#exchange.routeName;
  }

  param(name: string): string {
    const exchange = this.#exchange;
    const index = exchange.paramNames.indexOf(name);
    return index < 0 ? '' : exchange.paramText(index);
  }

  header(lowerName: string): string {
    const { fields } = this.head;
    const index = findField(this.#memory.bytes, fields, lowerName, fieldIdOf(lowerName), 0);
    return index < 0 ? '' : this.#memory.text.of(fields.valueStart(index), fields.valueEnd(index));
  }

  cookie(name: string): string {
    const { fields } = this.head;
    for (let i = fields.find(FieldId.COOKIE); i >= 0; i = fields.find(FieldId.COOKIE, i + 1)) {
      const list = this.#memory.text.of(fields.valueStart(i), fields.valueEnd(i));
      const value = cookieValue(list, name);
      if (value !== null) return value;
    }
    return '';
  }
}

/** The first field at or after `from` of that name that is not removed, or -1. */
export function findField(
  bytes: Uint8Array,
  fields: HeaderBlock,
  lowerName: string,
  id: FieldId,
  from: number,
): number {
  if (id !== FieldId.UNKNOWN) return fields.find(id, from);
  for (let i = from; i < fields.count; i++) {
    if (fields.id(i) !== FieldId.UNKNOWN || fields.isRemoved(i)) continue;
    if (equalsIgnoreCase(bytes, fields.nameStart(i), fields.nameEnd(i), lowerName)) return i;
  }
  return -1;
}

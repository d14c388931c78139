// What templates of routes ask of a request: its parts as texts, made when they are asked for. One
// object per worker, pointed at the request that a text is being rendered for.

import type { RequestHead } from '../http/message_head.ts';
import { equalsIgnoreCase, latin1Text } from '../http/text.ts';
import type { TemplateSource } from '../middleware/template.ts';
import type { RouteMatch } from '../routing/route_match.ts';
import type { RouteTable } from '../routing/route_table.ts';
import type { ClientOrigin } from './client_origin.ts';
import type { RequestIds } from './request_id.ts';

const SEMICOLON = 0x3b;
const EQUALS = 0x3d;
const SPACE = 0x20;

export class RequestTexts implements TemplateSource {
  readonly status = 0;
  route = '';
  readonly #bytes: Uint8Array;
  readonly #origin: ClientOrigin;
  readonly #requestIds: RequestIds;
  #head: RequestHead | null = null;
  #match: RouteMatch | null = null;
  #paramNames: readonly string[] = [];
  #requestNumber = 0;

  constructor(bytes: Uint8Array, origin: ClientOrigin, requestIds: RequestIds) {
    this.#bytes = bytes;
    this.#requestIds = requestIds;
    this.#origin = origin;
  }

  /** `origin` was pointed at the same request. */
  begin(
    head: RequestHead,
    routeName: string,
    table: RouteTable,
    match: RouteMatch,
    requestNumber: number,
  ): void {
    this.#head = head;
    this.#match = match;
    this.#paramNames = table.paramNames(match.entryIndex);
    this.route = routeName;
    this.#requestNumber = requestNumber;
  }

  get path(): string {
    const head = this.#head!;
    return latin1Text(this.#bytes, head.targetStart, head.pathEnd);
  }

  get query(): string {
    const head = this.#head!;
    if (head.pathEnd === head.targetEnd) return '';
    return latin1Text(this.#bytes, head.pathEnd + 1, head.targetEnd);
  }

  get host(): string {
    const head = this.#head!;
    return latin1Text(this.#bytes, head.authorityStart, head.authorityEnd);
  }

  get method(): string {
    const head = this.#head!;
    return latin1Text(this.#bytes, head.methodStart, head.methodEnd);
  }

  get scheme(): string {
    return this.#origin.scheme;
  }

  get clientIp(): string {
    return this.#origin.clientHost();
  }

  get requestId(): string {
    if (this.#requestNumber > 0) return this.#requestIds.text(this.#requestNumber);
    return this.header('x-request-id');
  }

  param(name: string): string {
    const index = this.#paramNames.indexOf(name);
    const match = this.#match!;
    if (index < 0 || index >= match.paramsCount) return '';
    return latin1Text(this.#bytes, match.params[index * 2]!, match.params[index * 2 + 1]!);
  }

  header(name: string): string {
    const { fields } = this.#head!;
    for (let i = 0; i < fields.count; i++) {
      if (fields.isRemoved(i)) continue;
      if (!equalsIgnoreCase(this.#bytes, fields.nameStart(i), fields.nameEnd(i), name)) continue;
      return latin1Text(this.#bytes, fields.valueStart(i), fields.valueEnd(i));
    }
    return '';
  }

  /** The first cookie of that name (RFC 6265 section 5.4 sends the most specific one first). */
  cookie(name: string): string {
    const { fields } = this.#head!;
    for (let i = 0; i < fields.count; i++) {
      if (fields.isRemoved(i)) continue;
      if (!equalsIgnoreCase(this.#bytes, fields.nameStart(i), fields.nameEnd(i), 'cookie'))
        continue;
      const text = latin1Text(this.#bytes, fields.valueStart(i), fields.valueEnd(i));
      const value = cookieIn(text, name);
      if (value !== null) return value;
    }
    return '';
  }
}

function cookieIn(text: string, name: string): string | null {
  let at = 0;
  while (at < text.length) {
    while (text.charCodeAt(at) === SPACE || text.charCodeAt(at) === SEMICOLON) at++;
    let end = text.indexOf(';', at);
    if (end < 0) end = text.length;
    if (text.startsWith(name, at) && text.charCodeAt(at + name.length) === EQUALS) {
      return text.slice(at + name.length + 1, end);
    }
    at = end;
  }
  return null;
}

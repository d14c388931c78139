// Where a request came from, as far as the proxies that we trust tell it: the client's address from
// X-Forwarded-For (or Forwarded, RFC 7239) and the scheme from X-Forwarded-Proto, for routes and
// middleware that ask. What a client that is not in `trustedProxies` says of itself is not looked
// at.
//
// Addresses in a list are read from its end: each entry was written by the one that follows it, so
// the first from the right that is not trusted is the last one that somebody we trust has seen.

import type { ClientConnectionInfo } from '../http/exchange_contract.ts';
import { FieldId } from '../http/field_names.ts';
import type { HeaderBlock } from '../http/header_block.ts';
import type { RequestHead } from '../http/message_head.ts';
import { equalsIgnoreCase, latin1Text } from '../http/text.ts';
import type { RequestOrigin } from '../routing/route.ts';

const COMMA = 0x2c;
const SPACE = 0x20;
const TAB = 0x09;

/** Of one request at a time: `begin` before it is asked. */
export class ClientOrigin implements RequestOrigin {
  scheme: 'http' | 'https' = 'http';
  readonly #bytes: Uint8Array;
  #isTrusted: (host: string) => boolean = () => false;
  #head: RequestHead | null = null;
  #connection: ClientConnectionInfo | null = null;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  begin(
    head: RequestHead,
    connection: ClientConnectionInfo,
    isTrusted: (host: string) => boolean,
  ): void {
    this.#head = head;
    this.#connection = connection;
    this.#isTrusted = isTrusted;
    this.scheme = connection.isTrusted
      ? this.#forwardedScheme(head.fields, connection.scheme)
      : connection.scheme;
  }

  clientHost(): string {
    const { remoteHost, isTrusted } = this.#connection!;
    if (!isTrusted) return remoteHost;
    const list = this.#forwardedFor(this.#head!.fields);
    let client = remoteHost;
    for (let i = list.length - 1; i >= 0; i--) {
      const host = addressIn(list[i]!);
      if (host === '') break; // "unknown", or an obfuscated name: nobody behind it can be told
      client = host;
      if (!this.#isTrusted(host)) break;
    }
    return client;
  }

  /** Elements of all X-Forwarded-For fields in order; of Forwarded where there are none. */
  #forwardedFor(fields: HeaderBlock): string[] {
    const list = this.#texts(fields, FieldId.X_FORWARDED_FOR);
    if (list.length > 0) return list;
    return this.#texts(fields, FieldId.FORWARDED).map((element) => {
      // The syntax of RFC 7239 section 4 in elements without commas inside quotes: addresses have
      // none.
      const match = /(?:^|;)\s*for\s*=\s*("?)([^";]*)\1/i.exec(element);
      return match === null ? '' : match[2]!;
    });
  }

  #texts(fields: HeaderBlock, id: FieldId): string[] {
    const list: string[] = [];
    for (let i = fields.find(id); i >= 0; i = fields.find(id, i + 1)) {
      const text = latin1Text(this.#bytes, fields.valueStart(i), fields.valueEnd(i));
      for (const element of text.split(',')) {
        const trimmed = element.trim();
        if (trimmed !== '') list.push(trimmed);
      }
    }
    return list;
  }

  /** The last element: that of the proxy next to us. */
  #forwardedScheme(fields: HeaderBlock, own: 'http' | 'https'): 'http' | 'https' {
    let index = -1;
    for (
      let i = fields.find(FieldId.X_FORWARDED_PROTO);
      i >= 0;
      i = fields.find(FieldId.X_FORWARDED_PROTO, i + 1)
    ) {
      index = i;
    }
    if (index < 0) return own;
    const bytes = this.#bytes;
    let end = fields.valueEnd(index);
    while (end > fields.valueStart(index) && isSpace(bytes[end - 1]!)) end--;
    let start = end;
    while (start > fields.valueStart(index) && bytes[start - 1] !== COMMA) start--;
    while (start < end && isSpace(bytes[start]!)) start++;
    if (equalsIgnoreCase(bytes, start, end, 'https')) return 'https';
    return equalsIgnoreCase(bytes, start, end, 'http') ? 'http' : own;
  }
}

/** The address in an element: without port, and without the brackets of IPv6; '' for none. */
function addressIn(element: string): string {
  const bracketed = /^\[([0-9a-f:.]+)\](?::\d+)?$/i.exec(element);
  if (bracketed !== null) return bracketed[1]!;
  const withPort = /^(\d+\.\d+\.\d+\.\d+)(?::\d+)?$/.exec(element);
  if (withPort !== null) return withPort[1]!;
  return /^[0-9a-f:.]*:[0-9a-f:.]*$/i.test(element) ? element : '';
}

function isSpace(byte: number): boolean {
  return byte === SPACE || byte === TAB;
}

// What the Connection fields of a message say (RFC 9110 section 7.6.1), and the removal of the
// fields that they name. A field that we know to be for all recipients (FieldTrait.KEPT: Host,
// Content-Length, Cookie, X-Forwarded-For ...) is never removed, although a Connection field lists
// it: section 7.6.1 forbids to list such, and a client must not be able to strip what upstreams
// decide by.

import { CONNECTION_OPTIONS_MAX } from '../base/limits.ts';
import { FIELD_TRAITS, FieldId, FieldTrait, identifyField } from '../http/field_names.ts';
import type { HeaderBlock } from '../http/header_block.ts';
import { ListReader } from '../http/list_value.ts';
import { equalsIgnoreCase, rangesEqualIgnoreCase } from '../http/text.ts';

export class ConnectionOptions {
  isClose = false;
  isKeepAlive = false;
  isUpgrade = false;
  readonly #bytes: Uint8Array;
  readonly #list: ListReader;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#list = new ListReader(bytes);
  }

  clear(): void {
    this.isClose = false;
    this.isKeepAlive = false;
    this.isUpgrade = false;
  }

  /**
   * Reads the Connection fields of a block (already marked as removed, the first at `index`) and
   * removes the fields that they list. False where there are more options than anyone needs.
   */
  read(fields: HeaderBlock, index: number): boolean {
    let count = 0;
    for (let i = index; i < fields.count; i++) {
      if (fields.id(i) !== FieldId.CONNECTION) continue;
      this.#list.begin(fields.valueStart(i), fields.valueEnd(i));
      while (this.#list.next()) {
        if (++count > CONNECTION_OPTIONS_MAX) return false;
        this.#apply(fields, this.#list.start, this.#list.end);
      }
    }
    return true;
  }

  #apply(fields: HeaderBlock, start: number, end: number): void {
    const bytes = this.#bytes;
    if (equalsIgnoreCase(bytes, start, end, 'keep-alive')) {
      this.isKeepAlive = true;
    } else if (equalsIgnoreCase(bytes, start, end, 'close')) {
      this.isClose = true;
    } else if (equalsIgnoreCase(bytes, start, end, 'upgrade')) {
      this.isUpgrade = true;
    } else {
      const id = identifyField(bytes, start, end);
      if (id === FieldId.UNKNOWN) removeByName(bytes, fields, start, end);
      else if ((FIELD_TRAITS[id]! & FieldTrait.KEPT) === 0) fields.removeAll(id);
    }
  }
}

function removeByName(bytes: Uint8Array, fields: HeaderBlock, start: number, end: number): void {
  for (let i = 0; i < fields.count; i++) {
    if (rangesEqualIgnoreCase(bytes, fields.nameStart(i), fields.nameEnd(i), start, end)) {
      fields.remove(i);
    }
  }
}

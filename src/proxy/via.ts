// Via (RFC 9110 section 7.6.3): our own entry for each version of the message that came in, and
// whether a request has passed this proxy before.

import type { Arena, ByteRange } from '../base/arena.ts';
import { FieldId } from '../http/field_names.ts';
import type { HeaderBlock } from '../http/header_block.ts';
import { equalsIgnoreCase } from '../http/text.ts';

const TAB = 0x09;
const SPACE = 0x20;
const PAREN_OPEN = 0x28;
const PAREN_CLOSE = 0x29;
const COMMA = 0x2c;
const BACKSLASH = 0x5c;

export class Via {
  readonly #pseudonym: string;
  readonly #isOn: boolean;
  readonly #bytes: Uint8Array;
  readonly #name: ByteRange;
  readonly #value10: ByteRange;
  readonly #value11: ByteRange;
  readonly #value20: ByteRange;

  /** `pseudonym` '' turns Via off, and with it the detection of loops. */
  constructor(arena: Arena, pseudonym: string) {
    this.#pseudonym = pseudonym.toLowerCase();
    this.#isOn = pseudonym !== '';
    this.#bytes = arena.bytes;
    this.#name = arena.writeStatic('Via');
    this.#value10 = arena.writeStatic(`1.0 ${pseudonym}`);
    this.#value11 = arena.writeStatic(`1.1 ${pseudonym}`);
    this.#value20 = arena.writeStatic(`2.0 ${pseudonym}`);
  }

  /** Adds our entry behind those of others: MUST, in each message that is forwarded. */
  add(fields: HeaderBlock, version: number): void {
    if (!this.#isOn) return;
    const value = version === 11 ? this.#value11 : version === 10 ? this.#value10 : this.#value20;
    fields.add(this.#name.start, this.#name.end, value.start, value.end, FieldId.VIA);
  }

  /** Whether any entry of any Via field was received by us. */
  hasLoop(fields: HeaderBlock): boolean {
    if (!this.#isOn || !fields.mayHave(FieldId.VIA)) return false;
    for (let i = fields.find(FieldId.VIA); i >= 0; i = fields.find(FieldId.VIA, i + 1)) {
      if (this.#namesUs(fields.valueStart(i), fields.valueEnd(i))) return true;
    }
    return false;
  }

  /** Via = [ received-protocol RWS received-by [ RWS comment ] ] *( "," ... ) */
  #namesUs(start: number, end: number): boolean {
    let at = start;
    while (at < end) {
      at = this.#skipSpace(at, end); // before the protocol
      at = this.#skipToken(at, end);
      const nameStart = this.#skipSpace(at, end);
      const nameEnd = this.#skipToken(nameStart, end);
      if (equalsIgnoreCase(this.#bytes, nameStart, nameEnd, this.#pseudonym)) return true;
      at = this.#skipElement(nameEnd, end);
    }
    return false;
  }

  #skipSpace(from: number, end: number): number {
    let at = from;
    while (at < end && (this.#bytes[at] === SPACE || this.#bytes[at] === TAB)) at++;
    return at;
  }

  #skipToken(from: number, end: number): number {
    let at = from;
    for (; at < end; at++) {
      const byte = this.#bytes[at]!;
      if (byte === SPACE || byte === TAB || byte === COMMA || byte === PAREN_OPEN) break;
    }
    return at;
  }

  /** To behind the comma that ends the element; commas inside a comment do not. */
  #skipElement(from: number, end: number): number {
    let depth = 0;
    for (let at = from; at < end; at++) {
      const byte = this.#bytes[at]!;
      if (byte === BACKSLASH && depth > 0) at++;
      else if (byte === PAREN_OPEN) depth++;
      else if (byte === PAREN_CLOSE && depth > 0) depth--;
      else if (byte === COMMA && depth === 0) return at + 1;
    }
    return end;
  }
}

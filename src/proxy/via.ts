// Via (RFC 9110 section 7.6.3): our own entry for each version of the message that came in, and
// whether a request has passed this proxy before.

import type { Arena, ByteRange } from '../base/arena.ts';
import { assert } from '../base/assert.ts';
import { FieldId } from '../http/field_names.ts';
import type { HeaderBlock } from '../http/header_block.ts';
import { equalsIgnoreCase } from '../http/text.ts';

const TAB = 0x09;
const SPACE = 0x20;
const PAREN_OPEN = 0x28;
const PAREN_CLOSE = 0x29;
const COMMA = 0x2c;
const BACKSLASH = 0x5c;

/** Longest name that the config takes. */
const PSEUDONYM_BYTES_MAX = 64;
const VALUE_BYTES_MAX: number = '1.1 '.length + PSEUDONYM_BYTES_MAX;
/** Of the three values of one Via. */
const MEMORY_BYTES: number = 3 * VALUE_BYTES_MAX;

/**
 * Memory for the values of each Via that is alive: one per snapshot, and used again, because what
 * an arena has reserved once is never given back.
 */
export class ViaMemory {
  readonly #arena: Arena;
  readonly #free: ByteRange[] = [];

  constructor(arena: Arena) {
    this.#arena = arena;
  }

  take(): ByteRange {
    return this.#free.pop() ?? this.#arena.reserveStatic(MEMORY_BYTES);
  }

  /** No head points into it any more. */
  give(range: ByteRange): void {
    this.#free.push(range);
  }
}

export class Via {
  readonly #pseudonym: string;
  readonly #isOn: boolean;
  readonly #bytes: Uint8Array;
  readonly #name: ByteRange;
  readonly #value10: ByteRange;
  readonly #value11: ByteRange;
  readonly #value20: ByteRange;

  /** `pseudonym` '' turns Via off, and with it the detection of loops. `memory`: ViaMemory. */
  constructor(arena: Arena, pseudonym: string, memory: ByteRange) {
    assert(pseudonym.length <= PSEUDONYM_BYTES_MAX, 'the config has checked the name');
    this.#pseudonym = pseudonym.toLowerCase();
    this.#isOn = pseudonym !== '';
    this.#bytes = arena.bytes;
    this.#name = arena.writeStatic('Via');
    this.#value10 = write(arena.bytes, memory.start, `1.0 ${pseudonym}`);
    this.#value11 = write(arena.bytes, this.#value10.end, `1.1 ${pseudonym}`);
    this.#value20 = write(arena.bytes, this.#value11.end, `2.0 ${pseudonym}`);
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

function write(bytes: Uint8Array, start: number, text: string): ByteRange {
  for (let i = 0; i < text.length; i++) bytes[start + i] = text.charCodeAt(i);
  return { start, end: start + text.length };
}

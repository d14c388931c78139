// Runs the conditions of condition_code.ts over a request: fields, query parameters, cookies,
// scheme, client address. Values are compared as bytes where they stand; strings are made for
// regular expressions and addresses alone.
//
// Query parameters are what stands between `&` and `=`, with escapes decoded and `+` as a space.
// Cookies are the pairs of all Cookie fields (RFC 6265 section 4.2.1), as they are. A pair without
// `=` is no cookie.

import type { AddressRange } from '../base/address_ranges.ts';
import { compileAddressRanges } from '../base/address_ranges.ts';
import { FieldId } from '../http/field_names.ts';
import type { HeaderBlock } from '../http/header_block.ts';
import type { RequestHead } from '../http/message_head.ts';
import {
  CONDITION_NAME_LENGTH,
  CONDITION_NAME_START,
  CONDITION_NEGATED,
  CONDITION_ON,
  CONDITION_STRIDE,
  CONDITION_TEST,
  CONDITION_VALUE_LENGTH,
  CONDITION_VALUE_START,
  CONDITION_WHAT,
  ConditionOn,
  ConditionTest,
} from './condition_code.ts';
import { decodedByte, decodedLength, valueText } from './query_text.ts';
import type { RequestOrigin } from './route.ts';
import type { PatternList } from './segment_matcher.ts';
import { equalFolded, equalWords, viewOf } from './words.ts';

const AMPERSAND = 0x26;
const EQUALS = 0x3d;
const SEMICOLON = 0x3b;
const SPACE = 0x20;
const TAB = 0x09;
/** No name starts there. */
const NO_NAME = -1;

export class ConditionMatcher {
  readonly #code: Int32Array;
  readonly #text: Uint8Array;
  readonly #patterns: PatternList;
  readonly #ranges: readonly (readonly AddressRange[])[];
  readonly #isInRanges: (((host: string) => boolean) | null)[];
  readonly #textView: DataView;
  #bytes: Uint8Array;
  #view: DataView;
  // The field that was looked for last, and the first of that name: the conditions of several
  // candidates often ask for the same one.
  #lastName = NO_NAME;
  #lastIndex = -1;

  constructor(
    code: Int32Array,
    text: Uint8Array,
    patterns: PatternList,
    ranges: readonly (readonly AddressRange[])[],
  ) {
    this.#code = code;
    this.#text = text;
    this.#patterns = patterns;
    this.#ranges = ranges;
    this.#isInRanges = new Array<null>(ranges.length).fill(null);
    this.#bytes = text;
    this.#textView = this.#view = viewOf(text);
  }

  /** The bytes that the heads of requests lie in from now on, and their view. */
  look(bytes: Uint8Array, view: DataView): void {
    this.#bytes = bytes;
    this.#view = view;
  }

  /** Begins with another request. */
  begin(): void {
    this.#lastName = NO_NAME;
  }

  /** Whether `count` conditions from `first` on hold for the request. */
  hold(first: number, count: number, head: RequestHead, origin: RequestOrigin): boolean {
    const code = this.#code;
    const stop = (first + count) * CONDITION_STRIDE;
    for (let at = first * CONDITION_STRIDE; at < stop; at += CONDITION_STRIDE) {
      const passes =
        code[at + CONDITION_ON] === ConditionOn.HEADER
          ? this.#passesHeader(at, head)
          : this.#passesOther(at, head, origin);
      if (passes === (code[at + CONDITION_NEGATED] === 1)) return false;
    }
    return true;
  }

  #passesOther(at: number, head: RequestHead, origin: RequestOrigin): boolean {
    const what = this.#code[at + CONDITION_WHAT]!;
    switch (this.#code[at + CONDITION_ON]) {
      case ConditionOn.SCHEME:
        return origin.scheme === (what === 1 ? 'https' : 'http');
      case ConditionOn.QUERY:
        return this.#passesQuery(at, head.pathEnd + 1, head.targetEnd);
      case ConditionOn.COOKIE:
        return this.#passesCookies(at, head);
      case ConditionOn.UPGRADE:
        return (
          head.upgradeStart < head.upgradeEnd && this.#test(at, head.upgradeStart, head.upgradeEnd)
        );
      default:
        return this.#isIn(what, origin.clientHost());
    }
  }

  #passesHeader(at: number, head: RequestHead): boolean {
    const { fields } = head;
    const code = this.#code;
    const name = code[at + CONDITION_NAME_START]!;
    if (this.#lastName !== name) {
      this.#lastName = name;
      this.#lastIndex = this.#nextField(at, fields, 0);
    }
    let index = this.#lastIndex;
    while (index >= 0) {
      if (this.#test(at, fields.valueStart(index), fields.valueEnd(index))) return true;
      index = index + 1 < fields.count ? this.#nextField(at, fields, index + 1) : -1;
    }
    return false;
  }

  // The first field of a condition's name at or behind `from`, or -1.
  #nextField(at: number, fields: HeaderBlock, from: number): number {
    const id = this.#code[at + CONDITION_WHAT]! as FieldId;
    if (id !== FieldId.UNKNOWN || !fields.mayHave(id)) return fields.find(id, from);
    const length = this.#code[at + CONDITION_NAME_LENGTH]!;
    for (let i = from; i < fields.count; i++) {
      const start = fields.nameStart(i);
      if (fields.nameEnd(i) - start !== length || fields.id(i) !== id) continue;
      if (!fields.isRemoved(i) && this.#isName(at, start, length)) return i;
    }
    return -1;
  }

  #passesQuery(at: number, start: number, end: number): boolean {
    const bytes = this.#bytes;
    let pairStart = start;
    while (pairStart < end) {
      let pairEnd = pairStart;
      let nameEnd = -1;
      for (; pairEnd < end && bytes[pairEnd] !== AMPERSAND; pairEnd++) {
        if (nameEnd < 0 && bytes[pairEnd] === EQUALS) nameEnd = pairEnd;
      }
      if (nameEnd < 0) nameEnd = pairEnd;
      if (this.#isDecodedName(at, pairStart, nameEnd)) {
        if (this.#testDecoded(at, Math.min(nameEnd + 1, pairEnd), pairEnd)) return true;
      }
      pairStart = pairEnd + 1;
    }
    return false;
  }

  #passesCookies(at: number, head: RequestHead): boolean {
    const { fields } = head;
    for (let i = fields.find(FieldId.COOKIE); i >= 0; i = fields.find(FieldId.COOKIE, i + 1)) {
      if (this.#passesCookie(at, fields.valueStart(i), fields.valueEnd(i))) return true;
    }
    return false;
  }

  #passesCookie(at: number, start: number, end: number): boolean {
    const bytes = this.#bytes;
    let pairStart = start;
    while (pairStart < end) {
      let pairEnd = pairStart;
      let equals = -1;
      for (; pairEnd < end && bytes[pairEnd] !== SEMICOLON; pairEnd++) {
        if (equals < 0 && bytes[pairEnd] === EQUALS) equals = pairEnd;
      }
      if (equals >= 0) {
        const nameStart = this.#skipSpace(pairStart, equals);
        const nameEnd = this.#trimSpace(nameStart, equals);
        if (this.#isExactName(at, nameStart, nameEnd)) {
          const valueStart = this.#skipSpace(equals + 1, pairEnd);
          if (this.#test(at, valueStart, this.#trimSpace(valueStart, pairEnd))) return true;
        }
      }
      pairStart = pairEnd + 1;
    }
    return false;
  }

  #isIn(index: number, host: string): boolean {
    let isInRange = this.#isInRanges[index]!;
    if (isInRange === null) {
      isInRange = compileAddressRanges(this.#ranges[index]!);
      this.#isInRanges[index] = isInRange;
    }
    return isInRange(host);
  }

  // One value against one test.

  #test(at: number, start: number, end: number): boolean {
    const code = this.#code;
    const valueStart = code[at + CONDITION_VALUE_START]!;
    const length = code[at + CONDITION_VALUE_LENGTH]!;
    switch (code[at + CONDITION_TEST]) {
      case ConditionTest.PRESENT:
        return true;
      case ConditionTest.EXACT:
        return end - start === length && this.#isTextAt(valueStart, start, length);
      case ConditionTest.PREFIX:
        return end - start >= length && this.#isTextAt(valueStart, start, length);
      default:
        return this.#patterns.at(valueStart).test(valueText(this.#bytes, start, end, false));
    }
  }

  #testDecoded(at: number, start: number, end: number): boolean {
    const code = this.#code;
    const valueStart = code[at + CONDITION_VALUE_START]!;
    const length = code[at + CONDITION_VALUE_LENGTH]!;
    switch (code[at + CONDITION_TEST]) {
      case ConditionTest.PRESENT:
        return true;
      case ConditionTest.EXACT:
        return this.#endOfDecoded(valueStart, length, start, end) === end;
      case ConditionTest.PREFIX:
        return this.#endOfDecoded(valueStart, length, start, end) >= 0;
      default:
        return this.#patterns.at(valueStart).test(valueText(this.#bytes, start, end, true));
    }
  }

  // Field names: the condition's is in lower case.
  #isName(at: number, start: number, length: number): boolean {
    const nameStart = this.#code[at + CONDITION_NAME_START]!;
    return equalFolded(this.#view, start, this.#textView, nameStart, length);
  }

  #isExactName(at: number, start: number, end: number): boolean {
    const length = this.#code[at + CONDITION_NAME_LENGTH]!;
    const nameStart = this.#code[at + CONDITION_NAME_START]!;
    return end - start === length && this.#isTextAt(nameStart, start, length);
  }

  #isDecodedName(at: number, start: number, end: number): boolean {
    const length = this.#code[at + CONDITION_NAME_LENGTH]!;
    const nameStart = this.#code[at + CONDITION_NAME_START]!;
    return end - start >= length && this.#endOfDecoded(nameStart, length, start, end) === end;
  }

  #isTextAt(textStart: number, start: number, length: number): boolean {
    return equalWords(this.#view, start, this.#textView, textStart, length);
  }

  // Where the bytes that decode to the text end, or -1 where the range does not begin with it.
  #endOfDecoded(textStart: number, length: number, start: number, end: number): number {
    let at = start;
    for (let i = 0; i < length; i++) {
      if (at >= end) return -1;
      if (decodedByte(this.#bytes, at, end) !== this.#text[textStart + i]) return -1;
      at += decodedLength(this.#bytes, at, end);
    }
    return at;
  }

  #skipSpace(start: number, end: number): number {
    let at = start;
    while (at < end && isSpace(this.#bytes[at]!)) at++;
    return at;
  }

  #trimSpace(start: number, end: number): number {
    let at = end;
    while (at > start && isSpace(this.#bytes[at - 1]!)) at--;
    return at;
  }
}

function isSpace(byte: number): boolean {
  return byte === SPACE || byte === TAB;
}

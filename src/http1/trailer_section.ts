// The trailer section of a chunked body (RFC 9112 section 7.1.2). Its bytes are gathered until its
// empty line is there, decoded into fields in one static place of the arena, and filtered: only
// what RFC 9110 section 6.5.1 leaves is passed on, never as a header field.
//
// Both the area and the block are shared by all bodies of a worker, because trailers are rare and
// valid only until the callback that hands them out returns: an idle connection holds no room for
// them.

import type { Arena, ByteRange } from '../base/arena.ts';
import { FIELDS_COUNT_MAX, TRAILER_BYTES_MAX } from '../base/limits.ts';
import { FIELD_TRAITS, FieldId, FieldTrait, identifyField } from '../http/field_names.ts';
import { HeaderBlock } from '../http/header_block.ts';
import { equalsIgnoreCase } from '../http/text.ts';
import { ScalarScanner } from './scalar_scanner.ts';
import type { Scanner } from './scanner.ts';
import { LINE_COLON, LINE_END, LINE_STRIDE, LINE_UNDERSCORE, ScanResult } from './scanner.ts';

const TAB = 0x09;
const SPACE = 0x20;

/** Names that begin so are about the content, the route or the client, and no trailers. */
const FORBIDDEN_PREFIXES = ['content-', 'x-forwarded-', 'sec-', 'proxy-', 'if-'] as const;

export class TrailerSection {
  /** After `decode`: the fields that may be passed on. */
  readonly fields: HeaderBlock = new HeaderBlock();
  readonly #bytes: Uint8Array;
  readonly #area: ByteRange;
  readonly #scanner: Scanner;

  constructor(arena: Arena) {
    this.#bytes = arena.bytes;
    this.#area = arena.reserveStatic(TRAILER_BYTES_MAX);
    this.#scanner = new ScalarScanner(arena.bytes, {
      lineBytesMax: TRAILER_BYTES_MAX,
      isSpaceBeforeColonAllowed: false,
    });
  }

  /**
   * Decodes a whole section (its empty line included) that was gathered in `gathered[0,
   * byteCount)`. False where it is malformed.
   */
  decode(gathered: Uint8Array, byteCount: number, dropsUnderscores: boolean): boolean {
    const start = this.#area.start;
    for (let i = 0; i < byteCount; i++) this.#bytes[start + i] = gathered[i]!;
    const end = start + byteCount;
    this.fields.clear();
    const result = this.#scanner.scan(start, end, FIELDS_COUNT_MAX);
    if (result !== ScanResult.END || this.#scanner.sectionEnd !== end) return false;
    const lines = this.#scanner.lines;
    let nameStart = start;
    for (let i = 0; i < this.#scanner.linesCount; i++) {
      const entry = i * LINE_STRIDE;
      const colon = lines[entry + LINE_COLON]!;
      const lineEnd = lines[entry + LINE_END]!;
      const isDropped = dropsUnderscores && lines[entry + LINE_UNDERSCORE] !== 0;
      if (!isDropped) this.#add(nameStart, colon, lineEnd);
      nameStart = lineEnd + 2;
    }
    return true;
  }

  #add(nameStart: number, colon: number, lineEnd: number): void {
    const id = identifyField(this.#bytes, nameStart, colon);
    if ((FIELD_TRAITS[id]! & FieldTrait.NO_TRAILER) !== 0) return;
    if (id === FieldId.UNKNOWN && this.#isForbidden(nameStart, colon)) return;
    let valueStart = colon + 1;
    while (valueStart < lineEnd && this.#isSpace(valueStart)) valueStart++;
    let valueEnd = lineEnd;
    while (valueEnd > valueStart && this.#isSpace(valueEnd - 1)) valueEnd--;
    this.fields.addLine(nameStart, colon, valueStart, valueEnd, id);
  }

  #isForbidden(start: number, end: number): boolean {
    for (let i = 0; i < FORBIDDEN_PREFIXES.length; i++) {
      const prefix = FORBIDDEN_PREFIXES[i]!;
      if (end - start < prefix.length) continue;
      if (equalsIgnoreCase(this.#bytes, start, start + prefix.length, prefix)) return true;
    }
    return false;
  }

  #isSpace(at: number): boolean {
    return this.#bytes[at] === SPACE || this.#bytes[at] === TAB;
  }
}

const sections = new WeakMap<Arena, TrailerSection>();

/** The one trailer section of an arena. */
export function trailerSectionOf(arena: Arena): TrailerSection {
  let section = sections.get(arena);
  if (section === undefined) {
    section = new TrailerSection(arena);
    sections.set(arena, section);
  }
  return section;
}

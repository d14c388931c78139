// The field section of one head: puts the lines that the scanner found into a header block and
// notes what they say about this hop, for requests and responses alike. Fields that concern one hop
// are marked as removed (see message_head.ts); judging what was noted is the decoders' matter.

import { FIELD_TRAITS, FieldId, FieldTrait, identifyField } from '../http/field_names.ts';
import type { HeaderBlock } from '../http/header_block.ts';
import { ListReader } from '../http/list_value.ts';
import { equalsIgnoreCase } from '../http/text.ts';
import { ConnectionOptions } from './connection_options.ts';
import { endOfDigits, parseContentLength, skipLeadingZeros } from './content_length.ts';
import type { Scanner } from './scanner.ts';
import { LINE_COLON, LINE_END, LINE_STRIDE, LINE_UNDERSCORE } from './scanner.ts';
import { TransferCodings } from './transfer_codings.ts';

const TAB = 0x09;
const SPACE = 0x20;

/** What Content-Length says when it is not a number. */
export const CONTENT_LENGTH_NONE = -1;
export const CONTENT_LENGTH_INVALID = -2;

export class FieldSection {
  /** The one number that all Content-Lengths say, or one of the two constants. */
  contentLength: number = CONTENT_LENGTH_NONE;
  readonly codings: TransferCodings;
  readonly connection: ConnectionOptions;
  /** Index of the first Host field, or -1, and how many there are. */
  hostIndex = -1;
  hostsCount = 0;
  /** Value of the first Upgrade field; empty where there is none. */
  upgradeStart = 0;
  upgradeEnd = 0;
  /** `TE: trailers`. */
  acceptsTrailers = false;
  /** `Expect` with 100-continue, and with anything else. */
  expectsContinue = false;
  expectsOther = false;
  /** More Connection options than anyone needs. */
  hasTooManyOptions = false;
  readonly #bytes: Uint8Array;
  readonly #list: ListReader;
  #connectionIndex = -1;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#list = new ListReader(bytes);
    this.codings = new TransferCodings(bytes);
    this.connection = new ConnectionOptions(bytes);
  }

  /**
   * Fills `fields` with the scanner's lines, of which the first begins at `start`. Names with
   * underscores are left out where `dropsUnderscores`.
   */
  read(fields: HeaderBlock, scanner: Scanner, start: number, dropsUnderscores: boolean): void {
    this.#clear();
    const bytes = this.#bytes;
    const lines = scanner.lines;
    const entriesEnd = scanner.linesCount * LINE_STRIDE;
    let nameStart = start;
    for (let entry = 0; entry < entriesEnd; entry += LINE_STRIDE) {
      const colon = lines[entry + LINE_COLON]!;
      const lineEnd = lines[entry + LINE_END]!;
      if (lines[entry + LINE_UNDERSCORE] === 0 || !dropsUnderscores) {
        let valueStart = colon + 1;
        while (valueStart < lineEnd && isSpace(bytes[valueStart]!)) valueStart++;
        let valueEnd = lineEnd;
        while (valueEnd > valueStart && isSpace(bytes[valueEnd - 1]!)) valueEnd--;
        if (isSpace(bytes[colon - 1]!)) {
          this.#addSpaced(fields, nameStart, colon, lineEnd, valueStart, valueEnd);
        } else {
          const id = identifyField(bytes, nameStart, colon);
          fields.addLine(nameStart, colon, valueStart, valueEnd, id);
          if ((FIELD_TRAITS[id]! & FieldTrait.NOTED) !== 0) this.#note(fields, id, colon, lineEnd);
        }
      }
      nameStart = lineEnd + 2;
    }
    if (this.#connectionIndex >= 0) {
      this.hasTooManyOptions = !this.connection.read(fields, this.#connectionIndex);
    }
  }

  // RFC 9112 section 5.1: white space before a response's colon is removed, so the line cannot be
  // copied.
  #addSpaced(
    fields: HeaderBlock,
    nameStart: number,
    colon: number,
    lineEnd: number,
    valueStart: number,
    valueEnd: number,
  ): void {
    let nameEnd = colon - 1;
    while (isSpace(this.#bytes[nameEnd - 1]!)) nameEnd--;
    const id = identifyField(this.#bytes, nameStart, nameEnd);
    fields.add(nameStart, nameEnd, valueStart, valueEnd, id);
    this.#note(fields, id, colon, lineEnd);
  }

  // The field was just added: notes what it says and marks it where it concerns this hop.
  #note(fields: HeaderBlock, id: FieldId, colon: number, lineEnd: number): void {
    const index = fields.count - 1;
    const start = fields.valueStart(index);
    const end = fields.valueEnd(index);
    if ((FIELD_TRAITS[id]! & FieldTrait.HOP) !== 0) fields.remove(index);
    switch (id) {
      case FieldId.HOST:
        if (this.hostsCount++ === 0) this.hostIndex = index;
        break;
      case FieldId.CONNECTION:
        if (this.#connectionIndex < 0) this.#connectionIndex = index;
        break;
      case FieldId.CONTENT_LENGTH:
        this.#noteContentLength(fields, index, start, end);
        break;
      case FieldId.TRANSFER_ENCODING:
        this.codings.add(colon + 1, lineEnd);
        break;
      case FieldId.UPGRADE:
        if (this.upgradeEnd === this.upgradeStart) {
          this.upgradeStart = start;
          this.upgradeEnd = end;
        }
        break;
      case FieldId.TE:
        this.#noteTe(start, end);
        break;
      case FieldId.EXPECT:
        this.#noteExpect(start, end);
        break;
      default:
        break;
    }
  }

  // RFC 9110 section 8.6: of equal ones one is left, and is forwarded as one plain number.
  #noteContentLength(fields: HeaderBlock, index: number, start: number, end: number): void {
    const value = parseContentLength(this.#bytes, start, end);
    if (value < 0) {
      this.contentLength = CONTENT_LENGTH_INVALID;
    } else if (this.contentLength === CONTENT_LENGTH_NONE) {
      this.contentLength = value;
      const digitsEnd = endOfDigits(this.#bytes, start, end);
      const digitsStart = skipLeadingZeros(this.#bytes, start, digitsEnd);
      if (digitsStart !== start || digitsEnd !== end) {
        fields.replaceValue(index, digitsStart, digitsEnd);
      }
    } else {
      if (this.contentLength !== value) this.contentLength = CONTENT_LENGTH_INVALID;
      fields.remove(index);
    }
  }

  #noteTe(start: number, end: number): void {
    this.#list.begin(start, end);
    while (this.#list.next()) {
      if (equalsIgnoreCase(this.#bytes, this.#list.start, this.#list.end, 'trailers')) {
        this.acceptsTrailers = true;
      }
    }
  }

  #noteExpect(start: number, end: number): void {
    this.#list.begin(start, end);
    while (this.#list.next()) {
      if (equalsIgnoreCase(this.#bytes, this.#list.start, this.#list.end, '100-continue')) {
        this.expectsContinue = true;
      } else {
        this.expectsOther = true;
      }
    }
  }

  #clear(): void {
    this.contentLength = CONTENT_LENGTH_NONE;
    this.codings.clear();
    this.connection.clear();
    this.hostIndex = -1;
    this.hostsCount = 0;
    this.upgradeStart = 0;
    this.upgradeEnd = 0;
    this.acceptsTrailers = false;
    this.expectsContinue = false;
    this.expectsOther = false;
    this.hasTooManyOptions = false;
    this.#connectionIndex = -1;
  }
}

function isSpace(byte: number): boolean {
  return byte === SPACE || byte === TAB;
}

// The head of an HTTP/1.x response (RFC 9112 sections 4 to 6) from bytes to integers. What is
// ambiguous in its framing is refused, because the next response on the connection would be
// another's. Interim (1xx) heads and 101 are heads like any other; the status tells. See
// request_decoder.ts for how an unfinished head is looked at; here, too, one decoder serves all
// connections of a worker.

import type { Arena } from '../base/arena.ts';
import { assert } from '../base/assert.ts';
import { EMPTY_LINES_BEFORE_REQUEST_MAX, FIELDS_COUNT_MAX } from '../base/limits.ts';
import { ExchangeError } from '../http/exchange_error.ts';
import { FieldId } from '../http/field_names.ts';
import type { ResponseHead } from '../http/message_head.ts';
import { Framing } from '../http/message_head.ts';
import { Method } from '../http/methods.ts';
import { hasNoBody } from '../http/status.ts';
import type { HeadLimits } from './decode_result.ts';
import { DecodeResult } from './decode_result.ts';
import { CONTENT_LENGTH_INVALID, CONTENT_LENGTH_NONE, FieldSection } from './field_section.ts';
import { ScalarScanner } from './scalar_scanner.ts';
import {
  isPositionInSecond,
  POSITION_BYTES_MAX,
  packPosition,
  positionLineStart,
  positionLinesCount,
  positionLookedBytes,
} from './scan_position.ts';
import type { Scanner } from './scanner.ts';
import { ScanResult } from './scanner.ts';
import { StatusLine } from './status_line.ts';

const LF = 0x0a;
const CR = 0x0d;
const EMPTY_LINE_BYTES = 2;
/** Servers exist that send an empty line behind 100 (Continue): as many as before a request. */
const EMPTY_LINES_MAX: number = EMPTY_LINES_BEFORE_REQUEST_MAX;

export class ResponseDecoder {
  /** After INVALID: which row of the table. */
  error: ExchangeError = ExchangeError.NONE;
  /** After COMPLETE: offset behind the head. */
  headEnd = 0;
  /** After INCOMPLETE: to be given to the next call for the same head. Opaque; 0 begins a head. */
  scanned = 0;
  readonly #bytes: Uint8Array;
  readonly #limits: HeadLimits;
  readonly #line: StatusLine;
  readonly #scanner: Scanner;
  readonly #section: FieldSection;

  constructor(arena: Arena, limits: HeadLimits) {
    assert(limits.fieldsCountMax <= FIELDS_COUNT_MAX, 'the fields of a response fit its block');
    assert(limits.headBytesMax <= POSITION_BYTES_MAX, 'a position can point into a response head');
    this.#bytes = arena.bytes;
    this.#limits = limits;
    this.#line = new StatusLine(arena.bytes, limits.fieldBytesMax);
    this.#scanner = new ScalarScanner(arena.bytes, {
      lineBytesMax: limits.fieldBytesMax,
      isSpaceBeforeColonAllowed: true,
    });
    this.#section = new FieldSection(arena.bytes);
  }

  /**
   * Decodes the head that begins at `start`, an answer to a request of that method; bytes behind it
   * up to `end` are not looked at. After INCOMPLETE call again with more bytes and `scanned`; the
   * bytes may have been moved meanwhile.
   */
  decode(
    head: ResponseHead,
    requestMethod: Method,
    start: number,
    end: number,
    scanned: number,
  ): DecodeResult {
    const limit = Math.min(end, start + this.#limits.headBytesMax);
    if (scanned !== 0) {
      const result = this.#resume(start, limit, scanned);
      if (result !== DecodeResult.COMPLETE) return this.#judge(result, start, end);
    }
    return this.#judge(this.#decodeHead(head, requestMethod, start, limit), start, end);
  }

  // A head that does not end within its limit is refused when the limit is reached.
  #judge(result: DecodeResult, start: number, end: number): DecodeResult {
    if (result !== DecodeResult.INCOMPLETE || end - start < this.#limits.headBytesMax)
      return result;
    return this.#refuse(ExchangeError.RESPONSE_HEAD_TOO_LARGE);
  }

  // Checks on from where the last call stopped. COMPLETE: the end is there.
  #resume(start: number, end: number, scanned: number): DecodeResult {
    const lineStart = start + positionLineStart(scanned);
    const lookedEnd = lineStart + positionLookedBytes(scanned);
    if (positionLineStart(scanned) > EMPTY_LINES_MAX * EMPTY_LINE_BYTES) {
      const linesCount = positionLinesCount(scanned);
      const linesMax = this.#limits.fieldsCountMax - linesCount;
      const isInValue = isPositionInSecond(scanned);
      const result = this.#scanner.resume(lineStart, end, linesMax, lookedEnd, isInValue);
      return this.#scanned(result, start, linesCount);
    }
    const result = this.#decodeLine(start, lineStart, end, lookedEnd);
    if (result !== DecodeResult.COMPLETE) return result;
    return this.#scanFields(start, end);
  }

  #decodeHead(head: ResponseHead, requestMethod: Method, start: number, end: number): DecodeResult {
    const bytes = this.#bytes;
    let lineStart = start;
    for (let i = 0; i < EMPTY_LINES_MAX; i++) {
      if (lineStart === end || bytes[lineStart] !== CR) break;
      if (lineStart + 1 === end) return this.#wait(start, lineStart, 0, lineStart, -1);
      if (bytes[lineStart + 1] !== LF) return this.#refuse(ExchangeError.RESPONSE_HEAD_INVALID);
      lineStart += EMPTY_LINE_BYTES;
    }
    const line = this.#decodeLine(start, lineStart, end, lineStart);
    if (line !== DecodeResult.COMPLETE) return line;
    const result = this.#scanFields(start, end);
    if (result !== DecodeResult.COMPLETE) return result;
    head.version = this.#line.version;
    head.status = this.#line.status;
    head.reasonStart = this.#line.reasonStart;
    head.reasonEnd = this.#line.reasonEnd;
    head.fields.clear();
    this.#section.read(head.fields, this.#scanner, this.#line.lineEnd, false);
    if (!this.#judgeFields(head, requestMethod)) {
      return this.#refuse(ExchangeError.RESPONSE_HEAD_INVALID);
    }
    this.headEnd = this.#scanner.sectionEnd;
    this.scanned = 0;
    return DecodeResult.COMPLETE;
  }

  #decodeLine(start: number, lineStart: number, end: number, lookedEnd: number): DecodeResult {
    const line = this.#line;
    const result = line.decode(lineStart, end, lookedEnd);
    if (result === DecodeResult.INCOMPLETE) {
      return this.#wait(start, lineStart, 0, line.lookedEnd, -1);
    }
    if (result === DecodeResult.INVALID) {
      return this.#refuse(
        line.isTooLong
          ? ExchangeError.RESPONSE_HEAD_TOO_LARGE
          : ExchangeError.RESPONSE_HEAD_INVALID,
      );
    }
    return DecodeResult.COMPLETE;
  }

  // The field lines behind the status line.
  #scanFields(start: number, end: number): DecodeResult {
    const result = this.#scanner.scan(this.#line.lineEnd, end, this.#limits.fieldsCountMax);
    return this.#scanned(result, start, 0);
  }

  #scanned(result: ScanResult, start: number, linesBefore: number): DecodeResult {
    const scanner = this.#scanner;
    switch (result) {
      case ScanResult.END:
        return DecodeResult.COMPLETE;
      case ScanResult.INCOMPLETE: {
        const linesCount = linesBefore + scanner.linesCount;
        const colon = scanner.lineColon;
        return this.#wait(start, scanner.lineStart, linesCount, scanner.lookedEnd, colon);
      }
      case ScanResult.LINE_TOO_LONG:
      case ScanResult.TOO_MANY_LINES:
        return this.#refuse(ExchangeError.RESPONSE_HEAD_TOO_LARGE);
      default:
        return this.#refuse(ExchangeError.RESPONSE_HEAD_INVALID);
    }
  }

  // What the fields mean for this hop; sets all of the head's properties that come from them.
  #judgeFields(head: ResponseHead, requestMethod: Method): boolean {
    const section = this.#section;
    if (section.hasTooManyOptions) return false;
    if (!this.#judgeFraming(head, requestMethod)) return false;
    const options = section.connection;
    head.isPersistent =
      head.framing !== Framing.CLOSE &&
      !options.isClose &&
      (head.version !== 10 || options.isKeepAlive);
    // RFC 9110 section 7.8 and 15.5.22: only these two statuses give Upgrade a meaning for us.
    const hasUpgrade = head.status === 101 || head.status === 426;
    head.upgradeStart = hasUpgrade ? section.upgradeStart : 0;
    head.upgradeEnd = hasUpgrade ? section.upgradeEnd : 0;
    head.bodyFollows = false;
    return true;
  }

  // RFC 9112 section 6.3. What could be read in two ways is no response at all.
  #judgeFraming(head: ResponseHead, requestMethod: Method): boolean {
    const { codings, contentLength } = this.#section;
    if (contentLength === CONTENT_LENGTH_INVALID) return false;
    if (codings.count > 0) {
      // We offer no coding but chunked (section 7.4), which HTTP/1.0 does not have (section 6.1).
      if (!codings.isChunkedOnly || head.version === 10) return false;
      if (contentLength !== CONTENT_LENGTH_NONE) return false;
    }
    head.contentLength = contentLength;
    if (hasNoBody(head.status, requestMethod)) {
      head.framing = Framing.NONE;
      // RFC 9110 section 8.6: no Content-Length in 1xx and 204.
      if (head.status < 200 || head.status === 204) {
        head.contentLength = CONTENT_LENGTH_NONE;
        head.fields.removeAll(FieldId.CONTENT_LENGTH);
      }
    } else if (requestMethod === Method.CONNECT && head.status < 300) {
      head.framing = Framing.NONE;
    } else if (codings.count > 0) {
      head.framing = Framing.CHUNKED;
    } else if (contentLength === CONTENT_LENGTH_NONE) {
      head.framing = Framing.CLOSE;
    } else {
      head.framing = contentLength > 0 ? Framing.LENGTH : Framing.NONE;
    }
    return true;
  }

  // `lookedEnd` and `second` are offsets; `second` is -1 where the line's second part was not
  // reached.
  #wait(
    start: number,
    lineStart: number,
    linesCount: number,
    lookedEnd: number,
    second: number,
  ): DecodeResult {
    this.scanned = packPosition(
      lineStart - start,
      linesCount,
      lookedEnd - lineStart,
      second < 0 ? -1 : second - lineStart,
    );
    return DecodeResult.INCOMPLETE;
  }

  #refuse(error: ExchangeError): DecodeResult {
    this.error = error;
    return DecodeResult.INVALID;
  }
}

// The head of an HTTP/1.x request (RFC 9112 sections 2 to 6) from bytes to integers. It refuses
// whatever two recipients could read differently, and does no I/O. One decoder serves all
// connections of a worker: what it must remember of an unfinished head is the integer `scanned`,
// which the connection keeps.
//
// A head that arrives whole is looked at once. An unfinished one is only checked, from where the
// last call stopped (so a bad line is refused when it is seen, and a byte costs the same however it
// arrives), and decoded from its beginning once its end is there. Only then are bytes changed: the
// target is normalised.

import type { Arena, ByteRange } from '../base/arena.ts';
import { assert } from '../base/assert.ts';
import { EMPTY_LINES_BEFORE_REQUEST_MAX, FIELDS_COUNT_MAX } from '../base/limits.ts';
import { ExchangeError } from '../http/exchange_error.ts';
import { FieldId, fieldName } from '../http/field_names.ts';
import { isAuthority } from '../http/host.ts';
import type { RequestHead } from '../http/message_head.ts';
import { Framing, TargetForm } from '../http/message_head.ts';
import { identifyMethod } from '../http/methods.ts';
import type { HeadLimits } from './decode_result.ts';
import { DecodeResult } from './decode_result.ts';
import { CONTENT_LENGTH_INVALID, CONTENT_LENGTH_NONE, FieldSection } from './field_section.ts';
import { RequestLine } from './request_line.ts';
import { identifyTarget, normalizeTarget } from './request_target.ts';
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

const LF = 0x0a;
const CR = 0x0d;
const EMPTY_LINE_BYTES = 2;

export class RequestDecoder {
  /** After INVALID: which row of the table. */
  error: ExchangeError = ExchangeError.NONE;
  /** After COMPLETE: offset behind the head. */
  headEnd = 0;
  /** After INCOMPLETE: to be given to the next call for the same head. Opaque; 0 begins a head. */
  scanned = 0;
  readonly #bytes: Uint8Array;
  readonly #limits: HeadLimits;
  readonly #dropsUnderscores: boolean;
  readonly #line: RequestLine;
  readonly #scanner: Scanner;
  readonly #section: FieldSection;
  readonly #hostName: ByteRange;

  constructor(arena: Arena, limits: HeadLimits, allowUnderscores: boolean) {
    assert(limits.fieldsCountMax <= FIELDS_COUNT_MAX, 'the fields of a request fit its block');
    assert(limits.headBytesMax <= POSITION_BYTES_MAX, 'a position can point into a request head');
    this.#bytes = arena.bytes;
    this.#limits = limits;
    this.#dropsUnderscores = !allowUnderscores;
    this.#line = new RequestLine(arena.bytes, limits.targetBytesMax);
    this.#scanner = new ScalarScanner(arena.bytes, {
      lineBytesMax: limits.fieldBytesMax,
      isSpaceBeforeColonAllowed: false,
    });
    this.#section = new FieldSection(arena.bytes);
    this.#hostName = arena.writeStatic(fieldName(FieldId.HOST));
  }

  /**
   * Decodes the head that begins at `start`; bytes behind it up to `end` are not looked at. After
   * INCOMPLETE call again with more bytes and `scanned`; the bytes may have been moved meanwhile.
   */
  decode(head: RequestHead, start: number, end: number, scanned: number): DecodeResult {
    const limit = Math.min(end, start + this.#limits.headBytesMax);
    if (scanned !== 0) {
      const result = this.#resume(head, start, limit, scanned);
      if (result !== DecodeResult.COMPLETE) return this.#judge(result, start, end);
    }
    return this.#judge(this.#decodeHead(head, start, limit), start, end);
  }

  // A head that does not end within its limit is refused when the limit is reached.
  #judge(result: DecodeResult, start: number, end: number): DecodeResult {
    if (result !== DecodeResult.INCOMPLETE || end - start < this.#limits.headBytesMax)
      return result;
    return this.#refuse(ExchangeError.REQUEST_HEAD_TOO_LARGE);
  }

  // Checks on from where the last call stopped. COMPLETE: the end is there.
  #resume(head: RequestHead, start: number, end: number, scanned: number): DecodeResult {
    const lineStart = start + positionLineStart(scanned);
    const lookedEnd = lineStart + positionLookedBytes(scanned);
    const isSecond = isPositionInSecond(scanned);
    if (positionLineStart(scanned) > EMPTY_LINES_BEFORE_REQUEST_MAX * EMPTY_LINE_BYTES) {
      const linesCount = positionLinesCount(scanned);
      const linesMax = this.#limits.fieldsCountMax - linesCount;
      const result = this.#scanner.resume(lineStart, end, linesMax, lookedEnd, isSecond);
      return this.#scanned(result, start, linesCount);
    }
    const result = this.#decodeLine(head, start, lineStart, end, lookedEnd, isSecond);
    if (result !== DecodeResult.COMPLETE) return result;
    return this.#scanFields(start, end);
  }

  #decodeHead(head: RequestHead, start: number, end: number): DecodeResult {
    const bytes = this.#bytes;
    let lineStart = start;
    // RFC 9112 section 2.2: an empty line before the request line is passed over.
    for (let i = 0; i < EMPTY_LINES_BEFORE_REQUEST_MAX; i++) {
      if (lineStart === end || bytes[lineStart] !== CR) break;
      if (lineStart + 1 === end) return this.#wait(start, lineStart, 0, lineStart, -1);
      if (bytes[lineStart + 1] !== LF) return this.#refuse(ExchangeError.REQUEST_HEAD_INVALID);
      lineStart += EMPTY_LINE_BYTES;
    }
    const line = this.#decodeLine(head, start, lineStart, end, lineStart, false);
    if (line !== DecodeResult.COMPLETE) return line;
    const fieldsStart = this.#line.lineEnd;
    const result = this.#scanFields(start, end);
    if (result !== DecodeResult.COMPLETE) return result;
    head.methodStart = lineStart;
    head.methodEnd = this.#line.methodEnd;
    head.version = this.#line.version;
    head.fields.clear();
    this.#section.read(head.fields, this.#scanner, fieldsStart, this.#dropsUnderscores);
    const error = this.#judgeFields(head);
    if (error !== ExchangeError.NONE) return this.#refuse(error);
    normalizeTarget(bytes, head, this.#line.needsNormalizing);
    this.#setAuthority(head);
    this.headEnd = this.#scanner.sectionEnd;
    this.scanned = 0;
    return DecodeResult.COMPLETE;
  }

  #decodeLine(
    head: RequestHead,
    start: number,
    lineStart: number,
    end: number,
    lookedEnd: number,
    isInQuery: boolean,
  ): DecodeResult {
    const line = this.#line;
    const result = line.decode(lineStart, end, lookedEnd, isInQuery);
    if (result === DecodeResult.INVALID) return this.#refuse(line.error);
    if (result === DecodeResult.INCOMPLETE) {
      return this.#wait(start, lineStart, 0, line.lookedEnd, line.query);
    }
    head.method = identifyMethod(this.#bytes, lineStart, line.methodEnd);
    if (!identifyTarget(this.#bytes, line, head)) {
      return this.#refuse(ExchangeError.REQUEST_HEAD_INVALID);
    }
    return DecodeResult.COMPLETE;
  }

  // The field lines behind the request line.
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
        // RFC 6585 section 5.
        return this.#refuse(ExchangeError.REQUEST_HEAD_TOO_LARGE);
      default:
        return this.#refuse(ExchangeError.REQUEST_HEAD_INVALID);
    }
  }

  // What the fields mean for this hop; sets all of the head's properties that come from them.
  #judgeFields(head: RequestHead): ExchangeError {
    const section = this.#section;
    const isVersion10 = head.version === 10;
    if (section.hasTooManyOptions) return ExchangeError.REQUEST_HEAD_INVALID;
    // RFC 9112 section 3.2: exactly one valid Host; none is an error from 1.1 on.
    if (section.hostsCount > 1) return ExchangeError.REQUEST_HEAD_INVALID;
    if (section.hostsCount === 0) {
      if (!isVersion10) return ExchangeError.REQUEST_HEAD_INVALID;
    } else {
      const start = head.fields.valueStart(section.hostIndex);
      const end = head.fields.valueEnd(section.hostIndex);
      if (!isAuthority(this.#bytes, start, end)) return ExchangeError.REQUEST_HEAD_INVALID;
    }
    const framing = this.#judgeFraming(head);
    if (framing !== ExchangeError.NONE) return framing;
    if (section.expectsOther) return ExchangeError.EXPECTATION_FAILED;

    const options = section.connection;
    head.isPersistent = !options.isClose && (!isVersion10 || options.isKeepAlive);
    head.acceptsTrailers = section.acceptsTrailers;
    // RFC 9110 section 7.8: in HTTP/1.0, or without the connection option, Upgrade is ignored.
    const isUpgrade = options.isUpgrade && !isVersion10;
    head.upgradeStart = isUpgrade ? section.upgradeStart : 0;
    head.upgradeEnd = isUpgrade ? section.upgradeEnd : 0;
    // RFC 9110 section 10.1.1: without a body nobody waits; HTTP/1.0 has no 100 (Continue).
    const waits = section.expectsContinue && !isVersion10 && head.framing !== Framing.NONE;
    head.expectsContinue = waits;
    if (section.expectsContinue && !waits) head.fields.removeAll(FieldId.EXPECT);
    head.bodyFollows = false;
    return ExchangeError.NONE;
  }

  // RFC 9112 section 6.3.
  #judgeFraming(head: RequestHead): ExchangeError {
    const { codings, contentLength } = this.#section;
    if (contentLength === CONTENT_LENGTH_INVALID) return ExchangeError.REQUEST_HEAD_INVALID;
    head.contentLength = contentLength;
    if (codings.count === 0) {
      // A length of 0 is no body; the field is forwarded.
      head.framing = contentLength > 0 ? Framing.LENGTH : Framing.NONE;
      return ExchangeError.NONE;
    }
    // Section 6.1: not in HTTP/1.0; not together with Content-Length.
    if (contentLength !== CONTENT_LENGTH_NONE) return ExchangeError.REQUEST_HEAD_INVALID;
    if (head.version === 10 || codings.isMalformed) return ExchangeError.REQUEST_HEAD_INVALID;
    if (codings.chunkedCount !== 1 || !codings.isChunkedLast) {
      return ExchangeError.REQUEST_HEAD_INVALID;
    }
    if (codings.count !== 1) return ExchangeError.REQUEST_CODING_UNSUPPORTED;
    head.framing = Framing.CHUNKED;
    return ExchangeError.NONE;
  }

  // RFC 9112 section 3.2.2: an authority in the target replaces Host, for routing and for what is
  // sent.
  #setAuthority(head: RequestHead): void {
    const index = this.#section.hostIndex;
    const fields = head.fields;
    if (head.targetForm === TargetForm.ORIGIN || head.targetForm === TargetForm.ASTERISK) {
      if (index < 0) return;
      head.authorityStart = fields.valueStart(index);
      head.authorityEnd = fields.valueEnd(index);
    } else if (index >= 0) {
      fields.replaceValue(index, head.authorityStart, head.authorityEnd);
    } else {
      const name = this.#hostName;
      fields.add(name.start, name.end, head.authorityStart, head.authorityEnd, FieldId.HOST);
    }
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

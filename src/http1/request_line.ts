// The request line (RFC 9112 section 3): `method SP request-target SP HTTP-version CRLF`, with
// exactly one space. It finds the parts and checks each byte in its order; what the target means is
// request_target.ts.
//
//   GET SP /a/%62/../c?d=e SP HTTP/1.1 CR LF
//   ^start ^targetStart ^query ^targetEnd    ^lineEnd
//
// The target's bytes are not changed here: that waits until the head is complete, because an
// unfinished head is looked at again.

import { METHOD_BYTES_MAX } from '../base/limits.ts';
import { BYTE_CLASS, ByteClass, HEX_VALUE, NOT_HEX } from '../http/byte_class.ts';
import { ExchangeError } from '../http/exchange_error.ts';
import { DecodeResult } from './decode_result.ts';
import {
  parseVersion,
  VERSION_BYTES,
  VERSION_INCOMPLETE,
  VERSION_MALFORMED,
  VERSION_UNSUPPORTED,
} from './http_version.ts';

const LF = 0x0a;
const CR = 0x0d;
const SPACE = 0x20;
const PERCENT = 0x25;
const DOT = 0x2e;
const SLASH = 0x2f;
const QUESTION = 0x3f;
const BACKSLASH = 0x5c;

export class RequestLine {
  error: ExchangeError = ExchangeError.NONE;
  methodEnd = 0;
  targetStart = 0;
  targetEnd = 0;
  /** Offset of the first `?`, or -1. */
  query = -1;
  /** The path has escapes, a backslash, or a segment that begins with a dot. */
  needsNormalizing = false;
  version = 11;
  /** After COMPLETE: offset behind the CRLF. */
  lineEnd = 0;
  /** After INCOMPLETE: bytes before this one are known to be good. */
  lookedEnd = 0;
  readonly #bytes: Uint8Array;
  readonly #targetBytesMax: number;
  #at = 0;

  constructor(bytes: Uint8Array, targetBytesMax: number) {
    this.#bytes = bytes;
    this.#targetBytesMax = targetBytesMax;
  }

  /**
   * Decodes the line that begins at `start`. It was looked at up to `lookedEnd` before, which lies
   * behind its `?` (`isInQuery`) or not; then the parts that were passed over are not reported.
   */
  decode(start: number, end: number, lookedEnd: number, isInQuery: boolean): DecodeResult {
    const method = this.#decodeMethod(start, end);
    if (method !== DecodeResult.COMPLETE) return method;
    const target = this.#decodeTarget(end, lookedEnd, isInQuery);
    if (target !== DecodeResult.COMPLETE) return target;
    return this.#decodeVersion(end);
  }

  #decodeMethod(start: number, end: number): DecodeResult {
    const bytes = this.#bytes;
    const limit = Math.min(end, start + METHOD_BYTES_MAX + 1);
    let at = start;
    while (at < limit && (BYTE_CLASS[bytes[at]!]! & ByteClass.TOKEN) !== 0) at++;
    if (at === limit) {
      if (at > start + METHOD_BYTES_MAX) return this.#refuse(ExchangeError.REQUEST_HEAD_INVALID);
      return this.#wait(start);
    }
    if (bytes[at] !== SPACE || at === start) {
      return this.#refuse(ExchangeError.REQUEST_HEAD_INVALID);
    }
    this.methodEnd = at;
    this.targetStart = at + 1;
    return DecodeResult.COMPLETE;
  }

  #decodeTarget(end: number, lookedEnd: number, isInQuery: boolean): DecodeResult {
    const bytes = this.#bytes;
    // The byte behind the longest target may only be the space.
    const limit = Math.min(end, this.targetStart + this.#targetBytesMax + 1);
    this.#at = Math.max(this.targetStart, lookedEnd);
    this.needsNormalizing = false;
    this.query = isInQuery ? this.targetStart : -1;
    if (!isInQuery) {
      const path = this.#decodePath(limit, end);
      if (path !== DecodeResult.COMPLETE) return path;
    }
    let at = this.#at;
    if (this.query >= 0) {
      while (at < limit && (BYTE_CLASS[bytes[at]!]! & ByteClass.TARGET) !== 0) at++;
      if (at === limit) return this.#ranOut(at, end);
    }
    if (bytes[at] !== SPACE || at === this.targetStart) {
      return this.#refuse(ExchangeError.REQUEST_HEAD_INVALID);
    }
    this.targetEnd = at;
    return DecodeResult.COMPLETE;
  }

  // Up to and with the `?`, or up to the first byte that cannot be in a path.
  #decodePath(limit: number, end: number): DecodeResult {
    const bytes = this.#bytes;
    let at = this.#at;
    for (;;) {
      while (at < limit && (BYTE_CLASS[bytes[at]!]! & ByteClass.PATH) !== 0) at++;
      if (at === limit) return this.#ranOut(at, end);
      const byte = bytes[at];
      if (byte === DOT) {
        if (bytes[at - 1] === SLASH) this.needsNormalizing = true;
        at++;
      } else if (byte === BACKSLASH) {
        this.needsNormalizing = true;
        at++;
      } else if (byte === PERCENT) {
        // A lone `%` is no escape (RFC 3986 section 2.1), and could become one by decoding what
        // follows.
        for (let i = at + 1; i < at + 3; i++) {
          if (i === limit) return this.#ranOut(at, end);
          if (HEX_VALUE[bytes[i]!] === NOT_HEX) {
            return this.#refuse(ExchangeError.REQUEST_HEAD_INVALID);
          }
        }
        this.needsNormalizing = true;
        at += 3;
      } else {
        if (byte === QUESTION) this.query = at++;
        this.#at = at;
        return DecodeResult.COMPLETE;
      }
    }
  }

  #decodeVersion(end: number): DecodeResult {
    const bytes = this.#bytes;
    const at = this.targetEnd + 1;
    const version = parseVersion(bytes, at, end);
    if (version === VERSION_INCOMPLETE) return this.#wait(this.targetEnd);
    if (version === VERSION_MALFORMED) return this.#refuse(ExchangeError.REQUEST_HEAD_INVALID);
    const lineEnd = at + VERSION_BYTES;
    if (lineEnd === end) return this.#wait(this.targetEnd);
    if (bytes[lineEnd] !== CR) return this.#refuse(ExchangeError.REQUEST_HEAD_INVALID);
    if (lineEnd + 1 === end) return this.#wait(this.targetEnd);
    if (bytes[lineEnd + 1] !== LF) return this.#refuse(ExchangeError.REQUEST_HEAD_INVALID);
    if (version === VERSION_UNSUPPORTED) {
      return this.#refuse(ExchangeError.REQUEST_VERSION_UNSUPPORTED);
    }
    this.version = version;
    this.lineEnd = lineEnd + 2;
    return DecodeResult.COMPLETE;
  }

  // All bytes up to the target's limit or the input's end are good: which of the two was it?
  #ranOut(lookedEnd: number, end: number): DecodeResult {
    if (end > this.targetStart + this.#targetBytesMax) {
      return this.#refuse(ExchangeError.REQUEST_TARGET_TOO_LONG);
    }
    return this.#wait(lookedEnd);
  }

  #wait(lookedEnd: number): DecodeResult {
    this.lookedEnd = lookedEnd;
    return DecodeResult.INCOMPLETE;
  }

  #refuse(error: ExchangeError): DecodeResult {
    this.error = error;
    return DecodeResult.INVALID;
  }
}

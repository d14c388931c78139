// The status line of a response (RFC 9112 section 4): `HTTP-version SP 3DIGIT SP [ reason-phrase ]
// CRLF`. The space before an empty reason phrase may be missing, as section 4 lets a recipient
// tolerate. Each byte is judged in its order, so that a verdict does not depend on how the input
// was split.

import { BYTE_CLASS, ByteClass } from '../http/byte_class.ts';
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
const ZERO = 0x30;
/** Offset of the byte behind the status code. */
const CODE_END: number = VERSION_BYTES + 4;

export class StatusLine {
  /** After INVALID: the line exceeds the limit, rather than being malformed. */
  isTooLong = false;
  version = 11;
  status = 0;
  reasonStart = 0;
  reasonEnd = 0;
  /** After COMPLETE: offset behind the CRLF. */
  lineEnd = 0;
  /** After INCOMPLETE: bytes before this one are known to be good. */
  lookedEnd = 0;
  readonly #bytes: Uint8Array;
  readonly #lineBytesMax: number;

  constructor(bytes: Uint8Array, lineBytesMax: number) {
    this.#bytes = bytes;
    this.#lineBytesMax = lineBytesMax;
  }

  /** Decodes the line that begins at `start` and was looked at up to `lookedEnd` before. */
  decode(start: number, end: number, lookedEnd: number): DecodeResult {
    const bytes = this.#bytes;
    this.isTooLong = false;
    this.lookedEnd = start;
    const code = this.#decodeCode(start, end);
    if (code !== DecodeResult.COMPLETE) return code;
    let at = start + CODE_END;
    if (at === end) return DecodeResult.INCOMPLETE;
    // The byte at `start + lineBytesMax` may only be the CR.
    const limit = Math.min(end, start + this.#lineBytesMax + 1);
    this.reasonStart = at;
    if (bytes[at] === SPACE) {
      this.reasonStart = at + 1;
      at = Math.max(at + 1, lookedEnd);
      while (at < limit && (BYTE_CLASS[bytes[at]!]! & ByteClass.VALUE) !== 0) at++;
    }
    if (at >= limit) {
      if (end > start + this.#lineBytesMax) {
        this.isTooLong = true;
        return DecodeResult.INVALID;
      }
      this.lookedEnd = at;
      return DecodeResult.INCOMPLETE;
    }
    if (bytes[at] !== CR) return DecodeResult.INVALID;
    if (at + 1 === end) {
      this.lookedEnd = at;
      return DecodeResult.INCOMPLETE;
    }
    if (bytes[at + 1] !== LF) return DecodeResult.INVALID;
    this.reasonEnd = at;
    this.lineEnd = at + 2;
    return DecodeResult.COMPLETE;
  }

  // HTTP-version SP 3DIGIT. A code from 100 on is taken as it is (RFC 9110 section 15).
  #decodeCode(start: number, end: number): DecodeResult {
    const bytes = this.#bytes;
    const version = parseVersion(bytes, start, end);
    if (version === VERSION_INCOMPLETE) return DecodeResult.INCOMPLETE;
    if (version === VERSION_MALFORMED || version === VERSION_UNSUPPORTED) {
      return DecodeResult.INVALID;
    }
    this.version = version;
    const space = start + VERSION_BYTES;
    if (space === end) return DecodeResult.INCOMPLETE;
    if (bytes[space] !== SPACE) return DecodeResult.INVALID;
    let status = 0;
    for (let i = space + 1; i < start + CODE_END; i++) {
      if (i === end) return DecodeResult.INCOMPLETE;
      const digit = bytes[i]! - ZERO;
      if (digit < 0 || digit > 9 || (digit === 0 && status === 0)) return DecodeResult.INVALID;
      status = status * 10 + digit;
    }
    this.status = status;
    return DecodeResult.COMPLETE;
  }
}

// `chunk-size [ chunk-ext ] CRLF` (RFC 9112 section 7.1), a byte at a time, so that it can stop
// anywhere:
//
//   SIZE_FIRST -> SIZE -+-------------------------------------------> LINE_FEED -> END
//                       +-> ";" NAME_FIRST -> NAME -> "=" VALUE_FIRST -> VALUE | QUOTED
//                            (BWS around ";" and "=", but not before the CRLF)
//
// Extensions are checked against their grammar (section 7.1.1) and dropped. Refused: signs, `0x`, a
// size that is no safe integer, bare CR or LF, white space at the line's end, too many extension
// bytes.

import { CHUNK_EXTENSION_BYTES_MAX } from '../base/limits.ts';
import { BYTE_CLASS, ByteClass, HEX_VALUE, NOT_HEX } from '../http/byte_class.ts';
import { BodyResult } from './decode_result.ts';

const State = {
  SIZE_FIRST: 0,
  SIZE: 1,
  /** White space before a `;`. */
  BEFORE_NAME: 2,
  NAME_FIRST: 3,
  NAME: 4,
  /** White space behind a name: `=` or `;` follows. */
  BEHIND_NAME: 5,
  VALUE_FIRST: 6,
  VALUE: 7,
  QUOTED: 8,
  ESCAPED: 9,
  BEHIND_QUOTED: 10,
  LINE_FEED: 11,
  INVALID: 12,
} as const;
type State = (typeof State)[keyof typeof State];

const TAB = 0x09;
const LF = 0x0a;
const CR = 0x0d;
const SPACE = 0x20;
const QUOTE = 0x22;
const SEMICOLON = 0x3b;
const EQUALS = 0x3d;
const BACKSLASH = 0x5c;
/** As many as a 64-bit number has; more could only be zeros. */
const DIGITS_MAX = 16;

export class ChunkHeader {
  /** After END. 0: the last chunk. */
  size = 0;
  /** Where `decode` stopped. */
  at = 0;
  #state: State = State.SIZE_FIRST;
  #digitsCount = 0;
  #extensionBytes = 0;

  /** Begins a body: extension bytes are counted over all its chunks. */
  begin(): void {
    this.#extensionBytes = 0;
    this.#beginLine();
  }

  /** Takes bytes of the line; END behind its CRLF, and then the next line begins. */
  decode(bytes: Uint8Array, start: number, end: number): BodyResult {
    let at = start;
    while (at < end) {
      const byte = bytes[at++]!;
      if (this.#state === State.SIZE || this.#state === State.SIZE_FIRST) {
        this.#state = this.#takeSize(byte);
      } else if (this.#state === State.LINE_FEED) {
        this.at = at;
        if (byte !== LF) return BodyResult.INVALID;
        this.#beginLine();
        return BodyResult.END;
      } else {
        if (++this.#extensionBytes > CHUNK_EXTENSION_BYTES_MAX) return BodyResult.INVALID;
        this.#state = takeExtension(this.#state, byte);
      }
      if (this.#state === State.INVALID) return BodyResult.INVALID;
    }
    this.at = at;
    return BodyResult.MORE;
  }

  #beginLine(): void {
    this.#state = State.SIZE_FIRST;
    this.#digitsCount = 0;
  }

  #takeSize(byte: number): State {
    const digit = HEX_VALUE[byte]!;
    if (digit !== NOT_HEX) {
      this.size = this.#digitsCount === 0 ? digit : this.size * 16 + digit;
      const isTooMuch = ++this.#digitsCount > DIGITS_MAX || this.size > Number.MAX_SAFE_INTEGER;
      return isTooMuch ? State.INVALID : State.SIZE;
    }
    if (this.#state === State.SIZE_FIRST) return State.INVALID;
    if (byte === CR) return State.LINE_FEED;
    if (++this.#extensionBytes > CHUNK_EXTENSION_BYTES_MAX) return State.INVALID;
    return takeExtension(State.BEFORE_NAME, byte);
  }
}

// One event per byte. CR, `;`, `=` and white space are no tchar, so a token ends at any of them.
function takeExtension(state: State, byte: number): State {
  const isToken = (BYTE_CLASS[byte]! & ByteClass.TOKEN) !== 0;
  const isSpace = byte === SPACE || byte === TAB;
  switch (state) {
    case State.BEFORE_NAME:
      if (isSpace) return State.BEFORE_NAME;
      return byte === SEMICOLON ? State.NAME_FIRST : State.INVALID;
    case State.NAME_FIRST:
      if (isSpace) return State.NAME_FIRST;
      return isToken ? State.NAME : State.INVALID;
    case State.NAME:
      if (isToken) return State.NAME;
      if (byte === CR) return State.LINE_FEED;
      return takeBehindName(byte, isSpace);
    case State.BEHIND_NAME:
      return takeBehindName(byte, isSpace);
    case State.VALUE_FIRST:
      if (isSpace) return State.VALUE_FIRST;
      if (byte === QUOTE) return State.QUOTED;
      return isToken ? State.VALUE : State.INVALID;
    case State.VALUE:
      return isToken ? State.VALUE : takeBehindValue(byte, isSpace);
    case State.QUOTED:
      if (byte === QUOTE) return State.BEHIND_QUOTED;
      if (byte === BACKSLASH) return State.ESCAPED;
      return isValueByte(byte) ? State.QUOTED : State.INVALID;
    case State.ESCAPED:
      return isValueByte(byte) ? State.QUOTED : State.INVALID;
    case State.BEHIND_QUOTED:
      return takeBehindValue(byte, isSpace);
    default:
      return State.INVALID;
  }
}

function takeBehindName(byte: number, isSpace: boolean): State {
  if (isSpace) return State.BEHIND_NAME;
  if (byte === EQUALS) return State.VALUE_FIRST;
  return byte === SEMICOLON ? State.NAME_FIRST : State.INVALID;
}

function takeBehindValue(byte: number, isSpace: boolean): State {
  if (byte === CR) return State.LINE_FEED;
  if (isSpace) return State.BEFORE_NAME;
  return byte === SEMICOLON ? State.NAME_FIRST : State.INVALID;
}

function isValueByte(byte: number): boolean {
  return (BYTE_CLASS[byte]! & ByteClass.VALUE) !== 0;
}

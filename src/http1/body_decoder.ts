// The body of one message after another on a connection (RFC 9112 sections 6 and 7): takes bytes as
// they arrive, split anywhere, and says which of them are body. It does no I/O and keeps no bytes
// but those of an unfinished trailer section.
//
//   chunked, in place:   | 5 CRLF h e l l o CRLF 3 CRLF a b c CRLF ... |
//                                 ^dataStart                ^received
//                        |        h e l l o a b c | ...                |
//                                                 ^dataEnd
//
// Payloads of one call are moved together, so that a received buffer yields one contiguous range.
//
//   HEADER -> DATA -> DATA_CR -> DATA_LF -> HEADER ...; HEADER of size 0 -> TRAILER | END_LF -> END

import type { Arena } from '../base/arena.ts';
import { assert } from '../base/assert.ts';
import { TRAILER_BYTES_MAX } from '../base/limits.ts';
import type { HeaderBlock } from '../http/header_block.ts';
import { Framing } from '../http/message_head.ts';
import { ChunkHeader } from './chunk_header.ts';
import { BodyResult } from './decode_result.ts';
import type { TrailerSection } from './trailer_section.ts';
import { trailerSectionOf } from './trailer_section.ts';

const State = {
  LENGTH: 0,
  CLOSE: 1,
  HEADER: 2,
  DATA: 3,
  DATA_CR: 4,
  DATA_LF: 5,
  TRAILER: 6,
  /** Behind the CR of a trailer section that is empty, as nearly all are: nothing is gathered. */
  END_LF: 7,
  END: 8,
  INVALID: 9,
} as const;
type State = (typeof State)[keyof typeof State];

const LF = 0x0a;
const CR = 0x0d;
const GATHERED_BYTES_FIRST = 256;
const NOTHING: Uint8Array = new Uint8Array(0);

export class BodyDecoder {
  /** Body bytes of the last call; may be empty. */
  dataStart = 0;
  dataEnd = 0;
  /** After END: bytes behind it belong to what follows on the connection. */
  consumedEnd = 0;
  /**
   * After END: the trailer fields that may be passed on. Shared by the worker's bodies: valid until
   * the callback that is told of them returns.
   */
  readonly trailers: HeaderBlock;
  /** Trailer fields whose name has an underscore are dropped; may change between two bodies. */
  dropsUnderscores: boolean;
  readonly #bytes: Uint8Array;
  readonly #section: TrailerSection;
  readonly #header: ChunkHeader = new ChunkHeader();
  #state: State = State.END;
  // Bytes left of a body with a length, or of a chunk.
  #left = 0;
  // The trailer section so far, and where its unfinished line begins.
  #gathered: Uint8Array = NOTHING;
  #gatheredBytes = 0;
  #lineStart = 0;

  constructor(arena: Arena, dropsUnderscores = true) {
    this.#bytes = arena.bytes;
    this.#section = trailerSectionOf(arena);
    this.dropsUnderscores = dropsUnderscores;
    this.trailers = this.#section.fields;
  }

  /** Begins a body. `contentLength` is that of Framing.LENGTH. */
  begin(framing: Framing, contentLength: number): void {
    this.dataStart = 0;
    this.dataEnd = 0;
    this.consumedEnd = 0;
    this.#left = 0;
    switch (framing) {
      case Framing.NONE:
        this.#state = State.END;
        break;
      case Framing.LENGTH:
        assert(contentLength >= 0, 'a body with a length has one');
        this.#state = State.LENGTH;
        this.#left = contentLength;
        break;
      case Framing.CHUNKED:
        this.#state = State.HEADER;
        this.#header.begin();
        this.#gatheredBytes = 0;
        this.#lineStart = 0;
        break;
      default:
        this.#state = State.CLOSE;
        break;
    }
  }

  /** Decodes `[start, end)` in place. After END and INVALID no more bytes are taken. */
  decode(start: number, end: number): BodyResult {
    this.dataStart = start;
    this.dataEnd = start;
    this.consumedEnd = start;
    switch (this.#state) {
      case State.LENGTH:
        return this.#decodeLength(start, end);
      case State.CLOSE:
        this.dataEnd = end;
        this.consumedEnd = end;
        return BodyResult.MORE;
      case State.END:
        this.trailers.clear();
        return BodyResult.END;
      case State.INVALID:
        return BodyResult.INVALID;
      default:
        return this.#decodeChunked(start, end);
    }
  }

  /** The connection ended: END where that delimits the body or it was complete, else INVALID. */
  endOfInput(): BodyResult {
    this.dataStart = this.dataEnd;
    if (this.#state === State.CLOSE || (this.#state === State.LENGTH && this.#left === 0)) {
      this.#state = State.END;
    }
    if (this.#state !== State.END) return this.#refuse();
    this.trailers.clear();
    return BodyResult.END;
  }

  /** Bytes that are still to come of a body with a length, else -1. */
  remaining(): number {
    return this.#state === State.LENGTH ? this.#left : -1;
  }

  #decodeLength(start: number, end: number): BodyResult {
    const byteCount = Math.min(this.#left, end - start);
    this.#left -= byteCount;
    this.dataEnd = start + byteCount;
    this.consumedEnd = this.dataEnd;
    if (this.#left > 0) return BodyResult.MORE;
    return this.#end(this.consumedEnd);
  }

  #decodeChunked(start: number, end: number): BodyResult {
    const bytes = this.#bytes;
    let at = start;
    while (at < end) {
      switch (this.#state) {
        case State.HEADER: {
          const result = this.#header.decode(bytes, at, end);
          if (result === BodyResult.INVALID) return this.#refuse();
          if (result === BodyResult.END) {
            this.#left = this.#header.size;
            this.#state = this.#left === 0 ? State.TRAILER : State.DATA;
          }
          at = this.#header.at;
          break;
        }
        case State.DATA:
          at = this.#takeData(at, end);
          break;
        case State.DATA_CR:
          if (bytes[at++] !== CR) return this.#refuse();
          this.#state = State.DATA_LF;
          break;
        case State.DATA_LF:
          if (bytes[at++] !== LF) return this.#refuse();
          this.#state = State.HEADER;
          break;
        case State.END_LF:
          if (bytes[at++] !== LF) return this.#refuse();
          return this.#end(at);
        default: {
          const result = this.#takeTrailer(bytes[at++]!);
          if (result === BodyResult.INVALID) return this.#refuse();
          if (result === BodyResult.END) return this.#endTrailers(at);
          break;
        }
      }
    }
    this.consumedEnd = at;
    return BodyResult.MORE;
  }

  // Moves the payload at `at` behind those of this call that came before.
  #takeData(at: number, end: number): number {
    const byteCount = Math.min(this.#left, end - at);
    if (this.dataEnd === this.dataStart) {
      this.dataStart = at;
      this.dataEnd = at + byteCount;
    } else {
      this.#bytes.copyWithin(this.dataEnd, at, at + byteCount);
      this.dataEnd += byteCount;
    }
    this.#left -= byteCount;
    if (this.#left === 0) this.#state = State.DATA_CR;
    return at + byteCount;
  }

  // Gathers a byte of the trailer section; END with the LF of its empty line. CR and LF only come
  // paired.
  #takeTrailer(byte: number): BodyResult {
    const count = this.#gatheredBytes;
    if (count === 0 && byte === CR) {
      this.#state = State.END_LF;
      return BodyResult.MORE;
    }
    if (count === TRAILER_BYTES_MAX) return BodyResult.INVALID;
    const isBehindCr = count > this.#lineStart && this.#gathered[count - 1] === CR;
    if (isBehindCr !== (byte === LF)) return BodyResult.INVALID;
    if (count === this.#gathered.length) this.#growGathered();
    this.#gathered[count] = byte;
    this.#gatheredBytes = count + 1;
    if (byte !== LF) return BodyResult.MORE;
    const isEmptyLine = count - this.#lineStart === 1;
    this.#lineStart = count + 1;
    return isEmptyLine ? BodyResult.END : BodyResult.MORE;
  }

  #growGathered(): void {
    const byteCount = Math.min(
      Math.max(this.#gathered.length * 2, GATHERED_BYTES_FIRST),
      TRAILER_BYTES_MAX,
    );
    const larger = new Uint8Array(byteCount);
    larger.set(this.#gathered);
    this.#gathered = larger;
  }

  #endTrailers(at: number): BodyResult {
    const gathered = this.#gathered;
    const byteCount = this.#gatheredBytes;
    if (!this.#section.decode(gathered, byteCount, this.dropsUnderscores)) return this.#refuse();
    this.#gathered = NOTHING;
    this.#gatheredBytes = 0;
    this.consumedEnd = at;
    this.#state = State.END;
    return BodyResult.END;
  }

  #end(at: number): BodyResult {
    this.consumedEnd = at;
    this.#state = State.END;
    this.trailers.clear();
    return BodyResult.END;
  }

  // Nothing of a call that met an error is body.
  #refuse(): BodyResult {
    this.#state = State.INVALID;
    this.dataEnd = this.dataStart;
    return BodyResult.INVALID;
  }
}

// Heads and chunk framing as HTTP/1.1 bytes (RFC 9112). Field lines that stand in the arena as they
// came are copied as they are, neighbours in one go; what concerns our own hop is added here and
// nowhere else: framing, Connection, Upgrade, TE. A field block never holds such fields (see
// message_head.ts).

import type { Arena } from '../base/arena.ts';
import { assert } from '../base/assert.ts';
import { FieldId } from '../http/field_names.ts';
import type { HeaderBlock } from '../http/header_block.ts';
import type { RequestHead, ResponseHead } from '../http/message_head.ts';
import { Framing } from '../http/message_head.ts';
import type { Method } from '../http/methods.ts';
import { hasNoBody, reasonPhrase } from '../http/status.ts';
import { writeDecimal } from '../http/text.ts';

const LF = 0x0a;
const CR = 0x0d;
const SPACE = 0x20;
const COLON = 0x3a;

/** Room that a number and what stands around it may take. */
const DECIMAL_BYTES_MAX = 16;
/** Shorter runs are copied faster by a loop (bench/micro/http1_codec.ts). */
const LOOP_BYTES_MAX = 24;

const HEX_DIGITS: Uint8Array = text('0123456789abcdef');
const VERSION_LINE_END: Uint8Array = text(' HTTP/1.1\r\n');
const VERSION_LINE_START: Uint8Array = text('HTTP/1.1 ');
const HOST: Uint8Array = text('Host: ');
const CHUNKED: Uint8Array = text('Transfer-Encoding: chunked\r\n');
const CONTENT_LENGTH: Uint8Array = text('Content-Length: ');
const CLOSE: Uint8Array = text('Connection: close\r\n');
const KEEP_ALIVE: Uint8Array = text('Connection: keep-alive\r\n');
const UPGRADE: Uint8Array = text('Connection: upgrade\r\nUpgrade: ');
const UPGRADE_CLOSE: Uint8Array = text('Connection: upgrade, close\r\nUpgrade: ');
const UPGRADE_TE: Uint8Array = text('TE: trailers\r\nConnection: upgrade, TE\r\nUpgrade: ');
const TE: Uint8Array = text('TE: trailers\r\nConnection: TE\r\n');
const CRLF: Uint8Array = text('\r\n');
const LAST_CHUNK: Uint8Array = text('0\r\n');
const CHUNK_END_LAST_CHUNK: Uint8Array = text('\r\n0\r\n\r\n');

const REASONS: readonly Uint8Array[] = Array.from({ length: 1000 }, (_, status) =>
  text(reasonPhrase(status)),
);

export class Http1Encoder {
  /**
   * After `encodeResponseHead`: how the body has to be sent. CLOSE: the connection ends with it.
   */
  bodyFraming: Framing = Framing.NONE;
  readonly #bytes: Uint8Array;
  // Where the next byte goes, and the end of the room; past it means that it did not fit.
  #at = 0;
  #end = 0;

  constructor(arena: Arena) {
    this.#bytes = arena.bytes;
  }

  /**
   * Writes a request head into `[out, outEnd)`, always as HTTP/1.1, and returns its end, or -1
   * where it does not fit. A head without Host is given one from its authority (RFC 9112 section
   * 3.2).
   */
  encodeRequestHead(head: RequestHead, out: number, outEnd: number): number {
    this.#at = out;
    this.#end = outEnd;
    this.#copy(head.methodStart, head.methodEnd);
    this.#byte(SPACE);
    this.#copy(head.targetStart, head.targetEnd);
    this.#text(VERSION_LINE_END);
    if (head.fields.find(FieldId.HOST) < 0) {
      this.#text(HOST);
      this.#copy(head.authorityStart, head.authorityEnd);
      this.#text(CRLF);
    }
    const hasLength =
      head.framing === Framing.LENGTH ||
      (head.framing === Framing.NONE && head.contentLength === 0);
    this.#fields(head.fields, hasLength);
    if (head.framing === Framing.CHUNKED) this.#text(CHUNKED);
    else if (hasLength) this.#contentLength(head.fields, head.contentLength);
    if (head.upgradeEnd > head.upgradeStart) {
      this.#text(head.acceptsTrailers ? UPGRADE_TE : UPGRADE);
      this.#copy(head.upgradeStart, head.upgradeEnd);
      this.#text(CRLF);
    } else if (head.acceptsTrailers) {
      // RFC 9110 section 10.1.4: TE is listed in Connection.
      this.#text(TE);
    }
    this.#text(CRLF);
    return this.#finish();
  }

  /**
   * Writes a response head for a client that speaks version 10 or 11, and returns its end, or -1
   * where it does not fit. `keepAlive`: the connection would serve another request; it will not
   * where the body is delimited by its end (`bodyFraming` is CLOSE).
   */
  encodeResponseHead(
    head: ResponseHead,
    clientVersion: number,
    requestMethod: Method,
    keepAlive: boolean,
    out: number,
    outEnd: number,
  ): number {
    this.#at = out;
    this.#end = outEnd;
    this.#statusLine(head);
    const isBodyless = hasNoBody(head.status, requestMethod);
    const framing = isBodyless ? Framing.NONE : framingFor(head.framing, clientVersion);
    const length = lengthOf(head, isBodyless);
    this.bodyFraming = framing;
    this.#fields(head.fields, length >= 0);
    if (length >= 0) this.#contentLength(head.fields, length);
    else if (framing === Framing.CHUNKED) this.#text(CHUNKED);
    this.#connection(head, clientVersion, keepAlive && framing !== Framing.CLOSE);
    this.#text(CRLF);
    return this.#finish();
  }

  /**
   * Writes the size line of a chunk before its payload `[start, end)`, which is not empty; returns
   * where the chunk begins. At most 10 bytes before `start` are overwritten.
   */
  openChunk(start: number, end: number): number {
    assert(end > start, 'an empty chunk would end the body');
    const bytes = this.#bytes;
    let at = start;
    bytes[--at] = LF;
    bytes[--at] = CR;
    for (let rest = end - start; rest > 0; rest >>>= 4) bytes[--at] = HEX_DIGITS[rest & 15]!;
    return at;
  }

  /** Writes the CRLF behind a chunk's payload (2 bytes); returns the chunk's end. */
  closeChunk(end: number): number {
    this.#bytes[end] = CR;
    this.#bytes[end + 1] = LF;
    return end + 2;
  }

  /** Writes the CRLF behind the last payload and the end of the body (7 bytes); returns the end. */
  closeLastChunk(end: number): number {
    return this.#write(CHUNK_END_LAST_CHUNK, end);
  }

  /**
   * Writes the last chunk with its trailer section; returns its end, or -1 where it does not fit.
   */
  writeLastChunk(trailers: HeaderBlock | null, out: number, outEnd: number): number {
    this.#at = out;
    this.#end = outEnd;
    this.#text(LAST_CHUNK);
    if (trailers !== null) this.#fields(trailers, true);
    this.#text(CRLF);
    return this.#finish();
  }

  #statusLine(head: ResponseHead): void {
    this.#text(VERSION_LINE_START);
    if (this.#at + DECIMAL_BYTES_MAX > this.#end) {
      this.#at = this.#end + 1;
      return;
    }
    this.#at = writeDecimal(this.#bytes, this.#at, head.status);
    this.#byte(SPACE);
    if (head.reasonEnd > head.reasonStart) this.#copy(head.reasonStart, head.reasonEnd);
    else this.#text(REASONS[head.status]!);
    this.#text(CRLF);
  }

  // Persistence is the default of 1.1 and has to be said to 1.0 (RFC 9112 section 9.3).
  #connection(head: ResponseHead, clientVersion: number, keepAlive: boolean): void {
    if (head.upgradeEnd > head.upgradeStart && clientVersion >= 11) {
      this.#text(keepAlive || head.status === 101 ? UPGRADE : UPGRADE_CLOSE);
      this.#copy(head.upgradeStart, head.upgradeEnd);
      this.#text(CRLF);
    } else if (head.status >= 200) {
      if (!keepAlive) this.#text(CLOSE);
      else if (clientVersion < 11) this.#text(KEEP_ALIVE);
    }
  }

  // Adds Content-Length where the block has none.
  #contentLength(fields: HeaderBlock, length: number): void {
    if (fields.find(FieldId.CONTENT_LENGTH) >= 0) return;
    this.#text(CONTENT_LENGTH);
    if (this.#at + DECIMAL_BYTES_MAX > this.#end) {
      this.#at = this.#end + 1;
      return;
    }
    this.#at = writeDecimal(this.#bytes, this.#at, length);
    this.#text(CRLF);
  }

  // The fields of a block; lines that follow each other in the arena are copied together.
  #fields(fields: HeaderBlock, hasLength: boolean): void {
    const bytes = this.#bytes;
    let runStart = 0;
    let runEnd = 0;
    for (let i = 0; i < fields.count; i++) {
      if (fields.isRemoved(i)) continue;
      if (!hasLength && fields.id(i) === FieldId.CONTENT_LENGTH) continue;
      const nameStart = fields.nameStart(i);
      if (fields.isLine(i)) {
        let lineEnd = fields.valueEnd(i);
        while (bytes[lineEnd] !== LF) lineEnd++; // white space behind the value, and the CR
        lineEnd++;
        if (nameStart !== runEnd) {
          this.#copy(runStart, runEnd);
          runStart = nameStart;
        }
        runEnd = lineEnd;
        continue;
      }
      this.#copy(runStart, runEnd);
      runStart = runEnd;
      this.#copy(nameStart, fields.nameEnd(i));
      this.#byte(COLON);
      this.#byte(SPACE);
      this.#copy(fields.valueStart(i), fields.valueEnd(i));
      this.#text(CRLF);
    }
    this.#copy(runStart, runEnd);
  }

  #copy(start: number, end: number): void {
    const bytes = this.#bytes;
    const to = this.#at;
    const byteCount = end - start;
    this.#at = to + byteCount;
    if (this.#at > this.#end) return;
    if (byteCount > LOOP_BYTES_MAX) {
      bytes.copyWithin(to, start, end);
      return;
    }
    for (let i = 0; i < byteCount; i++) bytes[to + i] = bytes[start + i]!;
  }

  #text(constant: Uint8Array): void {
    const to = this.#at;
    this.#at = to + constant.length;
    if (this.#at <= this.#end) this.#write(constant, to);
  }

  #write(constant: Uint8Array, to: number): number {
    const bytes = this.#bytes;
    for (let i = 0; i < constant.length; i++) bytes[to + i] = constant[i]!;
    return to + constant.length;
  }

  #byte(byte: number): void {
    const to = this.#at++;
    if (to < this.#end) this.#bytes[to] = byte;
  }

  #finish(): number {
    return this.#at <= this.#end ? this.#at : -1;
  }
}

// A body whose end is marked is chunked for 1.1; 1.0 has only the connection's end (RFC 9112
// section 6.1).
function framingFor(framing: Framing, clientVersion: number): Framing {
  if (framing === Framing.NONE || framing === Framing.LENGTH) return framing;
  return clientVersion >= 11 ? Framing.CHUNKED : Framing.CLOSE;
}

// The Content-Length to be sent, or -1. A response that may have a body and has none says 0.
function lengthOf(head: ResponseHead, isBodyless: boolean): number {
  if (head.status < 200 || head.status === 204) return -1;
  if (head.framing === Framing.LENGTH) return head.contentLength;
  if (head.framing !== Framing.NONE) return -1;
  return head.contentLength >= 0 || isBodyless ? head.contentLength : 0;
}

function text(constant: string): Uint8Array {
  return Uint8Array.from(constant, (character) => character.charCodeAt(0));
}

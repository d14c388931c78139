// What the access log says of one exchange. A worker fills one record over and over; a tunnel,
// whose head goes back long before its end, keeps a record of its own with a copy of the bytes it
// needs.

import { ExchangeError } from '../http/exchange_error.ts';
import { FieldId } from '../http/field_names.ts';
import type { HeaderBlock } from '../http/header_block.ts';
import type { RequestHead } from '../http/message_head.ts';

/** No such time: the request reached no upstream, or no answer began. */
export const NO_TIME = -1;

export class AccessRecord {
  /** Where the ranges below lie: the arena, or the copy of a tunnel. */
  bytes: Uint8Array;
  methodStart = 0;
  methodEnd = 0;
  targetStart = 0;
  pathEnd = 0;
  targetEnd = 0;
  hostStart = 0;
  hostEnd = 0;
  userAgentStart = 0;
  userAgentEnd = 0;
  refererStart = 0;
  refererEnd = 0;
  /** A request id that the client sent and that was kept. */
  requestIdStart = 0;
  requestIdEnd = 0;
  /** Number of a request id that we made; 0 for none. */
  requestNumber = 0;
  /** 10, 11 or 20; 0 where no head was understood. */
  version = 0;
  /** Wall clock when the request began. */
  wallMs = 0;
  remoteHost = '';
  remotePort = 0;
  /** 0 where nothing was answered. */
  status = 0;
  error: ExchangeError = ExchangeError.NONE;
  requestBodyBytes = 0;
  responseBytes = 0;
  durationMs = 0;
  /** From asking for a connection until it was open; 0 on a reused one. */
  connectMs: number = NO_TIME;
  /** From asking for a connection to the first byte of the response. */
  firstByteMs: number = NO_TIME;
  upstream = '';
  endpoint = '';
  route = '';

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }

  /** Points the record at a request's head. */
  readHead(head: RequestHead): void {
    this.methodStart = head.methodStart;
    this.methodEnd = head.methodEnd;
    this.targetStart = head.targetStart;
    this.pathEnd = head.pathEnd;
    this.targetEnd = head.targetEnd;
    this.hostStart = head.authorityStart;
    this.hostEnd = head.authorityEnd;
    this.version = head.version;
    const fields = head.fields;
    const userAgent = fields.find(FieldId.USER_AGENT);
    this.userAgentStart = startOf(fields, userAgent);
    this.userAgentEnd = endOf(fields, userAgent);
    const referer = fields.find(FieldId.REFERER);
    this.refererStart = startOf(fields, referer);
    this.refererEnd = endOf(fields, referer);
  }

  /** Points the record at the id that the client sent. */
  readRequestId(head: RequestHead): void {
    const index = head.fields.find(FieldId.X_REQUEST_ID);
    this.requestIdStart = startOf(head.fields, index);
    this.requestIdEnd = endOf(head.fields, index);
  }

  /** For a request whose head was not understood. */
  clearHead(): void {
    this.methodStart = this.methodEnd = 0;
    this.targetStart = this.pathEnd = this.targetEnd = 0;
    this.hostStart = this.hostEnd = 0;
    this.userAgentStart = this.userAgentEnd = 0;
    this.refererStart = this.refererEnd = 0;
    this.requestIdStart = this.requestIdEnd = 0;
    this.requestNumber = 0;
    this.version = 0;
  }

  /** Makes the record independent of the arena. Allocates: for tunnels only. */
  copyBytes(): void {
    const byteCount =
      this.methodEnd -
      this.methodStart +
      (this.targetEnd - this.targetStart) +
      (this.hostEnd - this.hostStart) +
      (this.userAgentEnd - this.userAgentStart) +
      (this.refererEnd - this.refererStart) +
      (this.requestIdEnd - this.requestIdStart);
    const copy = new Uint8Array(byteCount);
    const source = this.bytes;
    let at = 0;
    const move = (start: number, end: number): number => {
      copy.set(source.subarray(start, end), at);
      at += end - start;
      return at;
    };
    const pathBytes = this.pathEnd - this.targetStart;
    this.methodEnd = move(this.methodStart, this.methodEnd);
    this.targetEnd = move(this.targetStart, this.targetEnd);
    this.hostEnd = move(this.hostStart, this.hostEnd);
    this.userAgentEnd = move(this.userAgentStart, this.userAgentEnd);
    this.refererEnd = move(this.refererStart, this.refererEnd);
    this.requestIdEnd = move(this.requestIdStart, this.requestIdEnd);
    this.methodStart = 0;
    this.targetStart = this.methodEnd;
    this.pathEnd = this.targetStart + pathBytes;
    this.hostStart = this.targetEnd;
    this.userAgentStart = this.hostEnd;
    this.refererStart = this.userAgentEnd;
    this.requestIdStart = this.refererEnd;
    this.bytes = copy;
  }
}

function startOf(fields: HeaderBlock, index: number): number {
  return index < 0 ? 0 : fields.valueStart(index);
}

function endOf(fields: HeaderBlock, index: number): number {
  return index < 0 ? 0 : fields.valueEnd(index);
}

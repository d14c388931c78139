// What a request is given and what is taken from it on its way to the endpoint: Host, the
// X-Forwarded and Forwarded fields, the request id, Via, Max-Forwards, Expect. Hop-by-hop fields
// were removed by the codec.
//
// `admit` runs once per request and takes away; `address` runs before each try and adds. A second
// try begins with the fields as `admit` left them: added ones are cut off, replaced values are
// written anew.
//
// What says where a request came from is believed only of a client in `trustedProxies`: anybody
// else's fields of that kind are removed in every mode, `off` included, so that an upstream that
// reads one never reads a forgery.

import type { Arena, ByteRange } from '../base/arena.ts';
import { assert } from '../base/assert.ts';
import { BYTE_CLASS, ByteClass } from '../http/byte_class.ts';
import type { ClientConnectionInfo } from '../http/exchange_contract.ts';
import { ExchangeError } from '../http/exchange_error.ts';
import { FieldId } from '../http/field_names.ts';
import type { HeaderBlock } from '../http/header_block.ts';
import type { RequestHead } from '../http/message_head.ts';
import { Method } from '../http/methods.ts';
import type { HostHeader } from '../upstream/options.ts';
import type { ProxyOptions } from './options.ts';
import { REQUEST_ID_BYTES, type RequestIds } from './request_id.ts';
import type { ScratchWriter } from './scratch_writer.ts';
import type { Via } from './via.ts';

/** A list of a trusted client that is longer is not copied: ours follows as a field of its own. */
const FORWARDED_FOR_JOINED_BYTES_MAX = 768;
/** No host name is that long (RFC 1035 section 2.3.4): a longer authority is not repeated. */
const AUTHORITY_REPEATED_BYTES_MAX = 300;
/** A larger value is sent on as this one less one (RFC 9110 section 7.6.2). */
const MAX_FORWARDS_MAX = 1_000_000_000;
/** `Max-Forwards` is absent, malformed or without meaning for the method. */
const NO_MAX_FORWARDS = -1;

const QUOTE = 0x22;
const SPACE = 0x20;
const COMMA = 0x2c;

/** Host, X-Forwarded-For, Max-Forwards. */
const KEPT_VALUES_MAX = 3;

/** What `admit` found out about a request; part of the exchange, reused with it. */
export class ForwardingPlan {
  /** Fields of the request as received: what follows them was added by us. */
  fieldsCount = 0;
  /** The one X-Forwarded-For of a trusted client that ours is appended to; -1 for none. */
  forwardedForIndex = -1;
  forwardedForStart = 0;
  forwardedForEnd = 0;
  /** Value received; 0: we are the final recipient (RFC 9110 section 7.6.2). */
  maxForwards: number = NO_MAX_FORWARDS;
  /** Number of the request id that we made; 0: the client's is kept, or there is none. */
  requestNumber = 0;
  /** The target as it was routed, for the log. */
  receivedStart = 0;
  receivedPathEnd = 0;
  receivedEnd = 0;
  /** The target to come back to after each try: that one, or what middleware made of it. */
  targetStart = 0;
  pathEnd = 0;
  targetEnd = 0;
  /** Index, start and end of each value that the try at hand has replaced. */
  readonly #kept: Int32Array = new Int32Array(KEPT_VALUES_MAX * 3);
  #keptCount = 0;

  /** Notes the target of a request that begins. */
  receive(head: RequestHead): void {
    this.#keptCount = 0;
    this.receivedStart = head.targetStart;
    this.receivedPathEnd = head.pathEnd;
    this.receivedEnd = head.targetEnd;
    this.keepTarget(head);
  }

  /** What the head has now is what `restore` gives back. */
  keepTarget(head: RequestHead): void {
    this.targetStart = head.targetStart;
    this.pathEnd = head.pathEnd;
    this.targetEnd = head.targetEnd;
  }

  /** Notes the value of a field that one try replaces. */
  keepValue(fields: HeaderBlock, index: number): void {
    assert(this.#keptCount < KEPT_VALUES_MAX, 'a try replaces few values');
    const at = this.#keptCount++ * 3;
    this.#kept[at] = index;
    this.#kept[at + 1] = fields.valueStart(index);
    this.#kept[at + 2] = fields.valueEnd(index);
  }

  /**
   * The head is encoded: it is what it was before the try. What was added and replaced lies in
   * scratch, which the next exchange writes over; nobody may read it through this head.
   */
  restore(head: RequestHead): void {
    const { fields } = head;
    head.targetStart = this.targetStart;
    head.pathEnd = this.pathEnd;
    head.targetEnd = this.targetEnd;
    fields.count = this.fieldsCount;
    for (let i = 0; i < this.#keptCount; i++) {
      const at = i * 3;
      const index = this.#kept[at]!;
      if (index < fields.count) {
        fields.replaceValue(index, this.#kept[at + 1]!, this.#kept[at + 2]!);
      }
    }
    this.#keptCount = 0;
  }
}

export class Forwarding {
  readonly requestIds: RequestIds;
  readonly #bytes: Uint8Array;
  readonly #scratch: ScratchWriter;
  readonly #via: Via;
  readonly #addsX: boolean;
  readonly #addsForwarded: boolean;
  readonly #addsRequestId: boolean;
  readonly #hostName: ByteRange;
  readonly #forName: ByteRange;
  readonly #protoName: ByteRange;
  readonly #xHostName: ByteRange;
  readonly #forwardedName: ByteRange;
  readonly #requestIdName: ByteRange;
  readonly #http: ByteRange;
  readonly #https: ByteRange;

  /** `scratch` holds what we add to one head; all snapshots of a worker share it, and the ids. */
  constructor(
    arena: Arena,
    options: ProxyOptions,
    via: Via,
    scratch: ScratchWriter,
    requestIds: RequestIds,
  ) {
    this.requestIds = requestIds;
    this.#bytes = arena.bytes;
    this.#scratch = scratch;
    this.#via = via;
    this.#addsX = options.forwarded === 'x' || options.forwarded === 'both';
    this.#addsForwarded = options.forwarded === 'rfc7239' || options.forwarded === 'both';
    this.#addsRequestId = options.requestId;
    this.#hostName = arena.writeStatic('Host');
    this.#forName = arena.writeStatic('X-Forwarded-For');
    this.#protoName = arena.writeStatic('X-Forwarded-Proto');
    this.#xHostName = arena.writeStatic('X-Forwarded-Host');
    this.#forwardedName = arena.writeStatic('Forwarded');
    this.#requestIdName = arena.writeStatic('X-Request-Id');
    this.#http = arena.writeStatic('http');
    this.#https = arena.writeStatic('https');
  }

  /** Removes what may not pass. Anything but NONE is the error that the request is refused with. */
  admit(head: RequestHead, connection: ClientConnectionInfo, plan: ForwardingPlan): ExchangeError {
    const fields = head.fields;
    plan.fieldsCount = fields.count;
    plan.forwardedForIndex = -1;
    plan.maxForwards = NO_MAX_FORWARDS;
    plan.requestNumber = 0;
    if (this.#via.hasLoop(fields)) return ExchangeError.PROXY_LOOP;
    // RFC 9110 section 7.4: `https` MUST be refused over a connection that is not secured, unless
    // that is a trusted gateway's.
    if (head.isTargetSecure && connection.scheme !== 'https' && !connection.isTrusted) {
      return ExchangeError.MISDIRECTED_REQUEST;
    }
    // RFC 9110 section 10.1.1: MUST be ignored in HTTP/1.0, MUST NOT be sent without content.
    if (!head.expectsContinue) fields.removeAll(FieldId.EXPECT);
    if (head.method === Method.TRACE || head.method === Method.OPTIONS) {
      plan.maxForwards = this.#parseMaxForwards(fields);
    }
    if (connection.isTrusted) this.#planForwardedFor(fields, plan);
    else removeOrigin(fields);
    if (this.#addsRequestId) {
      if (!connection.isTrusted) fields.removeAll(FieldId.X_REQUEST_ID);
      if (fields.find(FieldId.X_REQUEST_ID) < 0) plan.requestNumber = this.requestIds.next();
    }
    return ExchangeError.NONE;
  }

  /** Looks again at what middleware may have changed: its fields count as the request's own. */
  replan(head: RequestHead, plan: ForwardingPlan): void {
    plan.fieldsCount = head.fields.count;
    plan.forwardedForIndex = -1;
    this.#planForwardedFor(head.fields, plan);
    if (head.fields.find(FieldId.X_REQUEST_ID) >= 0) plan.requestNumber = 0;
    plan.keepTarget(head);
  }

  /**
   * Adds our fields for one try. The values lie in scratch: the head must be encoded before the
   * next call. `endpointAuthority` is the Host that the endpoint itself would have.
   */
  address(
    head: RequestHead,
    connection: ClientConnectionInfo,
    plan: ForwardingPlan,
    hostHeader: HostHeader,
    endpointAuthority: string,
  ): void {
    const fields = head.fields;
    fields.count = plan.fieldsCount;
    this.#scratch.restart();
    this.#setHost(head, plan, hostHeader, endpointAuthority);
    if (plan.maxForwards > 0) this.#decrementMaxForwards(fields, plan);
    if (this.#addsX) this.#addX(head, connection, plan);
    if (this.#addsForwarded) this.#addForwarded(head, connection);
    if (plan.requestNumber > 0) {
      const start = this.#scratch.take(REQUEST_ID_BYTES);
      this.requestIds.write(this.#bytes, start, plan.requestNumber);
      this.#add(fields, this.#requestIdName, start, this.#scratch.at, FieldId.X_REQUEST_ID);
    }
    this.#via.add(fields, head.version);
  }

  /** RFC 9112 section 3.2.2: an absolute target's authority is what Host must say. */
  #setHost(
    head: RequestHead,
    plan: ForwardingPlan,
    hostHeader: HostHeader,
    endpointAuthority: string,
  ): void {
    let start = head.authorityStart;
    let end = head.authorityEnd;
    if (hostHeader.kind !== 'preserve' || start === end) {
      start = this.#scratch.at;
      this.#scratch.putText(hostHeader.kind === 'fixed' ? hostHeader.value : endpointAuthority);
      end = this.#scratch.at;
    }
    const index = head.fields.find(FieldId.HOST);
    if (index < 0) this.#add(head.fields, this.#hostName, start, end, FieldId.HOST);
    else if (head.fields.valueStart(index) !== start || head.fields.valueEnd(index) !== end) {
      plan.keepValue(head.fields, index);
      head.fields.replaceValue(index, start, end);
    }
  }

  #parseMaxForwards(fields: HeaderBlock): number {
    const index = fields.find(FieldId.MAX_FORWARDS);
    if (index < 0) return NO_MAX_FORWARDS;
    const start = fields.valueStart(index);
    const end = fields.valueEnd(index);
    if (start === end) return NO_MAX_FORWARDS;
    let value = 0;
    for (let i = start; i < end; i++) {
      const digit = this.#bytes[i]! - 0x30;
      if (digit < 0 || digit > 9) return NO_MAX_FORWARDS;
      value = Math.min(value * 10 + digit, MAX_FORWARDS_MAX);
    }
    return value;
  }

  #decrementMaxForwards(fields: HeaderBlock, plan: ForwardingPlan): void {
    const start = this.#scratch.at;
    const index = fields.find(FieldId.MAX_FORWARDS);
    this.#scratch.putNumber(plan.maxForwards - 1);
    plan.keepValue(fields, index);
    fields.replaceValue(index, start, this.#scratch.at);
  }

  /** Ours can be written behind a single list that is not too long. */
  #planForwardedFor(fields: HeaderBlock, plan: ForwardingPlan): void {
    const index = fields.find(FieldId.X_FORWARDED_FOR);
    if (!this.#addsX || index < 0 || fields.find(FieldId.X_FORWARDED_FOR, index + 1) >= 0) return;
    const start = fields.valueStart(index);
    const end = fields.valueEnd(index);
    if (start === end || end - start > FORWARDED_FOR_JOINED_BYTES_MAX) return;
    plan.forwardedForIndex = index;
    plan.forwardedForStart = start;
    plan.forwardedForEnd = end;
  }

  #addX(head: RequestHead, connection: ClientConnectionInfo, plan: ForwardingPlan): void {
    const fields = head.fields;
    const scratch = this.#scratch;
    const start = scratch.at;
    if (plan.forwardedForIndex >= 0) {
      scratch.putRange(plan.forwardedForStart, plan.forwardedForEnd);
      scratch.putByte(COMMA);
      scratch.putByte(SPACE);
    }
    scratch.putText(connection.remoteHost === '' ? 'unknown' : connection.remoteHost);
    if (plan.forwardedForIndex >= 0) {
      plan.keepValue(fields, plan.forwardedForIndex);
      fields.replaceValue(plan.forwardedForIndex, start, scratch.at);
    } else this.#add(fields, this.#forName, start, scratch.at, FieldId.X_FORWARDED_FOR);
    if (fields.find(FieldId.X_FORWARDED_PROTO) < 0) {
      const scheme = connection.scheme === 'https' ? this.#https : this.#http;
      this.#add(fields, this.#protoName, scheme.start, scheme.end, FieldId.X_FORWARDED_PROTO);
    }
    if (hasRepeatableAuthority(head) && fields.find(FieldId.X_FORWARDED_HOST) < 0) {
      this.#add(
        fields,
        this.#xHostName,
        head.authorityStart,
        head.authorityEnd,
        FieldId.X_FORWARDED_HOST,
      );
    }
  }

  /** RFC 7239 section 4: one element, behind those of a trusted client in a field of its own. */
  #addForwarded(head: RequestHead, connection: ClientConnectionInfo): void {
    const scratch = this.#scratch;
    const start = scratch.at;
    const host = connection.remoteHost;
    scratch.putText('for=');
    if (host === '') scratch.putText('unknown');
    else if (host.includes(':')) {
      scratch.putText('"['); // section 6: IPv6 in brackets, and so quoted
      scratch.putText(host);
      scratch.putText(']"');
    } else scratch.putText(host);
    if (hasRepeatableAuthority(head)) {
      scratch.putText(';host=');
      const isQuoted = this.#needsQuotes(head.authorityStart, head.authorityEnd);
      if (isQuoted) scratch.putByte(QUOTE);
      scratch.putRange(head.authorityStart, head.authorityEnd);
      if (isQuoted) scratch.putByte(QUOTE);
    }
    scratch.putText(connection.scheme === 'https' ? ';proto=https' : ';proto=http');
    this.#add(head.fields, this.#forwardedName, start, scratch.at, FieldId.FORWARDED);
  }

  /**
   * An authority has no quote and no backslash in it, but brackets, colons, and what would end the
   * pair (`;`, `,`): all that is no token is quoted (RFC 7239 section 4).
   */
  #needsQuotes(start: number, end: number): boolean {
    for (let i = start; i < end; i++) {
      if ((BYTE_CLASS[this.#bytes[i]!]! & ByteClass.TOKEN) === 0) return true;
    }
    return false;
  }

  #add(
    fields: HeaderBlock,
    name: ByteRange,
    valueStart: number,
    valueEnd: number,
    id: FieldId,
  ): void {
    fields.add(name.start, name.end, valueStart, valueEnd, id);
  }
}

/** Everything by which a client could say that it is somebody else. */
function removeOrigin(fields: HeaderBlock): void {
  fields.removeAll(FieldId.X_FORWARDED_FOR);
  fields.removeAll(FieldId.X_FORWARDED_PROTO);
  fields.removeAll(FieldId.X_FORWARDED_HOST);
  fields.removeAll(FieldId.X_FORWARDED_PORT);
  fields.removeAll(FieldId.X_REAL_IP);
  fields.removeAll(FieldId.FORWARDED);
}

function hasRepeatableAuthority(head: RequestHead): boolean {
  const byteCount = head.authorityEnd - head.authorityStart;
  return byteCount > 0 && byteCount <= AUTHORITY_REPEATED_BYTES_MAX;
}

// Feeds bytes to the HTTP/1 decoders as a driver would, in given parts, and returns everything that
// came out as plain values, so that two ways of splitting the same input can be compared. All bytes
// of the arena that are not the decoders' to read are line ends, which would show at once if they
// were read.

import { Arena } from '../../src/base/arena.ts';
import {
  FIELD_BYTES_MAX,
  FIELDS_COUNT_MAX,
  REQUEST_HEAD_BYTES_MAX,
  TARGET_BYTES_MAX,
} from '../../src/base/limits.ts';
import { EXCHANGE_ERRORS } from '../../src/http/exchange_error.ts';
import type { HeaderBlock } from '../../src/http/header_block.ts';
import { Framing, RequestHead, ResponseHead, TargetForm } from '../../src/http/message_head.ts';
import { Method } from '../../src/http/methods.ts';
import { PathDoubt } from '../../src/http/target.ts';
import { latin1Text } from '../../src/http/text.ts';
import { BodyDecoder } from '../../src/http1/body_decoder.ts';
import type { HeadLimits } from '../../src/http1/decode_result.ts';
import { BodyResult, DecodeResult } from '../../src/http1/decode_result.ts';
import { Http1Encoder } from '../../src/http1/encoder.ts';
import { RequestDecoder } from '../../src/http1/request_decoder.ts';
import { ResponseDecoder } from '../../src/http1/response_decoder.ts';

export interface FeedOptions {
  readonly direction: 'request' | 'response';
  readonly limits: HeadLimits;
  readonly allowUnderscores: boolean;
  /** Of the request that a response answers. */
  readonly method: Method;
  readonly clientVersion: number;
  readonly keepAlive: boolean;
  /** The connection ends behind the input. */
  readonly isEnded: boolean;
}

export interface FedMessage {
  /** Properties of the head by name, as text. */
  readonly properties: Readonly<Record<string, string>>;
  /** The head as it is encoded again. */
  readonly forwarded: string;
  body: string;
  trailers: string;
  isComplete: boolean;
}

export interface FedResult {
  /** `accept`, `incomplete`, or `reject CODE`. */
  verdict: string;
  readonly messages: FedMessage[];
}

export const LIMITS_DEFAULT: HeadLimits = {
  headBytesMax: REQUEST_HEAD_BYTES_MAX,
  fieldBytesMax: FIELD_BYTES_MAX,
  fieldsCountMax: FIELDS_COUNT_MAX,
  targetBytesMax: TARGET_BYTES_MAX,
};

export const OPTIONS_DEFAULT: FeedOptions = {
  direction: 'request',
  limits: LIMITS_DEFAULT,
  allowUnderscores: false,
  method: Method.GET,
  clientVersion: 11,
  keepAlive: true,
  isEnded: false,
};

const ARENA_BYTES = 8 * 65_536;
const FIRST_AT = 65_536 + 32;
const SECOND_AT = 3 * 65_536 + 48;
const OUT_AT = 5 * 65_536;

/** One arena with decoders of one set of options; feeding leaves no state in it. */
export class Http1Feeder {
  readonly #options: FeedOptions;
  readonly #arena: Arena = new Arena(ARENA_BYTES);
  readonly #requests: RequestDecoder;
  readonly #responses: ResponseDecoder;
  readonly #body: BodyDecoder;
  readonly #encoder: Http1Encoder;
  readonly #request: RequestHead = new RequestHead();
  readonly #response: ResponseHead = new ResponseHead();

  constructor(options: FeedOptions) {
    this.#options = options;
    this.#requests = new RequestDecoder(this.#arena, options.limits, options.allowUnderscores);
    this.#responses = new ResponseDecoder(this.#arena, options.limits);
    this.#body = new BodyDecoder(this.#arena, options.direction === 'request');
    this.#encoder = new Http1Encoder(this.#arena);
    this.#taint(FIRST_AT - 32, ARENA_BYTES);
  }

  /**
   * Feeds `input` cut at `cuts` (ascending). `moves`: an unfinished head changes its buffer each
   * time.
   */
  feed(input: Uint8Array, cuts: readonly number[], moves: boolean): FedResult {
    const result: FedResult = { verdict: 'incomplete', messages: [] };
    const bytes = this.#arena.bytes;
    let at = FIRST_AT; // where the held bytes begin
    let held = 0;
    let scanned = 0;
    let isInBody = false;
    let isAtStart = true; // of a message
    for (let i = 0; i <= cuts.length; i++) {
      const part = input.subarray(i === 0 ? 0 : cuts[i - 1], cuts[i] ?? input.length);
      if (moves && held > 0) {
        const to = at >= SECOND_AT ? FIRST_AT : SECOND_AT;
        bytes.copyWithin(to, at, at + held);
        this.#taint(at, at + held);
        at = to;
      }
      bytes.set(part, at + held);
      held += part.length;
      while (held > 0) {
        if (!isInBody) {
          const outcome = this.#decodeHead(at, at + held, scanned);
          isAtStart = false;
          if (outcome === DecodeResult.INVALID) return this.#reject(result, at + held);
          if (outcome === DecodeResult.INCOMPLETE) {
            scanned = this.#scanned;
            break;
          }
          scanned = 0;
          result.messages.push(this.#describe());
          held -= this.#headEnd - at;
          at = this.#headEnd;
          isInBody = true;
          this.#beginBody();
        }
        const message = result.messages.at(-1)!;
        const outcome = this.#body.decode(at, at + held);
        message.body += latin1Text(bytes, this.#body.dataStart, this.#body.dataEnd);
        if (outcome === BodyResult.INVALID) return this.#rejectBody(result, at + held);
        const consumed = outcome === BodyResult.END ? this.#body.consumedEnd - at : held;
        at += consumed;
        held -= consumed;
        if (outcome === BodyResult.MORE) break;
        this.#complete(message);
        isInBody = false;
        isAtStart = true;
        if (message.properties['persistent'] === 'no') return this.#stop(result, at + held);
      }
      if (isInBody && held === 0 && this.#isBodyOver()) {
        const message = result.messages.at(-1)!;
        this.#complete(message);
        isInBody = false;
        isAtStart = true;
        if (message.properties['persistent'] === 'no') return this.#stop(result, at);
      }
      if (held === 0) {
        this.#taint(FIRST_AT, at);
        at = FIRST_AT;
      }
    }
    if (isInBody && this.#options.isEnded) {
      if (this.#body.endOfInput() !== BodyResult.END) return this.#rejectBody(result, at + held);
      this.#complete(result.messages.at(-1)!);
      isAtStart = true;
    }
    this.#taint(at, at + held);
    result.verdict = isAtStart && result.messages.length > 0 ? 'accept' : 'incomplete';
    return result;
  }

  get #scanned(): number {
    const isRequest = this.#options.direction === 'request';
    return isRequest ? this.#requests.scanned : this.#responses.scanned;
  }

  get #headEnd(): number {
    const isRequest = this.#options.direction === 'request';
    return isRequest ? this.#requests.headEnd : this.#responses.headEnd;
  }

  #decodeHead(start: number, end: number, scanned: number): DecodeResult {
    if (this.#options.direction === 'request') {
      return this.#requests.decode(this.#request, start, end, scanned);
    }
    return this.#responses.decode(this.#response, this.#options.method, start, end, scanned);
  }

  #beginBody(): void {
    const head = this.#options.direction === 'request' ? this.#request : this.#response;
    this.#body.begin(head.framing, head.contentLength);
  }

  // A body without a byte is over without a call that brings one.
  #isBodyOver(): boolean {
    return this.#body.remaining() === 0 || this.#body.decode(FIRST_AT, FIRST_AT) === BodyResult.END;
  }

  #complete(message: FedMessage): void {
    message.isComplete = true;
    message.trailers = this.#fieldsText(this.#body.trailers);
  }

  // The connection is not used any more: what follows is not looked at.
  #stop(result: FedResult, end: number): FedResult {
    this.#taint(FIRST_AT, end);
    result.verdict = 'accept';
    return result;
  }

  #reject(result: FedResult, end: number): FedResult {
    const isRequest = this.#options.direction === 'request';
    const error = isRequest ? this.#requests.error : this.#responses.error;
    this.#taint(FIRST_AT, end);
    result.verdict = `reject ${EXCHANGE_ERRORS[error]!.code}`;
    return result;
  }

  #rejectBody(result: FedResult, end: number): FedResult {
    this.#taint(FIRST_AT, end);
    result.verdict = 'reject body';
    return result;
  }

  #describe(): FedMessage {
    const isRequest = this.#options.direction === 'request';
    return {
      properties: isRequest ? this.#requestProperties() : this.#responseProperties(),
      forwarded: isRequest ? this.#encodeRequest() : this.#encodeResponse(),
      body: '',
      trailers: '',
      isComplete: false,
    };
  }

  #requestProperties(): Record<string, string> {
    const head = this.#request;
    return {
      method: this.#text(head.methodStart, head.methodEnd),
      'method id': nameOf(Method, head.method),
      form: nameOf(TargetForm, head.targetForm),
      target: this.#text(head.targetStart, head.targetEnd),
      path: this.#text(head.targetStart, head.pathEnd),
      doubts: doubtsText(head.pathDoubts),
      'path escapes': yesOrNo(head.hasPathEscapes),
      authority: this.#text(head.authorityStart, head.authorityEnd),
      version: String(head.version),
      framing: nameOf(Framing, head.framing),
      'content length': String(head.contentLength),
      persistent: yesOrNo(head.isPersistent),
      'expects continue': yesOrNo(head.expectsContinue),
      'accepts trailers': yesOrNo(head.acceptsTrailers),
      upgrade: this.#text(head.upgradeStart, head.upgradeEnd),
      'body follows': yesOrNo(head.bodyFollows),
      fields: this.#fieldsText(head.fields),
    };
  }

  #responseProperties(): Record<string, string> {
    const head = this.#response;
    return {
      status: String(head.status),
      reason: this.#text(head.reasonStart, head.reasonEnd),
      version: String(head.version),
      framing: nameOf(Framing, head.framing),
      'content length': String(head.contentLength),
      persistent: yesOrNo(head.isPersistent),
      upgrade: this.#text(head.upgradeStart, head.upgradeEnd),
      'body follows': yesOrNo(head.bodyFollows),
      fields: this.#fieldsText(head.fields),
    };
  }

  #encodeRequest(): string {
    const end = this.#encoder.encodeRequestHead(this.#request, OUT_AT, ARENA_BYTES);
    return this.#takeOut(end);
  }

  #encodeResponse(): string {
    const { clientVersion, method, keepAlive } = this.#options;
    const encoder = this.#encoder;
    const head = this.#response;
    return this.#takeOut(
      encoder.encodeResponseHead(head, clientVersion, method, keepAlive, OUT_AT, ARENA_BYTES),
    );
  }

  #takeOut(end: number): string {
    const text = this.#text(OUT_AT, end);
    this.#taint(OUT_AT, end);
    return text;
  }

  #fieldsText(fields: HeaderBlock): string {
    const lines: string[] = [];
    for (let i = 0; i < fields.count; i++) {
      if (fields.isRemoved(i)) continue;
      const name = this.#text(fields.nameStart(i), fields.nameEnd(i));
      lines.push(`${name}: ${this.#text(fields.valueStart(i), fields.valueEnd(i))}`);
    }
    return lines.join(' | ');
  }

  #text(start: number, end: number): string {
    return latin1Text(this.#arena.bytes, start, end);
  }

  #taint(start: number, end: number): void {
    const bytes = this.#arena.bytes;
    for (let i = start; i < end; i++) bytes[i] = (i & 1) === 0 ? 0x0d : 0x0a;
  }
}

function nameOf(table: Readonly<Record<string, number>>, value: number): string {
  return Object.keys(table).find((key) => table[key] === value)!;
}

function yesOrNo(value: boolean): string {
  return value ? 'yes' : 'no';
}

function doubtsText(doubts: number): string {
  const names = Object.entries(PathDoubt).filter(([, bit]) => (doubts & bit) !== 0);
  return names.map(([name]) => name).join(' ') || 'none';
}

// A request head as the HTTP/1 codec hands it to the layers above: for tests of what reads heads.

import assert from 'node:assert/strict';
import { Arena } from '../../src/base/arena.ts';
import { RequestHead } from '../../src/http/message_head.ts';
import { DecodeResult } from '../../src/http1/decode_result.ts';
import { RequestDecoder } from '../../src/http1/request_decoder.ts';

const LIMITS = {
  headBytesMax: 32_768,
  fieldBytesMax: 16_384,
  fieldsCountMax: 128,
  targetBytesMax: 16_384,
};
/** Not at the arena's start, so that ranges that count from it show. */
const REQUEST_START = 16_384;

export interface GivenRequest {
  readonly method?: string | undefined;
  readonly host?: string | undefined;
  readonly target: string;
  readonly headers?: readonly (readonly [name: string, value: string])[] | undefined;
}

/** Decodes requests into an arena of its own; each one overwrites the one before. */
export class DecodedRequest {
  readonly bytes: Uint8Array;
  readonly head: RequestHead = new RequestHead();
  readonly #decoder: RequestDecoder;

  constructor() {
    const arena = new Arena(1 << 17);
    this.bytes = arena.bytes;
    this.#decoder = new RequestDecoder(arena, LIMITS, true);
  }

  /** False where the codec refuses it. */
  tryDecode(given: GivenRequest): boolean {
    const lines = [`${given.method ?? 'GET'} ${given.target} HTTP/1.1`];
    lines.push(`Host: ${given.host ?? 'localhost'}`);
    for (const [name, value] of given.headers ?? []) lines.push(`${name}: ${value}`);
    const wire = Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'utf8');
    this.bytes.set(wire, REQUEST_START);
    const end = REQUEST_START + wire.length;
    return this.#decoder.decode(this.head, REQUEST_START, end, 0) === DecodeResult.COMPLETE;
  }

  decode(given: GivenRequest): void {
    assert.ok(this.tryDecode(given), `the codec accepts ${given.target}`);
  }

  text(start: number, end: number): string {
    return Buffer.from(this.bytes.subarray(start, end)).toString('latin1');
  }

  get path(): string {
    return this.text(this.head.targetStart, this.head.pathEnd);
  }
}

// Reads the head of the request that is asked about with the codec that reads those of clients, and
// gives its parts as texts.

import type { Arena } from '../../base/arena.ts';
import { assert } from '../../base/assert.ts';
import { ARENA_STATIC_BYTES } from '../../base/limits.ts';
import { unsafePathsOf } from '../../config/unsafe_paths.ts';
import type { DownstreamLimits } from '../../downstream/options.ts';
import { ExchangeError } from '../../http/exchange_error.ts';
import { endOfHost } from '../../http/host.ts';
import { RequestHead } from '../../http/message_head.ts';
import { mergeSlashes } from '../../http/target.ts';
import { latin1Text } from '../../http/text.ts';
import { DecodeResult } from '../../http1/decode_result.ts';
import { RequestDecoder } from '../../http1/request_decoder.ts';

/** What of a configuration decides how a head is read. */
export interface HeadOptions {
  readonly limits: DownstreamLimits;
  readonly allowUnderscores: boolean;
  readonly mergeSlashes: boolean;
}

/** One head at a time. */
export class ExplainedHead {
  readonly head: RequestHead = new RequestHead();
  /** Sentences about what the codec made of the path. */
  notes: readonly string[] = [];
  readonly #bytes: Uint8Array;
  readonly #decoder: RequestDecoder;
  readonly #options: HeadOptions;

  constructor(arena: Arena, options: HeadOptions) {
    const { limits } = options;
    this.#bytes = arena.bytes;
    this.#options = options;
    const headLimits = {
      headBytesMax: limits.requestHeadBytesMax,
      fieldBytesMax: limits.fieldBytesMax,
      fieldsCountMax: limits.fieldsCountMax,
      targetBytesMax: limits.targetBytesMax,
    };
    this.#decoder = new RequestDecoder(arena, headLimits, options.allowUnderscores);
  }

  /** Reads a whole head. Anything but NONE is what the codec refuses it with. */
  read(bytes: Uint8Array): ExchangeError {
    if (bytes.length > this.#options.limits.requestHeadBytesMax) {
      return ExchangeError.REQUEST_HEAD_TOO_LARGE;
    }
    // Behind the part that holds constant texts.
    const start = ARENA_STATIC_BYTES;
    const end = start + bytes.length;
    this.#bytes.set(bytes, start);
    const result = this.#decoder.decode(this.head, start, end, 0);
    if (result !== DecodeResult.COMPLETE) return this.#decoder.error;
    assert(this.#decoder.headEnd === end, 'a question is one head');
    const decoded = this.path;
    if (this.#options.mergeSlashes) this.#mergeSlashes();
    this.notes = pathNotes(targetOf(bytes), decoded, this.path, this.head.pathDoubts);
    return ExchangeError.NONE;
  }

  text(start: number, end: number): string {
    return latin1Text(this.#bytes, start, end);
  }

  get method(): string {
    return this.text(this.head.methodStart, this.head.methodEnd);
  }

  get path(): string {
    return this.text(this.head.targetStart, this.head.pathEnd);
  }

  /** Without the question mark. */
  get query(): string {
    const { pathEnd, targetEnd } = this.head;
    return pathEnd === targetEnd ? '' : this.text(pathEnd + 1, targetEnd);
  }

  get target(): string {
    return this.text(this.head.targetStart, this.head.targetEnd);
  }

  /** As routes see it: without the port, lower case, without a final dot. */
  get host(): string {
    const { authorityStart, authorityEnd } = this.head;
    const end = endOfHost(this.#bytes, authorityStart, authorityEnd);
    return this.text(authorityStart, end).toLowerCase().replace(/\.$/, '');
  }

  get upgrade(): string {
    return this.text(this.head.upgradeStart, this.head.upgradeEnd);
  }

  /** The fields as they are now, in order. */
  fields(): [name: string, value: string][] {
    const { fields } = this.head;
    const list: [string, string][] = [];
    for (let i = 0; i < fields.count; i++) {
      if (fields.isRemoved(i)) continue;
      const name = this.text(fields.nameStart(i), fields.nameEnd(i));
      list.push([name, this.text(fields.valueStart(i), fields.valueEnd(i))]);
    }
    return list;
  }

  #mergeSlashes(): void {
    const { head } = this;
    const pathEnd = mergeSlashes(this.#bytes, head.targetStart, head.pathEnd);
    this.#bytes.copyWithin(pathEnd, head.pathEnd, head.targetEnd);
    head.targetEnd -= head.pathEnd - pathEnd;
    head.pathEnd = pathEnd;
  }
}

/** The path of the first line of a head, as it was sent. */
function targetOf(bytes: Uint8Array): string {
  const line = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');
  const target = line.slice(0, line.indexOf('\r\n')).split(' ')[1] ?? '';
  // An absolute target is matched by its path alone.
  return target.replace(/^https?:\/\/[^/?]*/i, '').replace(/\?.*$/s, '');
}

function pathNotes(sent: string, decoded: string, merged: string, doubts: number): string[] {
  const notes: string[] = [];
  if (sent !== decoded) notes.push(`its path ${sent} is matched and forwarded as ${decoded}`);
  if (merged !== decoded) notes.push(`with mergeSlashes its path is ${merged}`);
  const names = unsafePathsOf(doubts);
  if (names.length > 0) notes.push(`its path may be read in two ways: ${names.join(', ')}`);
  return notes;
}

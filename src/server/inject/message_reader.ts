// Reads one message that our own encoder wrote, the way a peer would: heads as texts, so that
// nothing of them is hidden, bodies by the real decoder. It trusts the heads: whatever they say was
// checked by the driver that sent them.

import { type BufferHandle, type BufferPool, SizeClass } from '../../base/buffer_pool.ts';
import type { HeaderBlock } from '../../http/header_block.ts';
import { Framing } from '../../http/message_head.ts';
import { latin1Text } from '../../http/text.ts';
import { BodyDecoder } from '../../http1/body_decoder.ts';
import { BodyResult } from '../../http1/decode_result.ts';
import { InjectHeaders } from './inject_headers.ts';

/** A start line and fields. */
export interface MessageText {
  /** Of a response; 0 of a request. */
  readonly status: number;
  /** Of a request; '' of a response. */
  readonly method: string;
  readonly target: string;
  readonly headers: InjectHeaders;
}

const HEAD_END = Buffer.from('\r\n\r\n');
export const NO_HEADERS: InjectHeaders = new InjectHeaders([]);

/** A buffer in which bodies are decoded, used by one call at a time. */
export class DecodeScratch {
  readonly pool: BufferPool;
  readonly start: number;
  readonly bytesMax: number;
  readonly #buffer: BufferHandle;

  constructor(pool: BufferPool) {
    this.pool = pool;
    this.#buffer = pool.acquire(SizeClass.LARGE);
    this.start = pool.startOf(this.#buffer);
    this.bytesMax = pool.capacityOf(SizeClass.LARGE);
  }

  close(): void {
    this.pool.release(this.#buffer);
  }
}

export class MessageReader {
  readonly interim: MessageText[] = [];
  /** The final head, once it is there. */
  head: MessageText | null = null;
  trailers: InjectHeaders = NO_HEADERS;
  isComplete = false;
  readonly #scratch: DecodeScratch;
  readonly #decoder: BodyDecoder;
  /** '' for a request. */
  readonly #answeredMethod: string;
  readonly #body: Uint8Array[] = [];
  #pending: Buffer = Buffer.alloc(0);
  #isOpenEnded = false;

  /** `answeredMethod` is what a response answers; '' reads a request. */
  constructor(scratch: DecodeScratch, answeredMethod: string) {
    this.#scratch = scratch;
    this.#decoder = new BodyDecoder(scratch.pool.arena, false);
    this.#answeredMethod = answeredMethod;
  }

  /** The body so far. */
  get body(): Uint8Array {
    return new Uint8Array(Buffer.concat(this.#body));
  }

  receive(bytes: Uint8Array): void {
    if (this.head !== null) {
      this.#receiveBody(bytes);
      return;
    }
    this.#pending = Buffer.concat([this.#pending, bytes]);
    while (this.head === null) {
      const end = this.#pending.indexOf(HEAD_END);
      if (end < 0) return;
      const head = parseHead(this.#pending.toString('latin1', 0, end));
      this.#pending = this.#pending.subarray(end + HEAD_END.length);
      if (head.status >= 100 && head.status < 200 && head.status !== 101) this.interim.push(head);
      else this.#begin(head);
    }
  }

  /** The sender has ended: a body that only its end delimits is complete. */
  end(): void {
    if (this.#isOpenEnded) this.isComplete = true;
  }

  #begin(head: MessageText): void {
    this.head = head;
    const framing = this.#framingOf(head);
    if (framing === Framing.NONE) {
      this.isComplete = true;
      return;
    }
    this.#isOpenEnded = framing === Framing.CLOSE;
    this.#decoder.begin(framing, Number(head.headers.get('content-length') ?? -1));
    this.#receiveBody(this.#pending);
  }

  /** RFC 9112 section 6.3. */
  #framingOf({ status, headers }: MessageText): Framing {
    const isResponse = this.#answeredMethod !== '';
    if (isResponse && hasNoBody(status, this.#answeredMethod)) return Framing.NONE;
    if (headers.has('transfer-encoding')) return Framing.CHUNKED;
    const length = headers.get('content-length');
    if (length !== null) return length === '0' ? Framing.NONE : Framing.LENGTH;
    return isResponse ? Framing.CLOSE : Framing.NONE;
  }

  #receiveBody(bytes: Uint8Array): void {
    const { pool, start, bytesMax } = this.#scratch;
    const arena = pool.arena.bytes;
    for (let at = 0; at < bytes.length && !this.isComplete; at += bytesMax) {
      const piece = bytes.subarray(at, at + bytesMax);
      arena.set(piece, start);
      const result = this.#decoder.decode(start, start + piece.length);
      const { dataStart, dataEnd } = this.#decoder;
      if (dataEnd > dataStart) this.#body.push(arena.slice(dataStart, dataEnd));
      if (result !== BodyResult.END) continue;
      this.isComplete = true;
      this.trailers = readBlock(arena, this.#decoder.trailers);
    }
  }
}

function hasNoBody(status: number, method: string): boolean {
  return method === 'HEAD' || status < 200 || status === 204 || status === 304;
}

function parseHead(text: string): MessageText {
  const [startLine = '', ...lines] = text.split('\r\n');
  const headers = new InjectHeaders(
    lines.map((line) => {
      const colon = line.indexOf(':');
      return [line.slice(0, colon), line.slice(colon + 1).trim()];
    }),
  );
  const [first = '', second = ''] = startLine.split(' ');
  if (first.startsWith('HTTP/')) return { status: Number(second), method: '', target: '', headers };
  return { status: 0, method: first, target: second, headers };
}

function readBlock(bytes: Uint8Array, block: HeaderBlock): InjectHeaders {
  const pairs: [string, string][] = [];
  for (let i = 0; i < block.count; i++) {
    pairs.push([
      latin1Text(bytes, block.nameStart(i), block.nameEnd(i)),
      latin1Text(bytes, block.valueStart(i), block.valueEnd(i)),
    ]);
  }
  return new InjectHeaders(pairs);
}

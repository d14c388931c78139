// A copy of a request for another upstream: sent beside the original, its answer read and thrown
// away. The original never waits for it: what the mirror cannot take at once is copied into at most
// a few buffers, and beyond that the mirror is given up and counted. It lives on after the exchange
// that began it, until its answer has been read.
//
//          begin           endBody, queue empty         response read
//   FREE ----------> SENDING ----------------> WAITING ---------------> FREE
//     ^                 |                         |
//     +-----------------+-------------------------+  error, give up, answered before it was sent
//
// Retries, Expect, upgrades and trailers are left out: a mirror is for looking, not for effect.

import { assert } from '../base/assert.ts';
import { type BufferHandle, type BufferPool, NO_BUFFER, SizeClass } from '../base/buffer_pool.ts';
import { Cell } from '../base/metrics_cells.ts';
import type { ObjectPool, Pooled } from '../base/object_pool.ts';
import type { ClientStream, ClientStreamHandler } from '../http/exchange_contract.ts';
import { ExchangeError } from '../http/exchange_error.ts';
import type { HeaderBlock } from '../http/header_block.ts';
import { Framing, type RequestHead, type ResponseHead } from '../http/message_head.ts';
import type { StreamWaiter } from '../upstream/upstream.ts';
import type { ExchangeUpstream } from './exchange_context.ts';

/** Chunks that wait for the mirror's upstream; the original's reader is never held up for more. */
const CHUNKS_WAITING_MAX = 4;
/** An answer that is longer is not read to its end: the connection goes with it. */
const RESPONSE_BYTES_MAX: number = 1024 * 1024;

const MirrorState = { FREE: 0, SENDING: 1, WAITING: 2 } as const;
type MirrorState = (typeof MirrorState)[keyof typeof MirrorState];
const { FREE, SENDING, WAITING } = MirrorState;

export class Mirror implements ClientStreamHandler, StreamWaiter, Pooled {
  generation = 0;
  isFree = true;
  readonly #pool: BufferPool;
  readonly #cells: Float64Array;
  readonly #mirrors: ObjectPool<Mirror>;
  #state: MirrorState = FREE;
  #client: ClientStream | null = null;
  /** Buffer, start, end of each chunk that waits. */
  readonly #waiting: Int32Array = new Int32Array(CHUNKS_WAITING_MAX * 3);
  #waitingFirst = 0;
  #waitingCount = 0;
  #isWritable = false;
  #isRequestRead = false;
  #responseBytes = 0;

  constructor(pool: BufferPool, cells: Float64Array, mirrors: ObjectPool<Mirror>) {
    this.#pool = pool;
    this.#cells = cells;
    this.#mirrors = mirrors;
  }

  /**
   * Asks for a stream; null where none is to be had at once: then the mirror is over already. The
   * caller adds the fields that the endpoint is to get and calls `send`.
   */
  begin(upstream: ExchangeUpstream): ClientStream | null {
    assert(this.#state === FREE, 'a mirror begins once');
    const client = upstream.acquire(this, this, false);
    if (client === null) {
      if (upstream.lastError === ExchangeError.NONE) upstream.cancel(this);
      this.#cells[Cell.MIRRORS_DROPPED]!++;
      this.#mirrors.release(this);
      return null;
    }
    this.#cells[Cell.MIRRORS]!++;
    this.#state = SENDING;
    this.#client = client;
    this.#isRequestRead = false;
    this.#isWritable = false;
    this.#responseBytes = 0;
    return client;
  }

  /** Sends the head; a body follows with `copyBody` and `endBody`, unless there is none. */
  send(head: RequestHead, hasBody: boolean): void {
    const { bodyFollows } = head;
    head.bodyFollows = false;
    this.#client!.writeHead(head);
    head.bodyFollows = bodyFollows;
    this.#isWritable = hasBody;
    if (!hasBody) this.#state = WAITING;
  }

  /** Copies a chunk of the original's body; what finds no room ends the mirror. */
  copyBody(start: number, end: number): void {
    if (this.#state !== SENDING) return;
    const byteCount = end - start;
    if (byteCount === 0) return;
    const buffer = this.#waitingCount < CHUNKS_WAITING_MAX ? this.#acquire(byteCount) : NO_BUFFER;
    if (buffer === NO_BUFFER) {
      this.#giveUp();
      return;
    }
    const at = this.#pool.startOf(buffer);
    this.#pool.arena.bytes.copyWithin(at, start, end);
    const index = ((this.#waitingFirst + this.#waitingCount) % CHUNKS_WAITING_MAX) * 3;
    this.#waiting[index] = buffer;
    this.#waiting[index + 1] = at;
    this.#waiting[index + 2] = at + byteCount;
    this.#waitingCount++;
    this.#write();
  }

  /** The original's body was read whole. */
  endBody(): void {
    if (this.#state !== SENDING) return;
    this.#isRequestRead = true;
    this.#write();
  }

  /** The original's body will never be whole: neither will the copy. */
  stop(): void {
    if (this.#state === SENDING) this.#giveUp();
  }

  // --- ClientStreamHandler, StreamWaiter ---------------------------------------------------------

  onInterimResponse(_head: ResponseHead): void {
    // An answer to the original's client, not to us.
  }

  onResponseHead(head: ResponseHead): void {
    if (head.framing !== Framing.NONE) this.#client!.readBody();
  }

  onResponseBody(buffer: BufferHandle, start: number, end: number, isLast: boolean): void {
    this.#pool.release(buffer);
    this.#responseBytes += end - start;
    if (this.#responseBytes > RESPONSE_BYTES_MAX) this.#abort();
    else if (!isLast) this.#client!.readBody();
  }

  onResponseEnd(_trailers: HeaderBlock | null): void {
    if (this.#state === WAITING) this.#end();
    else this.#abort(); // answered before it was sent whole
  }

  onRequestWritable(): void {
    if (this.#state !== SENDING) return;
    this.#isWritable = true;
    this.#write();
  }

  onUpstreamError(_error: ExchangeError): void {
    this.#end();
  }

  onStreamReady(client: ClientStream): void {
    client.abort(); // cancelled in the call that asked for it
  }

  onStreamUnavailable(_error: ExchangeError): void {
    // Cancelled in the call that asked for it.
  }

  // --- inside ------------------------------------------------------------------------------------

  #write(): void {
    const client = this.#client!;
    if (this.#waitingCount > 0) {
      if (!this.#isWritable) return;
      const index = this.#waitingFirst * 3;
      this.#waitingFirst = (this.#waitingFirst + 1) % CHUNKS_WAITING_MAX;
      this.#waitingCount--;
      this.#isWritable = false;
      client.writeBody(
        this.#waiting[index]!,
        this.#waiting[index + 1]!,
        this.#waiting[index + 2]!,
        false,
      );
    }
    if (this.#waitingCount > 0 || !this.#isRequestRead) return;
    this.#state = WAITING;
    client.endBody(null);
  }

  #acquire(byteCount: number): BufferHandle {
    const pool = this.#pool;
    if (byteCount <= pool.capacityOf(SizeClass.SMALL)) return pool.acquire(SizeClass.SMALL);
    if (byteCount <= pool.capacityOf(SizeClass.MEDIUM)) return pool.acquire(SizeClass.MEDIUM);
    return byteCount <= pool.capacityOf(SizeClass.LARGE)
      ? pool.acquire(SizeClass.LARGE)
      : NO_BUFFER;
  }

  #giveUp(): void {
    this.#cells[Cell.MIRRORS_DROPPED]!++;
    this.#abort();
  }

  #abort(): void {
    const client = this.#client!;
    this.#end();
    client.abort();
  }

  #end(): void {
    assert(this.#state !== FREE, 'a mirror ends once');
    for (; this.#waitingCount > 0; this.#waitingCount--) {
      this.#pool.release(this.#waiting[this.#waitingFirst * 3]!);
      this.#waitingFirst = (this.#waitingFirst + 1) % CHUNKS_WAITING_MAX;
    }
    this.#waitingFirst = 0;
    this.#state = FREE;
    this.#client = null;
    this.#mirrors.release(this);
  }
}

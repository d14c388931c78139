// Moves one body from a reader to a writer, chunk by chunk in the buffers they were received in.
// While the writer is busy with one chunk the next one may be read, and then waits here: two
// chunks in between at most, so that a slow writer stops the reader.
//
//       open           start              chunk, writer free: write; ask for the next
//   OFF -----> READY --------> READING <---------------------------------+
//    ^           |             |  |  \ chunk, writer busy                 |
//    | stop      | end     end |  |   +-----------> HOLDING --------------+ writer free: write
//    | (any      | (of an      |  | last chunk, writer free              |
//    |  state)   |  empty      |  +------> LAST <------------------------+ (it was the last one)
//    |           v  body)      v           | end
//    +--------- DONE <---------+-----------+---- ENDING <---- end ---- HOLDING the last one
//                                                (until the writer took it)
//
// A pump may start before its writer is known, and may lose its writer for another one as long as
// that one was given nothing. The buffer of a held chunk belongs to the pump.

import { assert } from '../base/assert.ts';
import { type BufferHandle, type BufferPool, NO_BUFFER } from '../base/buffer_pool.ts';
import type { HeaderBlock } from '../http/header_block.ts';
import { TrailerCopy } from '../http/trailer_copy.ts';

/** The reading half of a `ServerStream` or `ClientStream`. */
export interface BodySource {
  readBody(): void;
}

/** The writing half of a `ServerStream` or `ClientStream`. */
export interface BodySink {
  writeBody(buffer: BufferHandle, start: number, end: number, isLast: boolean): void;
  endBody(trailers: HeaderBlock | null): void;
}

export const PumpState = {
  OFF: 0,
  READY: 1,
  READING: 2,
  HOLDING: 3,
  LAST: 4,
  ENDING: 5,
  DONE: 6,
} as const;
export type PumpState = (typeof PumpState)[keyof typeof PumpState];

export class BodyPump {
  /** Written only here. */
  state: PumpState = PumpState.OFF;
  /** Body bytes that came from the reader. */
  byteCount = 0;
  /** The writer was given a chunk: it cannot be exchanged for another one any more. */
  isWritten = false;
  readonly #pool: BufferPool;
  #source: BodySource | null = null;
  #sink: BodySink | null = null;
  #isSinkFree = false;
  #held: BufferHandle = NO_BUFFER;
  #heldStart = 0;
  #heldEnd = 0;
  #isHeldLast = false;
  #trailers: TrailerCopy | null = null;

  constructor(pool: BufferPool) {
    this.#pool = pool;
  }

  /** Sets the reader, which is not asked for anything yet. Its end may come all the same. */
  open(source: BodySource): void {
    assert(this.state === PumpState.OFF, 'a pump is opened once');
    this.byteCount = 0;
    this.isWritten = false;
    this.#source = source;
    this.state = PumpState.READY;
  }

  /**
   * Asks for the first chunk, unless the end has come already. The writer may be set before or
   * later.
   */
  start(): void {
    if (this.state !== PumpState.READY) return;
    this.state = PumpState.READING;
    this.#source!.readBody();
  }

  /** Sets a writer that takes a chunk at once. */
  setSink(sink: BodySink): void {
    assert(this.#sink === null, 'a pump has one writer');
    this.#sink = sink;
    this.#isSinkFree = true;
    if (this.state === PumpState.HOLDING || this.state === PumpState.ENDING) this.onWritable();
    else if (this.state === PumpState.DONE) sink.endBody(null);
  }

  /** Lets go of a writer that was given nothing. */
  clearSink(): void {
    assert(!this.isWritten, 'a writer is exchanged before it is given a chunk');
    this.#sink = null;
    this.#isSinkFree = false;
  }

  /** A chunk from the reader, which gives up its buffer. */
  onChunk(buffer: BufferHandle, start: number, end: number, isLast: boolean): void {
    if (this.state === PumpState.OFF) {
      this.#pool.release(buffer); // asked for before the pump was stopped
      return;
    }
    assert(this.state === PumpState.READING, 'a reader delivers what it was asked for');
    this.byteCount += end - start;
    if (this.#isSinkFree) {
      this.#write(buffer, start, end, isLast);
      return;
    }
    this.#held = buffer;
    this.#heldStart = start;
    this.#heldEnd = end;
    this.#isHeldLast = isLast;
    this.state = PumpState.HOLDING;
  }

  /** The reader has no more. `trailers` are valid until this returns. */
  onEnd(trailers: HeaderBlock | null): void {
    switch (this.state) {
      case PumpState.OFF:
      case PumpState.DONE:
        return;
      case PumpState.READY:
      case PumpState.READING:
      case PumpState.LAST:
        this.state = PumpState.DONE;
        if (this.#sink !== null) this.#sink.endBody(trailers);
        return;
      case PumpState.HOLDING:
        this.state = PumpState.ENDING;
        if (trailers !== null && trailers.count > 0) {
          this.#trailers ??= new TrailerCopy();
          this.#trailers.take(this.#pool, trailers);
        }
        return;
      default:
        assert(false, 'a body ends once');
    }
  }

  /** The writer takes one more chunk. */
  onWritable(): void {
    if (this.state === PumpState.HOLDING) {
      const buffer = this.#held;
      this.#held = NO_BUFFER;
      this.#write(buffer, this.#heldStart, this.#heldEnd, this.#isHeldLast);
    } else if (this.state === PumpState.ENDING) {
      const buffer = this.#held;
      this.#held = NO_BUFFER;
      this.state = PumpState.DONE;
      this.#isSinkFree = false;
      this.isWritten = true;
      this.#sink!.writeBody(buffer, this.#heldStart, this.#heldEnd, true);
      this.#sink!.endBody(this.#trailers === null ? null : this.#trailers.fields);
      if (this.#trailers !== null) this.#trailers.clear(this.#pool);
    } else {
      this.#isSinkFree = this.#sink !== null;
    }
  }

  /** Stops in any state; what is held goes back, what still comes is dropped. */
  stop(): void {
    this.state = PumpState.OFF;
    this.#source = null;
    this.#sink = null;
    this.#isSinkFree = false;
    if (this.#held !== NO_BUFFER) this.#pool.release(this.#held);
    this.#held = NO_BUFFER;
    if (this.#trailers !== null) this.#trailers.clear(this.#pool);
  }

  /** The reader's body has been read whole. */
  get isRead(): boolean {
    return this.state === PumpState.DONE || this.state === PumpState.ENDING;
  }

  /** The reader's body has been read and was handed to the writer whole. */
  get isDone(): boolean {
    return this.state === PumpState.DONE;
  }

  #write(buffer: BufferHandle, start: number, end: number, isLast: boolean): void {
    this.#isSinkFree = false;
    this.isWritten = true;
    this.#sink!.writeBody(buffer, start, end, isLast);
    if (isLast) {
      this.state = PumpState.LAST;
    } else {
      this.state = PumpState.READING;
      this.#source!.readBody();
    }
  }
}

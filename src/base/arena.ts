// The one block of memory of a worker that the kernel, the scanner and TypeScript all address by
// offset. It is a WebAssembly.Memory of fixed size: it never grows, so its buffer never detaches
// and its address can be taken once. Everything in it is handed out by `BufferPool` or written once
// as static text.

import { assert } from './assert.ts';
import { ARENA_BYTES, ARENA_STATIC_BYTES } from './limits.ts';

const PAGE_BYTES = 65_536;

/**
 * A range of bytes in the arena: `[start, end)`. For cold paths; hot ones pass the two integers.
 */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

/** One worker's memory. */
export class Arena {
  readonly memory: WebAssembly.Memory;
  /** All bytes of the arena; offsets everywhere else index this. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly view: DataView<ArrayBuffer>;
  /** Constant texts that were written: each once, whoever asks and however often. */
  readonly #texts: Map<string, ByteRange> = new Map();
  #staticEnd = 64; // offset 0 stays unused, so that 0 can mean "none"

  constructor(byteCount: number = ARENA_BYTES) {
    assert(byteCount % PAGE_BYTES === 0, 'an arena is whole WebAssembly pages');
    const pages = byteCount / PAGE_BYTES;
    this.memory = new WebAssembly.Memory({ initial: pages, maximum: pages });
    this.bytes = new Uint8Array(this.memory.buffer as ArrayBuffer);
    this.view = new DataView(this.memory.buffer as ArrayBuffer);
  }

  /** Bytes of the static part that are taken, for good: flat over any number of reloads. */
  get staticBytes(): number {
    return this.#staticEnd;
  }

  /**
   * Reserves bytes that live as long as the arena: scratch of a component that does, too. What is
   * made anew with each snapshot must share its scratch with the one before.
   */
  reserveStatic(byteCount: number): ByteRange {
    const start = this.#staticEnd;
    const end = start + byteCount;
    assert(end <= ARENA_STATIC_BYTES, 'the static part of the arena is full');
    this.#staticEnd = (end + 7) & ~7;
    return { start, end };
  }

  /**
   * Constant text (latin1), written where it is not there yet; never on a request's path. Nobody
   * may write to the range.
   */
  writeStatic(text: string): ByteRange {
    const known = this.#texts.get(text);
    if (known !== undefined) return known;
    const range = this.reserveStatic(text.length);
    for (let i = 0; i < text.length; i++) this.bytes[range.start + i] = text.charCodeAt(i);
    this.#texts.set(text, range);
    return range;
  }
}

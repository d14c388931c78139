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
  #staticEnd = 64; // offset 0 stays unused, so that 0 can mean "none"

  constructor(byteCount: number = ARENA_BYTES) {
    assert(byteCount % PAGE_BYTES === 0, 'an arena is whole WebAssembly pages');
    const pages = byteCount / PAGE_BYTES;
    this.memory = new WebAssembly.Memory({ initial: pages, maximum: pages });
    this.bytes = new Uint8Array(this.memory.buffer as ArrayBuffer);
    this.view = new DataView(this.memory.buffer as ArrayBuffer);
  }

  /** Reserves bytes that live as long as the arena: constant text, scratch of a component. */
  reserveStatic(byteCount: number): ByteRange {
    const start = this.#staticEnd;
    const end = start + byteCount;
    assert(end <= ARENA_STATIC_BYTES, 'the static part of the arena is full');
    this.#staticEnd = (end + 7) & ~7;
    return { start, end };
  }

  /** Writes constant text (latin1) once; never on a request's path. */
  writeStatic(text: string): ByteRange {
    const range = this.reserveStatic(text.length);
    for (let i = 0; i < text.length; i++) this.bytes[range.start + i] = text.charCodeAt(i);
    return range;
  }
}

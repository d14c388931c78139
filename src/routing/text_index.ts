// An immutable index from (group, text) to a number, asked with ranges of bytes: open addressing
// over integer arrays, so that a question costs a few compares and no allocation whatever the
// number of entries. The asker computes the hash itself while it walks the bytes, one `hashByte`
// per byte.
//
//   slots: | entry + 1 | 0 (free) | entry + 1 | ...     entry -> hash, group, text range, value

import { assert } from '../base/assert.ts';
import { LOWER } from '../http/text.ts';

/** Hash of no bytes. */
export const HASH_EMPTY: number = 0x811c9dc5 | 0;

/**
 * FNV-1a, one byte on. Good enough for operator-written texts; found entries are compared byte by
 * byte.
 */
export function hashByte(hash: number, byte: number): number {
  return Math.imul(hash ^ byte, 0x01000193);
}

/** What an index is built from. Texts are latin1. */
export interface TextEntry {
  readonly group: number;
  readonly text: string;
  readonly value: number;
}

export class TextIndex {
  readonly #slots: Int32Array;
  readonly #mask: number;
  readonly #hashes: Int32Array;
  readonly #groups: Int32Array;
  readonly #values: Int32Array;
  readonly #textStarts: Int32Array;
  readonly #text: Uint8Array;

  /** Of entries with equal group and text the first one counts. */
  constructor(entries: readonly TextEntry[]) {
    let slotCount = 8;
    while (slotCount < entries.length * 2) slotCount *= 2;
    this.#slots = new Int32Array(slotCount);
    this.#mask = slotCount - 1;
    this.#hashes = new Int32Array(entries.length);
    this.#groups = new Int32Array(entries.length);
    this.#values = new Int32Array(entries.length);
    this.#textStarts = new Int32Array(entries.length + 1);
    this.#text = new Uint8Array(entries.reduce((sum, entry) => sum + entry.text.length, 0));
    let at = 0;
    for (let i = 0; i < entries.length; i++) {
      const entry = entries[i]!;
      let hash = HASH_EMPTY;
      this.#textStarts[i] = at;
      for (let j = 0; j < entry.text.length; j++) {
        const byte = entry.text.charCodeAt(j);
        assert(byte < 256, 'an indexed text is latin1');
        hash = hashByte(hash, byte);
        this.#text[at++] = byte;
      }
      this.#textStarts[i + 1] = at;
      this.#hashes[i] = hash;
      this.#groups[i] = entry.group;
      this.#values[i] = entry.value;
      this.#insert(i, entry);
    }
  }

  /**
   * The value of `bytes[start, end)` in a group, or -1. `hash` is that of these bytes (in lower
   * case with `foldCase`).
   */
  find(
    group: number,
    hash: number,
    bytes: Uint8Array,
    start: number,
    end: number,
    foldCase: boolean,
  ): number {
    let slot = mix(group, hash) & this.#mask;
    for (;;) {
      const entry = this.#slots[slot]! - 1;
      if (entry < 0) return -1;
      if (
        this.#hashes[entry] === hash &&
        this.#groups[entry] === group &&
        this.#isText(entry, bytes, start, end, foldCase)
      ) {
        return this.#values[entry]!;
      }
      slot = (slot + 1) & this.#mask; // ends: at least half of the slots are free
    }
  }

  #insert(index: number, entry: TextEntry): void {
    const start = this.#textStarts[index]!;
    const end = this.#textStarts[index + 1]!;
    const hash = this.#hashes[index]!;
    if (this.find(entry.group, hash, this.#text, start, end, false) >= 0) return;
    let slot = mix(entry.group, hash) & this.#mask;
    while (this.#slots[slot] !== 0) slot = (slot + 1) & this.#mask;
    this.#slots[slot] = index + 1;
  }

  #isText(
    entry: number,
    bytes: Uint8Array,
    start: number,
    end: number,
    foldCase: boolean,
  ): boolean {
    const textStart = this.#textStarts[entry]!;
    if (this.#textStarts[entry + 1]! - textStart !== end - start) return false;
    for (let i = 0; i < end - start; i++) {
      const byte = bytes[start + i]!;
      if (this.#text[textStart + i] !== (foldCase ? LOWER[byte] : byte)) return false;
    }
    return true;
  }
}

function mix(group: number, hash: number): number {
  const mixed = hash ^ Math.imul(group + 1, 0x9e3779b1 | 0);
  return mixed ^ (mixed >>> 15);
}

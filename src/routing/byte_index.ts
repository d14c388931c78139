// An immutable index from (group, text) to a number in one integer array, asked with ranges of
// bytes: open addressing, so that a question costs a few compares and no allocation whatever the
// number of entries.
//
//   slot: | hash | group | text start | text length | value + 1 | first word | last word | 0 |
//     value + 1 is 0 where the slot is free; the words are those of texts of four bytes and more
//
// Texts lie in the pool of the route table; up to eight bytes the two words are all of them.

import { IntList } from './int_list.ts';
import { equalFolded, equalWords, hashFolded, hashWords, viewOf, WORD_BYTES } from './words.ts';

/** Integers per slot. */
const SLOT_STRIDE = 8;
const HASH = 0;
const GROUP = 1;
const TEXT_START = 2;
const TEXT_LENGTH = 3;
const VALUE = 4;
const FIRST_WORD = 5;
const LAST_WORD = 6;
/** Integers per entry that is not laid out yet. */
const DRAFT_STRIDE = 4;

/** Collects entries, each (group, text) once, and lays them out. */
export class ByteIndexBuilder {
  readonly #isFolded: boolean;
  readonly #entries = new IntList();

  /** With `isFolded` case does not matter: texts are in lower case. */
  constructor(isFolded: boolean) {
    this.#isFolded = isFolded;
  }

  add(group: number, textStart: number, textLength: number, value: number): void {
    this.#entries.push(group);
    this.#entries.push(textStart);
    this.#entries.push(textLength);
    this.#entries.push(value + 1);
  }

  get count(): number {
    return this.#entries.length / DRAFT_STRIDE;
  }

  /** The slots: a power of two of them, at most half of them used. */
  build(text: Uint8Array): Int32Array {
    const entries = this.#entries;
    const view = viewOf(text);
    const hashOf = this.#isFolded ? hashFolded : hashWords;
    let slotsCount = 2;
    while (slotsCount < this.count * 2) slotsCount *= 2;
    const slots = new Int32Array(slotsCount * SLOT_STRIDE);
    const mask = slotsCount - 1;
    for (let i = 0; i < entries.length; i += DRAFT_STRIDE) {
      const group = entries.at(i);
      const start = entries.at(i + 1);
      const end = start + entries.at(i + 2);
      const hash = hashOf(view, text, start, end);
      let slot = slotOf(group, hash, mask);
      while (slots[slot * SLOT_STRIDE + VALUE] !== 0) slot = (slot + 1) & mask;
      const at = slot * SLOT_STRIDE;
      slots[at + HASH] = hash;
      slots[at + GROUP] = group;
      slots[at + TEXT_START] = start;
      slots[at + TEXT_LENGTH] = end - start;
      slots[at + VALUE] = entries.at(i + 3);
      if (end - start < WORD_BYTES) continue;
      slots[at + FIRST_WORD] = view.getInt32(start, true);
      slots[at + LAST_WORD] = view.getInt32(end - WORD_BYTES, true);
    }
    return slots;
  }
}

export class ByteIndex {
  readonly #slots: Int32Array;
  readonly #mask: number;
  readonly #textView: DataView;

  constructor(slots: Int32Array, text: Uint8Array) {
    this.#slots = slots;
    this.#mask = slots.length / SLOT_STRIDE - 1;
    this.#textView = viewOf(text);
  }

  /** The value of `bytes[start, end)`, whose `hashWords` is `hash`, in a group; -1 for none. */
  find(group: number, hash: number, view: DataView, start: number, end: number): number {
    const slots = this.#slots;
    const mask = this.#mask;
    let at = slotOf(group, hash, mask) * SLOT_STRIDE;
    for (;;) {
      const value = slots[at + VALUE]!;
      if (value === 0) return -1;
      if (slots[at + HASH] === hash && slots[at + GROUP] === group) {
        const length = end - start;
        const isSame =
          slots[at + TEXT_LENGTH] === length &&
          (length < WORD_BYTES || this.#hasText(at, view, start, length));
        if (isSame) return value - 1;
      }
      // This ends: at least half of the slots are free.
      at = at === mask * SLOT_STRIDE ? 0 : at + SLOT_STRIDE;
    }
  }

  #hasText(slot: number, view: DataView, start: number, length: number): boolean {
    const slots = this.#slots;
    if (view.getInt32(start, true) !== slots[slot + FIRST_WORD]) return false;
    const last = length - WORD_BYTES;
    if (view.getInt32(start + last, true) !== slots[slot + LAST_WORD]) return false;
    if (last <= WORD_BYTES) return true;
    const textStart = slots[slot + TEXT_START]! + WORD_BYTES;
    return equalWords(view, start + WORD_BYTES, this.#textView, textStart, last - WORD_BYTES);
  }

  /** The same with `hashFolded`: case does not matter. */
  findFolded(group: number, hash: number, view: DataView, start: number, end: number): number {
    const slots = this.#slots;
    const mask = this.#mask;
    let at = slotOf(group, hash, mask) * SLOT_STRIDE;
    for (;;) {
      const value = slots[at + VALUE]!;
      if (value === 0) return -1;
      if (slots[at + HASH] === hash && slots[at + GROUP] === group) {
        const length = end - start;
        const textStart = slots[at + TEXT_START]!;
        const isSame =
          slots[at + TEXT_LENGTH] === length &&
          equalFolded(view, start, this.#textView, textStart, length);
        if (isSame) return value - 1;
      }
      at = at === mask * SLOT_STRIDE ? 0 : at + SLOT_STRIDE;
    }
  }
}

function slotOf(group: number, hash: number, mask: number): number {
  const mixed = hash ^ Math.imul(group, 0x9e3779b1 | 0);
  return (mixed ^ (mixed >>> 16)) & mask;
}

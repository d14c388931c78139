// The fields of one message as integers: where in the arena each name and value lies, and which
// known name it is. The same block whichever protocol version it was decoded from or will be
// encoded to. Order is kept. A field is removed by marking it, and added at the end; bytes are
// never moved.

import { assert } from '../base/assert.ts';
import { FIELDS_COUNT_MAX } from '../base/limits.ts';
import type { FieldId } from './field_names.ts';

const STRIDE = 6;
const NAME_START = 0;
const NAME_END = 1;
const VALUE_START = 2;
const VALUE_END = 3;
const ID = 4;
const FLAGS = 5;

const REMOVED = 1;
/**
 * `name ":" OWS value OWS CRLF` stand in this order and unbroken in the arena: HTTP/1 may copy the
 * line.
 */
const LINE = 2;

/** Room for fields that are added beside those that were received. */
const ADDED_COUNT_MAX = 24;
/**
 * Of these, what the proxy itself may add; the rest, and what was not received, is middleware's.
 */
const ADDED_BY_PROXY_COUNT_MAX = 12;
const CAPACITY: number = FIELDS_COUNT_MAX + ADDED_COUNT_MAX;

export class HeaderBlock {
  /** Fields in the block, removed ones included. */
  count = 0;
  readonly #fields: Int32Array = new Int32Array(CAPACITY * STRIDE);
  // Which known names have occurred (never unset by `remove`): a quick "certainly not there".
  #seenLow = 0;
  #seenHigh = 0;

  clear(): void {
    this.count = 0;
    this.#seenLow = 0;
    this.#seenHigh = 0;
  }

  /**
   * Adds a field that does not stand as a line in the arena (added by us, or decoded from HTTP/2).
   */
  add(nameStart: number, nameEnd: number, valueStart: number, valueEnd: number, id: FieldId): void {
    this.#push(nameStart, nameEnd, valueStart, valueEnd);
    this.#mark(id, 0);
  }

  /**
   * Adds a field that stands as an HTTP/1 line in the arena; `valueEnd` is before trailing white
   * space.
   */
  addLine(
    nameStart: number,
    nameEnd: number,
    valueStart: number,
    valueEnd: number,
    id: FieldId,
  ): void {
    this.#push(nameStart, nameEnd, valueStart, valueEnd);
    this.#mark(id, LINE);
  }

  /** Whether there is room for one more received field (RFC 6585 section 5: 431 when not). */
  get isFull(): boolean {
    return this.count >= FIELDS_COUNT_MAX;
  }

  /** Whether middleware may add one more: what the proxy adds itself always has room. */
  get hasRoom(): boolean {
    return this.count < CAPACITY - ADDED_BY_PROXY_COUNT_MAX;
  }

  nameStart(index: number): number {
    return this.#fields[index * STRIDE + NAME_START]!;
  }

  nameEnd(index: number): number {
    return this.#fields[index * STRIDE + NAME_END]!;
  }

  valueStart(index: number): number {
    return this.#fields[index * STRIDE + VALUE_START]!;
  }

  valueEnd(index: number): number {
    return this.#fields[index * STRIDE + VALUE_END]!;
  }

  id(index: number): FieldId {
    return this.#fields[index * STRIDE + ID]! as FieldId;
  }

  isRemoved(index: number): boolean {
    return (this.#fields[index * STRIDE + FLAGS]! & REMOVED) !== 0;
  }

  /**
   * Whether the field may be copied as the line it came in: from `nameStart` to the CRLF after the
   * value.
   */
  isLine(index: number): boolean {
    return (this.#fields[index * STRIDE + FLAGS]! & LINE) !== 0;
  }

  remove(index: number): void {
    this.#fields[index * STRIDE + FLAGS]! |= REMOVED;
  }

  /** Gives a field another value; the name stays. */
  replaceValue(index: number, valueStart: number, valueEnd: number): void {
    const at = index * STRIDE;
    this.#fields[at + VALUE_START] = valueStart;
    this.#fields[at + VALUE_END] = valueEnd;
    this.#fields[at + FLAGS]! &= ~LINE;
  }

  /** False means: certainly no field of that known name. */
  mayHave(id: FieldId): boolean {
    return id < 32 ? (this.#seenLow & (1 << id)) !== 0 : (this.#seenHigh & (1 << (id - 32))) !== 0;
  }

  /** The first field at or after `from` of that known name that is not removed, or -1. */
  find(id: FieldId, from = 0): number {
    if (!this.mayHave(id)) return -1;
    for (let i = from; i < this.count; i++) {
      if (this.#fields[i * STRIDE + ID] === id && !this.isRemoved(i)) return i;
    }
    return -1;
  }

  /** Removes every field of that known name. */
  removeAll(id: FieldId): void {
    for (let i = this.find(id); i >= 0; i = this.find(id, i + 1)) this.remove(i);
  }

  #push(nameStart: number, nameEnd: number, valueStart: number, valueEnd: number): void {
    assert(this.count < CAPACITY, 'a header block has room for what we add');
    const at = this.count * STRIDE;
    this.#fields[at + NAME_START] = nameStart;
    this.#fields[at + NAME_END] = nameEnd;
    this.#fields[at + VALUE_START] = valueStart;
    this.#fields[at + VALUE_END] = valueEnd;
  }

  #mark(id: FieldId, flags: number): void {
    const at = this.count * STRIDE;
    this.#fields[at + ID] = id;
    this.#fields[at + FLAGS] = flags;
    this.count++;
    if (id < 32) this.#seenLow |= 1 << id;
    else this.#seenHigh |= 1 << (id - 32);
  }
}

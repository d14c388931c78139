// Bytes four at a time: hashing and comparing texts of requests with those of the route table. The
// view is of the same bytes as the array beside it; nothing is read outside of the range.
//
// bench/micro/routing: a path of 35 bytes is found in 36 ns this way, in 140 ns byte by byte.

import { LOWER } from '../http/text.ts';

/** Texts of fewer bytes are the same where length and `hashWords` are. */
export const WORD_BYTES = 4;
const FACTOR: number = 0x9e3779b1 | 0;
/** Folds ASCII letters, and takes a few other bytes for the same: good enough for a hash. */
const FOLD = 0x20202020;
const SLASH = 0x2f;
const SLASHES = 0x2f2f2f2f;
const ONES = 0x01010101;
const HIGH_BITS: number = 0x80808080 | 0;

/**
 * A hash of `bytes[start, end)`. Not keyed: the texts in a table are the operator's, and what a
 * client sends is only looked up.
 */
export function hashWords(view: DataView, bytes: Uint8Array, start: number, end: number): number {
  let hash = end - start;
  if (hash < WORD_BYTES) return mix(shortWord(bytes, start, end));
  const last = end - WORD_BYTES;
  for (let i = start; i < last; i += WORD_BYTES) {
    hash = Math.imul(hash ^ view.getInt32(i, true), FACTOR);
    hash = (hash << 13) | (hash >>> 19);
  }
  return mix(Math.imul(hash ^ view.getInt32(last, true), FACTOR));
}

/** The same for texts whose case does not matter. */
export function hashFolded(view: DataView, bytes: Uint8Array, start: number, end: number): number {
  let hash = end - start;
  if (hash < WORD_BYTES) return mix(shortWord(bytes, start, end) | FOLD);
  const last = end - WORD_BYTES;
  for (let i = start; i < last; i += WORD_BYTES) {
    hash = Math.imul(hash ^ (view.getInt32(i, true) | FOLD), FACTOR);
    hash = (hash << 13) | (hash >>> 19);
  }
  return mix(Math.imul(hash ^ (view.getInt32(last, true) | FOLD), FACTOR));
}

/** Whether `length` bytes at `at` are those at `otherAt` of the other bytes. */
export function equalWords(
  view: DataView,
  at: number,
  otherView: DataView,
  otherAt: number,
  length: number,
): boolean {
  const last = length - WORD_BYTES;
  if (last < 0) return equalShort(view, at, otherView, otherAt, length);
  for (let i = 0; i < last; i += WORD_BYTES) {
    if (view.getInt32(at + i, true) !== otherView.getInt32(otherAt + i, true)) return false;
  }
  return view.getInt32(at + last, true) === otherView.getInt32(otherAt + last, true);
}

// Three bytes or fewer.
function equalShort(
  view: DataView,
  at: number,
  otherView: DataView,
  otherAt: number,
  length: number,
): boolean {
  if (length === 0) return true;
  const last = length - 1;
  if (view.getUint8(at + last) !== otherView.getUint8(otherAt + last)) return false;
  return length === 1 || view.getUint16(at) === otherView.getUint16(otherAt);
}

/** The same where the other bytes are in lower case and case does not matter. */
export function equalFolded(
  view: DataView,
  at: number,
  lowerView: DataView,
  lowerAt: number,
  length: number,
): boolean {
  const last = length - WORD_BYTES;
  if (last < 0) return equalFoldedBytes(view, at, lowerView, lowerAt, length);
  for (let i = 0; i < last; i += WORD_BYTES) {
    if (!equalFoldedWord(view, at + i, lowerView, lowerAt + i)) return false;
  }
  return equalFoldedWord(view, at + last, lowerView, lowerAt + last);
}

// Most are in lower case already.
function equalFoldedWord(
  view: DataView,
  at: number,
  lowerView: DataView,
  lowerAt: number,
): boolean {
  return (
    view.getInt32(at, true) === lowerView.getInt32(lowerAt, true) ||
    equalFoldedBytes(view, at, lowerView, lowerAt, WORD_BYTES)
  );
}

function equalFoldedBytes(
  view: DataView,
  at: number,
  lowerView: DataView,
  lowerAt: number,
  length: number,
): boolean {
  for (let i = 0; i < length; i++) {
    if (LOWER[view.getUint8(at + i)] !== lowerView.getUint8(lowerAt + i)) return false;
  }
  return true;
}

/** Where the first slash of `bytes[at, end)` is, or `end`. */
export function findSlash(view: DataView, bytes: Uint8Array, at: number, end: number): number {
  let i = at;
  for (; i + WORD_BYTES <= end; i += WORD_BYTES) {
    const word = view.getInt32(i, true) ^ SLASHES;
    // A zero byte borrows: one of the high bits is set where there is one, and only then.
    if (((word - ONES) & ~word & HIGH_BITS) !== 0) break;
  }
  while (i < end && bytes[i] !== SLASH) i++;
  return i;
}

function shortWord(bytes: Uint8Array, start: number, end: number): number {
  let word = 0;
  for (let i = start; i < end; i++) word = (word << 8) | bytes[i]!;
  return word;
}

function mix(hash: number): number {
  return hash ^ (hash >>> 15);
}

/** A view of the bytes, with the same offsets. */
export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

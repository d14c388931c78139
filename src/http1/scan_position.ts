// How far an unfinished head was looked at, in one small integer that the connection keeps between
// two calls: decoders are shared by all connections of a worker and remember nothing of a head.
//
//   bit  30        29 ........ 24     23 ........ 16     15 ............ 0
//        isSecond  lookedUnits        linesCount         lineStart
//
// `lineStart` is where the unfinished line begins, relative to the head. Of that line the first
// `lookedUnits * UNIT` bytes need not be looked at again, so that a byte costs the same however a
// head arrives; `isSecond` says that they reach into the second part (a field's value, a target's
// query). `linesCount` is the number of field lines before it. 0 is the beginning of a head.

import { assert } from '../base/assert.ts';

const UNIT = 512;
const LOOKED_UNITS_MAX = 63;
const LINES_SHIFT = 16;
const LOOKED_SHIFT = 24;
const SECOND_SHIFT = 30;

/** Largest head that a position can point into. */
export const POSITION_BYTES_MAX = 0xffff;
export const POSITION_LINES_MAX = 0xff;

/**
 * Packs a position. `lineBytes` is where the unfinished line begins in the head, `lookedBytes` how
 * much of it is known to be good, `secondBytes` where its second part begins, or -1.
 */
export function packPosition(
  lineBytes: number,
  linesCount: number,
  lookedBytes: number,
  secondBytes: number,
): number {
  assert(lineBytes <= POSITION_BYTES_MAX, 'a line begins inside the largest head');
  const units = Math.min((lookedBytes / UNIT) | 0, LOOKED_UNITS_MAX);
  const isSecond = secondBytes >= 0 && secondBytes < units * UNIT ? 1 : 0;
  return (
    (isSecond << SECOND_SHIFT) | (units << LOOKED_SHIFT) | (linesCount << LINES_SHIFT) | lineBytes
  );
}

export function positionLineStart(position: number): number {
  return position & POSITION_BYTES_MAX;
}

export function positionLinesCount(position: number): number {
  return (position >> LINES_SHIFT) & POSITION_LINES_MAX;
}

export function positionLookedBytes(position: number): number {
  return ((position >> LOOKED_SHIFT) & LOOKED_UNITS_MAX) * UNIT;
}

export function isPositionInSecond(position: number): boolean {
  return position >> SECOND_SHIFT !== 0;
}

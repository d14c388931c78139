// The shared segment as numbers: where a row of cells lies, and what tells one layout from another.
// Pure: `sys` maps the bytes, `server` hands a row to each worker, and the layers between see plain
// typed arrays.
//
//   | header: 1 page | row 0: supervisor | row 1 | row 2 | ...      each row begins on a page
//
// No locks: each row has one writer, readers sum the rows, and only the supervisor zeroes a row,
// once the worker that wrote it is dead. Row 0 keeps what dead workers had counted.

import { assert } from './assert.ts';
import { RETIRING_WORKERS_MAX, WORKERS_MAX } from './limits.ts';
import { CELL_ERRORS, CELLS_COUNT, Cell, EndpointCell, endpointCell } from './metrics_cells.ts';

/** Grows with every change of the header or of the meaning of a cell. */
const LAYOUT_VERSION = 1;
/** The row that the supervisor writes. */
export const SUPERVISOR_ROW = 0;

const MAGIC = 0x5a50_5258; // ZPRX
const PAGE_BYTES = 4096;
const HEADER_BYTES: number = PAGE_BYTES;
const ROW_BYTES: number = Math.ceil((CELLS_COUNT * 8) / PAGE_BYTES) * PAGE_BYTES;
/** A slot's worker, one that is to follow it, those that retire, and one of them that ends. */
const ROWS_PER_WORKER: number = 1 + 1 + RETIRING_WORKERS_MAX + 1;

/** Header words (uint32). */
const Word = { MAGIC: 0, VERSION: 1, ROWS: 2, CELLS: 3, HEADER_BYTES: 4, ROW_BYTES: 5 } as const;

/** Cells that say how much there is now: they die with the worker instead of being added up. */
export const GAUGES: readonly Cell[] = [
  Cell.HEARTBEAT_MS,
  Cell.CONNECTIONS_OPEN,
  Cell.EXCHANGES_OPEN,
  Cell.TUNNELS_OPEN,
];
/** The same among the cells of an endpoint. */
export const ENDPOINT_GAUGES: readonly number[] = [
  EndpointCell.IN_FLIGHT,
  EndpointCell.CONNECTIONS,
];
const ENDPOINT_CELLS: number = endpointCell(1) - endpointCell(0);

/** Rows of a segment for that many workers, the supervisor's included. */
export function sharedRowsCount(workers: number): number {
  assert(workers >= 1 && workers <= WORKERS_MAX, 'the number of workers is within its limit');
  return 1 + workers * ROWS_PER_WORKER;
}

/** Size of a segment. Only pages that were written take memory. */
export function sharedBytes(rowsCount: number): number {
  return HEADER_BYTES + rowsCount * ROW_BYTES;
}

/** Writes the header of a new, zeroed segment. */
export function writeSharedHeader(segment: ArrayBuffer, rowsCount: number): void {
  assert(segment.byteLength >= sharedBytes(rowsCount), 'the segment holds its rows');
  const words = new Uint32Array(segment, 0, HEADER_BYTES / 4);
  words[Word.MAGIC] = MAGIC;
  words[Word.VERSION] = LAYOUT_VERSION;
  words[Word.ROWS] = rowsCount;
  words[Word.CELLS] = CELLS_COUNT;
  words[Word.HEADER_BYTES] = HEADER_BYTES;
  words[Word.ROW_BYTES] = ROW_BYTES;
}

/** What keeps this process from using the segment; '' if nothing does. */
export function refuseSharedHeader(segment: ArrayBuffer): string {
  if (segment.byteLength < HEADER_BYTES) return 'the segment is shorter than its header';
  const words = new Uint32Array(segment, 0, HEADER_BYTES / 4);
  if (words[Word.MAGIC] !== MAGIC) return 'the segment is not one of ZProxy';
  if (words[Word.VERSION] !== LAYOUT_VERSION) {
    return `the segment has layout ${words[Word.VERSION]}, this process knows ${LAYOUT_VERSION}`;
  }
  if (words[Word.CELLS] !== CELLS_COUNT || words[Word.ROW_BYTES] !== ROW_BYTES) {
    return 'the segment has rows of another size';
  }
  if (segment.byteLength < sharedBytes(words[Word.ROWS]!)) {
    return 'the segment is shorter than its rows';
  }
  return '';
}

/** The cells of one row. */
export function sharedRow(segment: ArrayBuffer, row: number): Float64Array<ArrayBuffer> {
  const offset = HEADER_BYTES + row * ROW_BYTES;
  assert(row >= 0 && offset + ROW_BYTES <= segment.byteLength, 'a row lies in the segment');
  return new Float64Array(segment, offset, CELLS_COUNT);
}

/**
 * Adds what a dead worker had counted to `totals` and zeroes its row. What it had open is gone with
 * it and is not added.
 */
export function foldRow(totals: Float64Array, row: Float64Array): void {
  for (const gauge of GAUGES) row[gauge] = 0;
  for (let at = endpointCell(0); at < CELLS_COUNT; at += ENDPOINT_CELLS) {
    for (const gauge of ENDPOINT_GAUGES) row[at + gauge] = 0;
  }
  for (let cell = 0; cell < CELLS_COUNT; cell++) {
    const value = row[cell]!;
    if (value === 0) continue;
    totals[cell] = totals[cell]! + value;
    row[cell] = 0;
  }
}

/** The sum of one cell over rows. */
export function sumCell(rows: readonly Float64Array[], cell: number): number {
  let sum = 0;
  for (const row of rows) sum += row[cell]!;
  return sum;
}

assert(Object.values(Cell).length <= CELL_ERRORS, 'the named cells end before those of the errors');

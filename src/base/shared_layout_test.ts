import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CELL_ERRORS, Cell, EndpointCell, endpointCell } from './metrics_cells.ts';
import {
  foldRow,
  refuseSharedHeader,
  SUPERVISOR_ROW,
  sharedBytes,
  sharedRow,
  sharedRowsCount,
  sumCell,
  writeSharedHeader,
} from './shared_layout.ts';

function createSegment(workers: number): ArrayBuffer {
  const rowsCount = sharedRowsCount(workers);
  const segment = new ArrayBuffer(sharedBytes(rowsCount));
  writeSharedHeader(segment, rowsCount);
  return segment;
}

test('refuseSharedHeader() accepts what writeSharedHeader() wrote', () => {
  assert.equal(refuseSharedHeader(createSegment(2)), '');
});

test('refuseSharedHeader() refuses zeroes, another version, other rows and a short segment', () => {
  assert.match(refuseSharedHeader(new ArrayBuffer(8192)), /not one of ZProxy/);
  assert.match(refuseSharedHeader(new ArrayBuffer(16)), /shorter than its header/);
  const version = createSegment(1);
  new Uint32Array(version)[1] = 99;
  assert.match(refuseSharedHeader(version), /layout 99/);
  const cells = createSegment(1);
  new Uint32Array(cells)[3] = 5;
  assert.match(refuseSharedHeader(cells), /another size/);
  const rows = createSegment(1);
  new Uint32Array(rows)[2] = 1000;
  assert.match(refuseSharedHeader(rows), /shorter than its rows/);
});

test('sharedRow() gives rows that do not overlap', () => {
  const segment = createSegment(2);
  const rows = [0, 1, 2, 3, 4].map((row) => sharedRow(segment, row));
  rows.forEach((row, index) => {
    row.fill(index + 1);
  });
  rows.forEach((row, index) => {
    assert.ok(row.every((value) => value === index + 1));
  });
  assert.equal(refuseSharedHeader(segment), '');
  assert.throws(() => sharedRow(segment, sharedRowsCount(2)), /lies in the segment/);
});

test('foldRow() keeps what was counted, drops what was open and zeroes the row', () => {
  const segment = createSegment(1);
  const totals = sharedRow(segment, SUPERVISOR_ROW);
  const row = sharedRow(segment, 1);
  totals[Cell.REQUESTS] = 5;
  row[Cell.REQUESTS] = 7;
  row[Cell.CONNECTIONS_OPEN] = 3;
  row[Cell.HEARTBEAT_MS] = 123;
  row[CELL_ERRORS + 4] = 2;
  row[endpointCell(9) + EndpointCell.REQUESTS] = 4;
  row[endpointCell(9) + EndpointCell.IN_FLIGHT] = 1;
  row[endpointCell(9) + EndpointCell.CONNECTIONS] = 6;
  foldRow(totals, row);
  assert.equal(totals[Cell.REQUESTS], 12);
  assert.equal(totals[Cell.CONNECTIONS_OPEN], 0);
  assert.equal(totals[Cell.HEARTBEAT_MS], 0);
  assert.equal(totals[CELL_ERRORS + 4], 2);
  assert.equal(totals[endpointCell(9) + EndpointCell.REQUESTS], 4);
  assert.equal(totals[endpointCell(9) + EndpointCell.IN_FLIGHT], 0);
  assert.equal(totals[endpointCell(9) + EndpointCell.CONNECTIONS], 0);
  assert.ok(row.every((value) => value === 0));
  assert.equal(sumCell([totals, row], Cell.REQUESTS), 12);
});

test('sharedRowsCount() refuses a number of workers out of bounds', () => {
  assert.throws(() => sharedRowsCount(0), /within its limit/);
  assert.throws(() => sharedRowsCount(257), /within its limit/);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  CELL_ERRORS,
  CELLS_COUNT,
  Cell,
  EndpointCell,
  endpointCell,
} from '../base/metrics_cells.ts';
import { addTotals, readTotals } from './counter_totals.ts';

const SLOTS = { slots: [['["a","http://h",0]', 2]], usedCount: 3, free: [] } as const;
/** The same endpoint in another slot. */
const MOVED = { slots: [['["a","http://h",0]', 0]], usedCount: 1, free: [] } as const;

test('readTotals() sums counters by name, and addTotals() finds them wherever they are', () => {
  const rows = [new Float64Array(CELLS_COUNT), new Float64Array(CELLS_COUNT)];
  for (const row of rows) {
    row[Cell.REQUESTS] = 5;
    row[CELL_ERRORS + 1] = 2;
    row[endpointCell(2) + EndpointCell.FAILURES] = 1;
  }
  const totals = readTotals(rows, SLOTS);
  const target = new Float64Array(CELLS_COUNT);
  target[Cell.REQUESTS] = 1;
  addTotals(target, JSON.parse(JSON.stringify(totals)), MOVED);
  assert.equal(target[Cell.REQUESTS], 11);
  assert.equal(target[CELL_ERRORS + 1], 4);
  assert.equal(target[endpointCell(0) + EndpointCell.FAILURES], 2);
  assert.equal(target[endpointCell(2) + EndpointCell.FAILURES], 0);
});

test('readTotals() leaves out what is open now, and what was never counted', () => {
  const row = new Float64Array(CELLS_COUNT);
  row[Cell.CONNECTIONS_OPEN] = 3;
  row[Cell.HEARTBEAT_MS] = 99;
  row[endpointCell(2) + EndpointCell.IN_FLIGHT] = 1;
  row[Cell.BYTES_SENT] = 10;
  assert.deepEqual(readTotals([row], SLOTS), { BYTES_SENT: 10 });
});

test('addTotals() passes over names that this version does not have', () => {
  const row = new Float64Array(CELLS_COUNT);
  addTotals(row, { NOT_YET_INVENTED: 4, 'error gone': 2 }, SLOTS);
  assert.ok(row.every((value) => value === 0));
});

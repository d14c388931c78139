import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Cell, EndpointCell, endpointCell } from '../base/metrics_cells.ts';
import { sharedBytes, sharedRow } from '../base/shared_layout.ts';
import { RowPool } from './row_pool.ts';

const ROWS = 4;

function segment(): ArrayBuffer {
  return new ArrayBuffer(sharedBytes(ROWS));
}

test('RowPool keeps what a row had counted when its worker is gone', () => {
  const pool = new RowPool(segment(), ROWS);
  const row = pool.acquire();
  const cells = pool.cells(row);
  cells[Cell.REQUESTS] = 7;
  cells[Cell.CONNECTIONS_OPEN] = 3;
  pool.release(row);
  assert.equal(pool.totals[Cell.REQUESTS], 7);
  assert.equal(pool.totals[Cell.CONNECTIONS_OPEN], 0);
  assert.throws(() => pool.release(row), /released once/);
  assert.throws(() => pool.cells(row), /has an owner/);
  assert.equal(pool.cells(pool.acquire())[Cell.REQUESTS], 0);
});

test('RowPool leaves rows to the owners that it is told of', () => {
  const buffer = segment();
  sharedRow(buffer, 2)[Cell.REQUESTS] = 5;
  const pool = new RowPool(buffer, ROWS, [2]);
  assert.deepEqual([pool.acquire(), pool.acquire()].sort(), [1, 3]);
  assert.throws(() => pool.acquire(), /there are rows/);
  pool.release(2);
  assert.equal(pool.totals[Cell.REQUESTS], 5);
});

test('RowPool.isIdle() and clear() look at one endpoint in all rows', () => {
  const pool = new RowPool(segment(), ROWS);
  const cells = pool.cells(pool.acquire());
  cells[endpointCell(3) + EndpointCell.IN_FLIGHT] = 1;
  cells[endpointCell(3) + EndpointCell.REQUESTS] = 9;
  cells[endpointCell(4) + EndpointCell.REQUESTS] = 8;
  assert.equal(pool.isIdle(3), false);
  assert.equal(pool.isIdle(4), true);
  cells[endpointCell(3) + EndpointCell.IN_FLIGHT] = 0;
  assert.equal(pool.isIdle(3), true);
  pool.totals[endpointCell(3) + EndpointCell.REQUESTS] = 4;
  pool.clear(3);
  for (const row of pool.all()) assert.equal(row[endpointCell(3) + EndpointCell.REQUESTS], 0);
  assert.equal(cells[endpointCell(4) + EndpointCell.REQUESTS], 8);
});

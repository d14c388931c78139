import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CELL_ERRORS, endpointCell } from '../base/metrics_cells.ts';
import { EXCHANGE_ERRORS, ExchangeError } from './exchange_error.ts';

test('EXCHANGE_ERRORS has one row per ExchangeError, with a code of its own', () => {
  const values = Object.values(ExchangeError);
  assert.deepEqual(
    values,
    values.map((_, index) => index),
  );
  assert.equal(EXCHANGE_ERRORS.length, values.length);
  assert.equal(new Set(EXCHANGE_ERRORS.map((row) => row.code)).size, values.length);
});

test('EXCHANGE_ERRORS answers with an error status or not at all', () => {
  for (const row of EXCHANGE_ERRORS.slice(1)) {
    assert.ok(row.status === 0 || (row.status >= 400 && row.status < 600), row.code);
    assert.match(row.text, /^[A-Z].*\.$/);
    assert.match(row.code, /^[a-z_]+$/);
  }
});

test('EXCHANGE_ERRORS fits the cells of a row', () => {
  assert.ok(CELL_ERRORS + EXCHANGE_ERRORS.length <= endpointCell(0));
});

import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { Pace } from './pace.ts';

test('Pace counts only the time that it waits', () => {
  const pace = new Pace();
  assert.equal(pace.rateDeadlineMs(0, 240, 10_000), Number.POSITIVE_INFINITY);
  pace.begin(1_000);
  pace.begin(2_000); // goes on
  assert.equal(pace.idleDeadlineMs(60_000), 61_000);
  assert.equal(pace.rateDeadlineMs(0, 240, 10_000), 11_000);
  pace.end(7_000);
  assert.equal(pace.isWaiting, false);
  pace.begin(100_000);
  assert.equal(pace.idleDeadlineMs(60_000), 160_000);
  assert.equal(pace.rateDeadlineMs(0, 240, 10_000), 104_000, '6 s were spent before');
  pace.reset();
  assert.equal(pace.idleDeadlineMs(1), Number.POSITIVE_INFINITY);
});

test('Pace allows as much time as the bytes take at the minimum rate', () => {
  const pace = new Pace();
  pace.begin(0);
  assert.equal(pace.rateDeadlineMs(2_400, 240, 10_000), 10_000);
  assert.equal(pace.rateDeadlineMs(24_000, 240, 10_000), 100_000);
  assert.equal(pace.rateDeadlineMs(0, 0, 10_000), Number.POSITIVE_INFINITY, 'no rate is asked for');
});

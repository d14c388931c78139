import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HeartbeatWatch } from './heartbeat_watch.ts';

test('HeartbeatWatch is overdue after 10 s without a change, whatever the value', () => {
  const watch = new HeartbeatWatch(0);
  assert.equal(watch.isOverdue(7, 1_000), false);
  for (let ms = 2_000; ms < 11_000; ms += 1_000) assert.equal(watch.isOverdue(7, ms), false);
  assert.equal(watch.isOverdue(7, 11_000), true);
});

test('HeartbeatWatch begins anew with each change', () => {
  const watch = new HeartbeatWatch(0);
  for (let ms = 1_000; ms < 60_000; ms += 1_000) assert.equal(watch.isOverdue(ms >> 12, ms), false);
});

test('HeartbeatWatch does not hold time against a worker in which nobody looked', () => {
  const watch = new HeartbeatWatch(0);
  assert.equal(watch.isOverdue(7, 1_000), false);
  assert.equal(watch.isOverdue(7, 3_600_000), false);
  assert.equal(watch.isOverdue(7, 3_601_000), false);
});

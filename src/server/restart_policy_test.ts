import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RestartPolicy } from './restart_policy.ts';

test('RestartPolicy replaces at once, then backs off from 0.1 to 10 s', () => {
  const policy = new RestartPolicy();
  let nowMs = 1_000;
  const delays: number[] = [];
  for (let i = 0; i < 12; i++) {
    const delayMs = policy.delayAfterDeath(nowMs, 5);
    delays.push(delayMs);
    nowMs += delayMs + 5;
  }
  assert.deepEqual(delays, [0, 0, 100, 200, 400, 800, 1_600, 3_200, 6_400, 10_000, 10_000, 10_000]);
});

test('RestartPolicy begins anew after a worker has lived for the window', () => {
  const policy = new RestartPolicy();
  for (let i = 0; i < 5; i++) policy.delayAfterDeath(i, 1);
  assert.equal(policy.delayAfterDeath(50_000, 10_000), 0);
  assert.equal(policy.delayAfterDeath(50_001, 1), 0);
  assert.equal(policy.delayAfterDeath(50_002, 1), 100);
});

test('RestartPolicy does not count deaths that lie further apart than the window', () => {
  const policy = new RestartPolicy();
  for (let i = 0; i < 6; i++) assert.equal(policy.delayAfterDeath(i * 6_000, 5_999), 0);
});

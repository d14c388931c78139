import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ChangeQueue } from './change_queue.ts';
import type { ReloadOutcome } from './control_actions.ts';

const UNCHANGED: ReloadOutcome = { kind: 'unchanged', configHash: 'a' };
const REFUSED: ReloadOutcome = { kind: 'refused', reason: 'no', errors: [] };

test('ChangeQueue runs one change at a time, and makes one of the reloads that wait', async () => {
  const queue = new ChangeQueue();
  const first = Promise.withResolvers<ReloadOutcome>();
  const ran: string[] = [];
  const results = [
    queue.reload(() => {
      ran.push('first');
      return first.promise;
    }),
  ];
  for (let i = 0; i < 5; i++) await Promise.resolve();
  for (const name of ['second', 'third', 'fourth']) {
    results.push(
      queue.reload(async () => {
        ran.push(name);
        return UNCHANGED;
      }),
    );
  }
  const last = queue.run(async () => ran.push('an upgrade'));
  assert.deepEqual(ran, ['first']);
  first.resolve(REFUSED);
  assert.deepEqual(await Promise.all(results), [REFUSED, UNCHANGED, UNCHANGED, UNCHANGED]);
  await last;
  assert.deepEqual(ran, ['first', 'second', 'an upgrade']);
});

test('ChangeQueue counts how reloads end, and what was wrong with the last one', async () => {
  const queue = new ChangeQueue();
  await queue.reload(async () => REFUSED);
  assert.deepEqual(queue.reloads, { ok: 0, failed: 1, lastSuccessSeconds: 0, lastFailure: 'no' });
  await queue.reload(async () => UNCHANGED);
  const { ok, failed, lastSuccessSeconds, lastFailure } = queue.reloads;
  assert.deepEqual([ok, failed, lastFailure], [1, 1, '']);
  assert.ok(Math.abs(lastSuccessSeconds - Date.now() / 1000) < 60);
});

test('ChangeQueue goes on after a change that rejects', async () => {
  const queue = new ChangeQueue();
  await assert.rejects(
    queue.run(async () => {
      throw new Error('a bug');
    }),
  );
  assert.equal(await queue.run(async () => 'fine'), 'fine');
});

test('ChangeQueue.inherit() counts the upgrade that led here, or why it led back', () => {
  const none = { ok: 2, failed: 1, lastSuccessSeconds: 5, lastFailure: 'x' };
  const queue = new ChangeQueue();
  queue.inherit({ failure: '', reloads: none, upgrades: none });
  assert.deepEqual(queue.reloads, none);
  assert.equal(queue.upgrades.ok, 3);
  assert.equal(queue.upgrades.lastFailure, '');
  queue.inherit({ failure: 'it broke', reloads: none, upgrades: none });
  assert.deepEqual(queue.upgrades, { ...none, failed: 2, lastFailure: 'it broke' });
});

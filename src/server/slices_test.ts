import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runInSlices, runSteps } from './slices.ts';

/** Notes each step, and that it was given up. */
function* steps(
  count: number,
  notes: string[],
  work: () => void = () => {},
): Generator<void, string> {
  let isDone = false;
  try {
    for (let i = 0; i < count; i++) {
      notes.push(`${i}`);
      work();
      yield;
    }
    isDone = true;
    return 'all';
  } finally {
    notes.push(isDone ? 'done' : 'given up');
  }
}

function spin(ms: number): void {
  for (const endMs = performance.now() + ms; performance.now() < endMs; );
}

test('runSteps() does all of it at once', () => {
  const notes: string[] = [];
  assert.equal(runSteps(steps(3, notes)), 'all');
  assert.deepEqual(notes, ['0', '1', '2', 'done']);
});

test('runInSlices() lets the loop turn between steps that are long', async () => {
  const notes: string[] = [];
  let turns = 0;
  const turn = (): void => {
    turns++;
    if (!notes.includes('done')) setImmediate(turn);
  };
  setImmediate(turn);
  const result = await runInSlices(
    steps(5, notes, () => spin(0.6)),
    () => true,
  );
  assert.equal(result, 'all');
  assert.ok(turns >= 5, `${turns} turns for five steps of more than a slice`);
});

test('runInSlices() gives up what is not wanted, and lets the work clean up', async () => {
  const notes: string[] = [];
  let looks = 0;
  const result = await runInSlices(
    steps(100, notes, () => spin(0.6)),
    () => ++looks < 3,
  );
  assert.equal(result, null);
  assert.deepEqual(notes, ['0', '1', 'given up']);
});

test('runInSlices() rejects with what a step throws', async () => {
  const notes: string[] = [];
  const work = (): void => {
    if (notes.length === 2) throw new Error('the second');
  };
  await assert.rejects(
    runInSlices(steps(3, notes, work), () => true),
    /the second/,
  );
  assert.deepEqual(notes, ['0', '1', 'given up']);
});

// The benchmark of the route table runs and matches what it is to match.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CASES } from './find_my_way_cases.ts';
import { runBenchmark } from './main.ts';

test('runBenchmark() writes a line for each case and each size', () => {
  const lines: string[] = [];
  runBenchmark({ rounds: 1, iterations: 50 }, (line) => {
    lines.push(line);
  });
  assert.equal(lines.length, CASES.length + 5);
  for (const { name } of CASES)
    assert.ok(
      lines.some((line) => line.startsWith(name)),
      name,
    );
});

// The counts and the output of a run, over test files with each outcome.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';
import { closingLine, runSteps, type StepResult } from './steps.ts';
import { findTests } from './test_runner.ts';

const FIXTURES = join(import.meta.dirname, 'fixtures', 'runner');

/** Runs files in a process of their own: node:test does not nest. */
function run(names: readonly string[], fileTimeoutMs: number): StepResult {
  const files = names.map((name) => join(FIXTURES, `${name}_test.ts`));
  const { NODE_TEST_CONTEXT: _, ...env } = process.env;
  const script = join(FIXTURES, 'main.ts');
  const { stdout } = spawnSync(process.execPath, [script, String(fileTimeoutMs), ...files], {
    env,
    encoding: 'utf8',
    timeout: 30_000,
  });
  return JSON.parse(stdout.slice(stdout.indexOf('RESULT ') + 7)) as StepResult;
}

test('runTests() counts each outcome and shows failures in full', () => {
  const result = run(['mixed'], 30_000);
  assert.deepEqual([result.passed, result.failed, result.skipped], [1, 1, 1]);
  assert.match(result.output, /failed: fails\nError: on purpose\n\s+at /);
  assert.match(result.output, /printed by the file/);
  assert.match(result.output, /skipped: skips \(nothing to test with\)/);
});

test('runTests() counts a suite that is skipped whole as one skipped test', () => {
  const result = run(['skipped_suite'], 30_000);
  assert.deepEqual([result.passed, result.failed, result.skipped], [0, 0, 1]);
  assert.match(result.output, /skipped: a suite \(nothing to test with\)/);
});

test('runTests() fails a file that exits with an error, throws at load, or never ends', () => {
  const result = run(['exit', 'throwing', 'hanging'], 2_000);
  assert.deepEqual([result.passed, result.failed, result.skipped], [1, 3, 0]);
  assert.match(result.output, /exit_test\.ts: exit code 3/);
  assert.match(result.output, /throwing_test\.ts: exit code 1\n[\s\S]*at load/);
  assert.match(result.output, /hanging_test\.ts: it did not end within 2 s/);
});

test('runTests() fails where there is nothing to run', () => {
  const result = run([], 1_000);
  assert.deepEqual([result.passed, result.failed], [0, 1]);
});

test('findTests() finds the tests of a folder and leaves fixtures alone', () => {
  const files = findTests(['tools']);
  assert.ok(files.some((file) => file.endsWith('tools/test_runner_test.ts')));
  assert.ok(files.every((file) => !file.includes('fixtures')));
});

test('runSteps() adds up what the steps came to', async () => {
  const step = (
    name: string,
    passed: number,
    failed: number,
  ): Parameters<typeof runSteps>[0][0] => ({
    name,
    run: () => Promise.resolve({ passed, failed, skipped: 1, output: '' }),
  });
  const log = console.log;
  const lines: string[] = [];
  console.log = (line: string): void => void lines.push(line);
  try {
    const sum = await runSteps([step('one', 2, 0), step('two', 3, 1)]);
    assert.equal(closingLine(sum), '5 passed, 1 failed, 2 skipped');
  } finally {
    console.log = log;
  }
  assert.match(lines[0]!, /^ok {3}one +2 passed, 1 skipped, \d+\.\d s$/);
  assert.match(lines[1]!, /^FAIL two +3 passed, 1 failed, 1 skipped, \d+\.\d s$/);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compileLinearPattern } from './linear_pattern.ts';

test('compileLinearPattern() makes patterns of the linear engine', () => {
  const pattern = compileLinearPattern('^(?:[a-z]+|\\d+)$');
  assert.ok(pattern.flags.includes('l'));
  assert.equal(pattern.test('abc'), true);
  assert.equal(pattern.test('123'), true);
  assert.equal(pattern.test('abc1'), false);
});

test('compileLinearPattern() does not slow down on what ruins a backtracking engine', () => {
  const pattern = compileLinearPattern('^(a*)*(a|aa)+b$');
  const text = 'a'.repeat(20_000);
  const start = process.cpuUsage().user;
  assert.equal(pattern.test(text), false);
  assert.ok(process.cpuUsage().user - start < 2_000_000);
});

test('compileLinearPattern() refuses what cannot run in linear time and says so', () => {
  for (const source of ['(a)\\1', '(?=a)', '(?!a)', '(?<n>a)\\k<n>', 'a{1,5000}']) {
    assert.throws(
      () => compileLinearPattern(source),
      { name: 'SyntaxError', message: /linear time/ },
      source,
    );
  }
});

test('compileLinearPattern() gives the reason alone for what is no regular expression', () => {
  for (const [source, message] of [
    ['(', 'Unterminated group'],
    ['[', 'Unterminated character class'],
    ['*', 'Nothing to repeat'],
    ['a/b(', 'Unterminated group'],
  ] as const) {
    assert.throws(() => compileLinearPattern(source), { name: 'SyntaxError', message });
  }
});

// Issues as lines and as JSON: no value, however strange, breaks a message.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ConfigIssue, formatConfigIssue, plainValue } from './config_issue.ts';

const ISSUE: ConfigIssue = {
  file: 'zproxy.yaml',
  line: 3,
  column: 5,
  code: 'ZP_CONFIG_VALUE',
  path: 'workers',
  value: 'x'.repeat(200),
  wanted: 'a number',
  suggestion: '',
};

test('formatConfigIssue() cuts long values and keeps to one line', () => {
  const line = formatConfigIssue({ ...ISSUE, value: 'a\nb' });
  assert.equal(
    line,
    'zproxy.yaml:3:5: ZP_CONFIG_VALUE: workers: "a\\nb" is refused, wanted a number',
  );
  assert.ok(formatConfigIssue(ISSUE).length < 200);
});

test('formatConfigIssue() leaves out what is not known', () => {
  const line = formatConfigIssue({ ...ISSUE, line: null, column: null, path: '', value: 1 });
  assert.equal(line, 'zproxy.yaml: ZP_CONFIG_VALUE: 1 is refused, wanted a number');
});

test('plainValue() turns everything into something that JSON carries', () => {
  const cyclic: unknown[] = [];
  cyclic.push(cyclic);
  const cases: readonly (readonly [unknown, unknown])[] = [
    [undefined, null],
    [() => 1, '[function]'],
    [Math.max, '[function max]'],
    [10n, '10'],
    [Symbol('a'), 'Symbol(a)'],
    [Number.NaN, 'NaN'],
    [{ a: undefined, b: 1 }, { b: 1 }],
    [cyclic, '[object Array]'],
    [Object.assign(Object.create(null), { a: 1n }), '[object Object]'],
    [{ a: 1n }, '[object Object]'],
  ];
  for (const [value, plain] of cases) assert.deepEqual(plainValue(value), plain);
});

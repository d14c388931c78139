// Durations: every unit, what is refused, what is suggested instead.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { formatDuration, parseDuration } from './duration.ts';
import { Refusal } from './refusal.ts';

test('parseDuration() reads every unit and whole fractions', () => {
  const cases: readonly (readonly [string, number])[] = [
    ['0ms', 0],
    ['250ms', 250],
    ['5s', 5_000],
    ['0.1s', 100],
    ['1.5m', 90_000],
    ['2h', 7_200_000],
    ['7d', 604_800_000],
  ];
  for (const [text, milliseconds] of cases) assert.equal(parseDuration(text), milliseconds, text);
});

test('parseDuration() refuses what has no single meaning and suggests what was meant', () => {
  const cases: readonly (readonly [unknown, string])[] = [
    [5, '5s'],
    [30_000, '30s'],
    [-1, ''],
    ['5', '5s'],
    ['5 s', '5s'],
    ['5 seconds', '5s'],
    ['10min', '10m'],
    ['1m30s', '90s'],
    ['1H', '1h'],
    ['5 parsecs', ''],
    ['', ''],
    ['-5s', ''],
    ['0.0001s', ''],
    [null, ''],
    [{}, ''],
  ];
  for (const [value, suggestion] of cases) {
    const result = parseDuration(value);
    assert.ok(result instanceof Refusal, String(value));
    assert.equal(result.suggestion, suggestion, String(value));
  }
});

test('formatDuration() writes what parseDuration() reads', () => {
  fc.assert(
    fc.property(fc.nat(2 ** 31 - 1), (milliseconds) => {
      assert.equal(parseDuration(formatDuration(milliseconds)), milliseconds);
    }),
  );
});

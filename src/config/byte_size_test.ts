// Sizes: powers of two and of ten, what is refused, what is suggested instead.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { formatByteSize, parseByteSize } from './byte_size.ts';
import { Refusal } from './refusal.ts';

test('parseByteSize() tells KiB from kB', () => {
  const cases: readonly (readonly [string | number, number])[] = [
    [0, 0],
    [4_096, 4_096],
    ['512B', 512],
    ['1kB', 1_000],
    ['1KB', 1_000],
    ['16KiB', 16_384],
    ['10MB', 10_000_000],
    ['1.5GiB', 1_610_612_736],
    ['1TiB', 2 ** 40],
  ];
  for (const [value, bytes] of cases) assert.equal(parseByteSize(value), bytes, String(value));
});

test('parseByteSize() refuses other spellings and suggests what was meant', () => {
  const cases: readonly (readonly [unknown, string])[] = [
    ['16', '16B'],
    ['16k', '16KiB'],
    ['10m', '10MiB'],
    ['16kib', '16KiB'],
    ['10 MB', '10MB'],
    ['10mb', '10MB'],
    ['3 bytes', '3B'],
    ['0.3B', ''],
    ['-1KiB', ''],
    ['much', ''],
    [-1, ''],
    [1.5, ''],
    [Number.POSITIVE_INFINITY, ''],
    [true, ''],
  ];
  for (const [value, suggestion] of cases) {
    const result = parseByteSize(value);
    assert.ok(result instanceof Refusal, String(value));
    assert.equal(result.suggestion, suggestion, String(value));
  }
});

test('formatByteSize() writes what parseByteSize() reads', () => {
  fc.assert(
    fc.property(fc.nat(2 ** 40), (bytes) => {
      assert.equal(parseByteSize(formatByteSize(bytes)), bytes);
    }),
  );
});

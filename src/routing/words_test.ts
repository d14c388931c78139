import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { equalFolded, equalWords, findSlash, hashFolded, hashWords, viewOf } from './words.ts';

/** Bytes between others, and where they are: nothing outside may be read. */
function place(
  text: Uint8Array,
  before: number,
): { bytes: Uint8Array; start: number; end: number } {
  // Exactly to the end of the buffer: a read behind it throws.
  const whole = new Uint8Array(before + text.length);
  whole.set(text, before);
  const bytes = whole.subarray(before === 0 ? 0 : 1);
  const start = before === 0 ? 0 : before - 1;
  return { bytes, start, end: start + text.length };
}

const someBytes = fc.uint8Array({ maxLength: 40 });
const fewBytes = fc.uint8Array({ maxLength: 12, min: 0x2e, max: 0x30 });
const before = fc.nat({ max: 5 });

test('hashWords() depends on the bytes of the range alone', () => {
  fc.assert(
    fc.property(someBytes, before, before, (text, a, b) => {
      const one = place(text, a);
      const two = place(text, b);
      assert.equal(
        hashWords(viewOf(one.bytes), one.bytes, one.start, one.end),
        hashWords(viewOf(two.bytes), two.bytes, two.start, two.end),
      );
    }),
  );
});

test('hashWords() tells all texts of fewer than four bytes apart, with their length', () => {
  const seen = new Set<string>();
  const bytes = new Uint8Array(3);
  let count = 0;
  for (let length = 0; length <= 2; length++) {
    for (let value = 0; value < 256 ** length; value++) {
      bytes[0] = value & 255;
      bytes[1] = value >> 8;
      seen.add(`${length} ${hashWords(viewOf(bytes), bytes, 0, length)}`);
      count++;
    }
  }
  assert.equal(seen.size, count);
});

test('hashWords() spreads paths that differ in one place', () => {
  const seen = new Set<number>();
  for (let i = 0; i < 10_000; i++) {
    const bytes = new TextEncoder().encode(`/service-${i % 97}/resource-${i}/settings`);
    seen.add(hashWords(viewOf(bytes), bytes, 0, bytes.length) & 0xfffff);
  }
  // A random function would leave about 9,953 of them.
  assert.ok(seen.size > 9_900, String(seen.size));
});

test('hashFolded() is the same for all cases of a text', () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 30, unit: fc.constantFrom(...'aZq.-09_') }), (text) => {
      const upper = new TextEncoder().encode(text.toUpperCase());
      const lower = new TextEncoder().encode(text.toLowerCase());
      assert.equal(
        hashFolded(viewOf(upper), upper, 0, upper.length),
        hashFolded(viewOf(lower), lower, 0, lower.length),
      );
    }),
  );
});

test('equalWords() compares byte by byte', () => {
  fc.assert(
    fc.property(fewBytes, fewBytes, before, before, (text, other, a, b) => {
      const one = place(text, a);
      for (const candidate of [other, text]) {
        if (candidate.length !== text.length) continue;
        const two = place(candidate, b);
        const length = text.length;
        assert.equal(
          equalWords(viewOf(one.bytes), one.start, viewOf(two.bytes), two.start, length),
          Buffer.compare(text, candidate) === 0,
        );
      }
    }),
    { numRuns: 2_000 },
  );
});

test('equalFolded() folds ASCII letters and nothing else', () => {
  const text = fc.string({ minLength: 1, maxLength: 12, unit: fc.constantFrom(...'aA@`[{.-') });
  fc.assert(
    fc.property(text, text, (given, other) => {
      const bytes = new TextEncoder().encode(given);
      for (const candidate of [other, given, given.toUpperCase()]) {
        const lower = new TextEncoder().encode(candidate.toLowerCase());
        if (lower.length !== bytes.length) continue;
        assert.equal(
          equalFolded(viewOf(bytes), 0, viewOf(lower), 0, bytes.length),
          given.toLowerCase() === candidate.toLowerCase(),
          `${given} ${candidate}`,
        );
      }
    }),
    { numRuns: 2_000 },
  );
});

test('findSlash() finds the first slash of the range', () => {
  fc.assert(
    fc.property(fewBytes, before, (text, offset) => {
      const { bytes, start, end } = place(text, offset);
      const found = text.indexOf(0x2f);
      const wanted = found < 0 ? end : start + found;
      assert.equal(findSlash(viewOf(bytes), bytes, start, end), wanted);
    }),
    { numRuns: 2_000 },
  );
});

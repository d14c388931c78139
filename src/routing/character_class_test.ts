import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { compileLinearPattern } from '../base/linear_pattern.ts';
import { COUNT_UNBOUNDED, readCharacterClass } from './character_class.ts';

test('readCharacterClass() reads classes and how often they are repeated', () => {
  for (const [source, members, countMin, countMax] of [
    ['\\d+', '0123456789', 1, COUNT_UNBOUNDED],
    ['\\d*', '0123456789', 0, COUNT_UNBOUNDED],
    ['\\d', '0123456789', 1, 1],
    ['[a-c]{2}', 'abc', 2, 2],
    ['[a-c]{2,}', 'abc', 2, COUNT_UNBOUNDED],
    ['[a-c]{2,4}', 'abc', 2, 4],
    ['[-a]+', '-a', 1, COUNT_UNBOUNDED],
    ['[a-]+', '-a', 1, COUNT_UNBOUNDED],
    ['[a\\-c]', '-ac', 1, 1],
    ['[\\]\\\\]', '\\]', 1, 1],
    ['\\.', '.', 1, 1],
    ['[!-\\.]', '!"#$%&\'()*+,-.', 1, 1],
  ] as const) {
    const found = readCharacterClass(source);
    assert.ok(found !== null, source);
    const text = [...found.members.keys()].filter((byte) => found.members[byte] === 1);
    assert.equal(String.fromCharCode(...text), [...members].sort().join(''), source);
    assert.equal(found.countMin, countMin, source);
    assert.equal(found.countMax, countMax, source);
  }
});

test('readCharacterClass() leaves everything else to the engine', () => {
  for (const source of [
    ...['', 'a', 'ab', 'a+', '\\d+\\d', '\\d|a', '(\\d)', '\\d+?', '\\d{2}+', '[a', '\\', '\\b'],
    ...[
      '\\u0061',
      '[\\b]',
      '[\\n]',
      '[\\d-x]',
      '[a-\\d]',
      '[z-a]',
      '\\d{x}',
      '\\d{4,2}',
      '[a-\\n]',
    ],
    ...['\\s', '[^\\n]', '\\1', '\\d{99999}'],
  ]) {
    assert.equal(readCharacterClass(source), null, source);
  }
});

test('readCharacterClass() agrees with the engine on what it reads', () => {
  const piece = fc.constantFrom(
    ...['a', 'z', '-', '^', ']', '\\]', '\\-', '\\d', '\\w', '\\W', '\\D', '0', '9', '.', '\\\\'],
  );
  let readCount = 0;
  fc.assert(
    fc.property(
      fc.array(piece, { maxLength: 5 }),
      fc.constantFrom('', '+', '*', '{2}'),
      (pieces, count) => {
        const source = `[${pieces.join('')}]${count}`;
        const found = readCharacterClass(source);
        if (found === null) return;
        readCount++;
        const pattern = compileLinearPattern(`^(?:${source})$`);
        const times = Math.max(1, found.countMin);
        for (let byte = 0x21; byte < 0x7f; byte++) {
          const text = String.fromCharCode(byte).repeat(times);
          assert.equal(found.members[byte] === 1, pattern.test(text), `${source} ${text}`);
        }
      },
    ),
    { numRuns: 3_000 },
  );
  assert.ok(readCount > 500, String(readCount));
});

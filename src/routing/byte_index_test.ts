import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ByteIndex, ByteIndexBuilder } from './byte_index.ts';
import { TextPool } from './text_pool.ts';
import { hashFolded, hashWords, viewOf } from './words.ts';

const entries = fc.uniqueArray(
  fc.tuple(fc.nat({ max: 3 }), fc.string({ maxLength: 14, unit: fc.constantFrom(...'aAb/.') })),
  { maxLength: 60, selector: ([group, text]) => `${group} ${text.toLowerCase()}` },
);

test('ByteIndex finds what was added to its group and nothing else', () => {
  fc.assert(
    fc.property(entries, entries, fc.boolean(), (given, others, isFolded) => {
      const pool = new TextPool();
      const builder = new ByteIndexBuilder(isFolded);
      const wanted = new Map<string, number>();
      const keyOf = (group: number, text: string): string =>
        `${group} ${isFolded ? text.toLowerCase() : text}`;
      given.forEach(([group, text], value) => {
        const start = pool.add(isFolded ? text.toLowerCase() : text);
        builder.add(group, start, pool.lastLength, value);
        wanted.set(keyOf(group, text), value);
      });
      assert.equal(builder.count, given.length);
      const text = pool.build();
      const index = new ByteIndex(builder.build(text), text);
      for (const [group, asked] of [...given, ...others]) {
        const bytes = new TextEncoder().encode(`x${asked}`);
        const view = viewOf(bytes);
        const end = bytes.length;
        const found = isFolded
          ? index.findFolded(group, hashFolded(view, bytes, 1, end), view, 1, end)
          : index.find(group, hashWords(view, bytes, 1, end), view, 1, end);
        assert.equal(found, wanted.get(keyOf(group, asked)) ?? -1, `${group} ${asked}`);
      }
    }),
    { numRuns: 500 },
  );
});

test('ByteIndex compares the texts of entries whose hash is the same', () => {
  // An index whose slots say so, although the texts differ in their middle.
  const pool = new TextPool();
  const builder = new ByteIndexBuilder(false);
  builder.add(0, pool.add('aaaa-b-aaaa'), pool.lastLength, 7);
  const text = pool.build();
  const index = new ByteIndex(builder.build(text), text);
  const stored = hashWords(viewOf(text), text, 0, text.length);
  for (const [asked, wanted] of [
    ['aaaa-b-aaaa', 7],
    ['aaaa-c-aaaa', -1],
    ['baaa-b-aaaa', -1],
    ['aaaa-b-aaab', -1],
    ['aaaa-b-aaa', -1],
  ] as const) {
    const bytes = new TextEncoder().encode(asked);
    assert.equal(index.find(0, stored, viewOf(bytes), 0, bytes.length), wanted, asked);
  }
  assert.equal(index.find(1, stored, viewOf(text), 0, text.length), -1);
});

test('TextPool keeps equal texts once and texts of any length and alphabet', () => {
  const pool = new TextPool();
  const texts = ['', 'a', 'é', '日本', 'x'.repeat(10_000), 'a'];
  const placed = texts.map((text) => [pool.add(text), pool.lastLength] as const);
  assert.deepEqual(placed[5], placed[1]);
  const bytes = pool.build();
  texts.forEach((text, i) => {
    const [start, length] = placed[i]!;
    assert.equal(new TextDecoder().decode(bytes.subarray(start, start + length)), text);
  });
});

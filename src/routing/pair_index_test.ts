import assert from 'node:assert/strict';
import { test } from 'node:test';
import { IntList } from './int_list.ts';
import { PairIndex } from './pair_index.ts';

test('PairIndex keeps thousands of pairs apart', () => {
  const index = new PairIndex();
  for (let first = 0; first < 100; first++) {
    for (let second = 0; second < 100; second++) {
      assert.equal(index.get(first, second), -1);
      index.set(first, second, first * 100 + second);
    }
  }
  for (let first = 0; first < 100; first++) {
    for (let second = 0; second < 100; second++) {
      assert.equal(index.get(first, second), first * 100 + second);
    }
  }
  assert.equal(index.get(100, 0), -1);
});

test('IntList grows and is built to its size', () => {
  const list = new IntList();
  for (let i = 0; i < 1_000; i++) assert.equal(list.push(-i), i);
  list.set(999, 5);
  assert.equal(list.at(998), -998);
  const built = list.build();
  assert.equal(built.length, 1_000);
  assert.equal(built[999], 5);
  assert.equal(built.buffer.byteLength, 4_000);
});

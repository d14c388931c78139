import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MiddlewareBench } from '../../tests/support/middleware_bench.ts';
import { MIDDLEWARE_FIELD_BYTES_MAX } from '../base/limits.ts';
import { latin1Text } from '../http/text.ts';
import { FieldStore } from './field_store.ts';

test('FieldStore.put() keeps every text where it was written, and release() gives all back', () => {
  const { pool, arena } = new MiddlewareBench();
  const store = new FieldStore(pool);
  const texts = ['a', '', 'é'.repeat(4_000), 'b'.repeat(70), 'c'.repeat(9_000)];
  const starts = texts.map((text) => store.put(text));
  for (const [index, text] of texts.entries()) {
    const start = starts[index]!;
    assert.equal(latin1Text(arena.bytes, start, start + text.length), text);
  }
  assert.equal(pool.ownedCount, 3);
  store.release();
  assert.equal(pool.ownedCount, 0);
});

test('FieldStore.put() refuses what is too much, and goes on with what is not', () => {
  const { pool } = new MiddlewareBench();
  const store = new FieldStore(pool);
  store.put('x'.repeat(MIDDLEWARE_FIELD_BYTES_MAX - 1));
  assert.throws(() => store.put('yy'), { code: 'ZP_FIELDS_TOO_LARGE' });
  store.put('y');
  assert.throws(() => store.put('z'), { code: 'ZP_FIELDS_TOO_LARGE' });
  store.release();
  store.put('x'.repeat(MIDDLEWARE_FIELD_BYTES_MAX));
  store.release();
  assert.equal(pool.ownedCount, 0);
});

test('FieldStore.put() throws where the pool is empty', () => {
  const { pool } = new MiddlewareBench({ small: 1, medium: 0, large: 0 });
  const store = new FieldStore(pool);
  store.put('x'.repeat(4_000));
  assert.throws(() => store.put('x'.repeat(100)), { code: 'ZP_OUT_OF_BUFFERS' });
  store.put('fits'.repeat(10));
  store.release();
  assert.equal(pool.ownedCount, 0);
});

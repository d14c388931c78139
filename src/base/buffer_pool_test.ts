import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Arena } from './arena.ts';
import { AssertionError, VERIFY } from './assert.ts';
import { BufferPool, NO_BUFFER, SizeClass } from './buffer_pool.ts';
import { BUFFER_HEADROOM_BYTES, BUFFER_TAILROOM_BYTES } from './limits.ts';

const COUNTS = { small: 4, medium: 2, large: 1 };

function openPool(): BufferPool {
  return new BufferPool(new Arena(1024 * 1024), COUNTS);
}

test('BufferPool.acquire() hands out disjoint buffers with room before and after', () => {
  const pool = openPool();
  const ranges: [number, number][] = [];
  for (const sizeClass of [SizeClass.SMALL, SizeClass.MEDIUM, SizeClass.LARGE]) {
    for (;;) {
      const handle = pool.acquire(sizeClass);
      if (handle === NO_BUFFER) break;
      assert.equal(pool.sizeClassOf(handle), sizeClass);
      const start = pool.startOf(handle);
      const end = pool.endOf(handle);
      assert.equal(end - start, pool.capacityOf(sizeClass));
      ranges.push([start - BUFFER_HEADROOM_BYTES, end + BUFFER_TAILROOM_BYTES]);
    }
  }
  assert.equal(ranges.length, COUNTS.small + COUNTS.medium + COUNTS.large);
  ranges.sort((a, b) => a[0] - b[0]);
  for (let i = 1; i < ranges.length; i++) assert.ok(ranges[i]![0] >= ranges[i - 1]![1]);
});

test('BufferPool.acquire() is last in, first out', () => {
  const pool = openPool();
  const first = pool.acquire(SizeClass.SMALL);
  const start = pool.startOf(first);
  pool.acquire(SizeClass.SMALL);
  pool.release(first);
  assert.equal(pool.startOf(pool.acquire(SizeClass.SMALL)), start);
});

test('BufferPool.acquire() returns NO_BUFFER when empty and tells the waiter of the next', () => {
  const pool = openPool();
  const told: SizeClass[] = [];
  pool.setWaiter({ onBufferAvailable: (sizeClass) => told.push(sizeClass) });
  const handle = pool.acquire(SizeClass.LARGE);
  assert.equal(pool.acquire(SizeClass.LARGE), NO_BUFFER);
  assert.deepEqual(told, []);
  pool.release(handle);
  assert.deepEqual(told, [SizeClass.LARGE]);
  pool.release(pool.acquire(SizeClass.LARGE));
  assert.deepEqual(told, [SizeClass.LARGE]);
});

test('BufferPool refuses a handle that was released, even when its buffer is in use again', () => {
  const pool = openPool();
  const stale = pool.acquire(SizeClass.SMALL);
  pool.release(stale);
  assert.throws(() => pool.release(stale), AssertionError);
  assert.throws(() => pool.startOf(stale), AssertionError);
  const fresh = pool.acquire(SizeClass.SMALL);
  assert.throws(() => pool.startOf(stale), AssertionError);
  pool.release(fresh);
  assert.throws(() => pool.startOf(NO_BUFFER), AssertionError);
});

test('BufferPool counts what is owned', () => {
  const pool = openPool();
  const handles = [pool.acquire(SizeClass.SMALL), pool.acquire(SizeClass.MEDIUM)];
  assert.equal(pool.ownedCount, 2);
  for (const handle of handles) pool.release(handle);
  assert.equal(pool.ownedCount, 0);
  assert.equal(pool.freeCount(SizeClass.SMALL), COUNTS.small);
});

test('BufferPool poisons what is released', { skip: !VERIFY && 'ZPROXY_VERIFY is off' }, () => {
  const pool = openPool();
  const handle = pool.acquire(SizeClass.SMALL);
  const start = pool.startOf(handle);
  pool.arena.bytes.fill(1, start, start + 8);
  pool.release(handle);
  assert.ok(pool.arena.bytes.subarray(start, start + 8).every((byte) => byte === 0xdb));
});

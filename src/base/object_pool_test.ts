import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AssertionError } from './assert.ts';
import { ObjectPool, type Pooled } from './object_pool.ts';

class Thing implements Pooled {
  generation = 0;
  isFree = true;
}

test('ObjectPool reuses the object that came back last and counts its generation', () => {
  const pool = new ObjectPool(() => new Thing(), 8);
  const a = pool.acquire();
  const b = pool.acquire();
  assert.notEqual(a, b);
  assert.equal(pool.usedCount, 2);
  pool.release(a);
  assert.equal(a.generation, 1);
  assert.equal(pool.acquire(), a);
  assert.equal(a.isFree, false);
});

test('ObjectPool.release() refuses an object that is free', () => {
  const pool = new ObjectPool(() => new Thing(), 8);
  const thing = pool.acquire();
  pool.release(thing);
  assert.throws(() => pool.release(thing), AssertionError);
});

test('ObjectPool keeps no more unused objects than it was told', () => {
  const pool = new ObjectPool(() => new Thing(), 1);
  const a = pool.acquire();
  const b = pool.acquire();
  pool.release(a);
  pool.release(b);
  assert.equal(pool.usedCount, 0);
  assert.equal(pool.acquire(), a);
  assert.notEqual(pool.acquire(), b);
});

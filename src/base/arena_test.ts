import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Arena } from './arena.ts';

const PAGE_BYTES = 65_536;

test('Arena.writeStatic() writes a text once, however often it is asked for', () => {
  const arena = new Arena(PAGE_BYTES);
  const first = arena.writeStatic('Via');
  const { staticBytes } = arena;
  for (let i = 0; i < 10_000; i++) assert.equal(arena.writeStatic('Via'), first);
  assert.equal(arena.staticBytes, staticBytes);
  const other = arena.writeStatic('Date');
  assert.ok(other.start >= first.end);
  const text = (start: number, end: number): string =>
    Buffer.from(arena.bytes.subarray(start, end)).toString('latin1');
  assert.equal(text(first.start, first.end), 'Via');
  assert.equal(text(other.start, other.end), 'Date');
});

test('Arena.reserveStatic() gives each its own bytes, and refuses more than there are', () => {
  const arena = new Arena(PAGE_BYTES);
  const first = arena.reserveStatic(3);
  const second = arena.reserveStatic(3);
  assert.ok(first.start > 0, '0 can mean none');
  assert.ok(second.start >= first.end);
  assert.equal(second.start % 8, 0);
  assert.throws(() => arena.reserveStatic(PAGE_BYTES), /static part of the arena is full/);
});

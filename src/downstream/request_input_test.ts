import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { Arena } from '../base/arena.ts';
import { BufferPool, NO_BUFFER, SizeClass } from '../base/buffer_pool.ts';
import { latin1Text } from '../http/text.ts';
import { RequestInput } from './request_input.ts';

function makeInput(counts = { small: 4, medium: 1, large: 1 }) {
  const pool = new BufferPool(new Arena(1_048_576), counts);
  const input = new RequestInput(pool);
  const push = (text: string, at = 0): void => {
    const buffer = pool.acquire(SizeClass.SMALL);
    const start = pool.startOf(buffer) + at;
    pool.arena.bytes.set(Buffer.from(text, 'latin1'), start);
    input.push(buffer, start, start + text.length);
  };
  const text = (start: number, end: number) => latin1Text(pool.arena.bytes, start, end);
  return { pool, input, push, text };
}

test('RequestInput.gather() appends to the first buffer while it has room', () => {
  const { pool, input, push, text } = makeInput();
  push('abc');
  push('def');
  assert.equal(input.gather(), true);
  assert.equal(text(input.start, input.end), 'abcdef');
  assert.equal(pool.ownedCount, 1);
});

test('RequestInput.gather() moves bytes to the beginning, then to larger buffers', () => {
  const { pool, input, push, text } = makeInput();
  const room = pool.capacityOf(SizeClass.SMALL);
  push('abc', room - 3);
  push('def');
  assert.equal(input.gather(), true);
  assert.equal(text(input.start, input.end), 'abcdef');
  for (let i = 0; i < 16; i++) {
    push('x'.repeat(room));
    assert.equal(input.gather(), true);
  }
  assert.equal(input.end - input.start, Math.min(6 + 16 * room, pool.capacityOf(SizeClass.LARGE)));
  assert.equal(text(input.start, input.start + 7), 'abcdefx');
  input.clear();
  assert.equal(pool.ownedCount, 0);
});

test('RequestInput.gather() says that there is no buffer, and loses nothing', () => {
  const { pool, input, push, text } = makeInput({ small: 2, medium: 0, large: 0 });
  const room = pool.capacityOf(SizeClass.SMALL);
  push('a'.repeat(room));
  push('b');
  assert.equal(input.gather(), false);
  assert.equal(input.count, 2);
  assert.equal(text(input.start, input.end), 'a'.repeat(room));
});

test('RequestInput gives the head its buffer until it is released', () => {
  const { pool, input, push, text } = makeInput();
  push('HEADbody');
  input.claimHead(input.start + 4);
  assert.equal(text(input.start, input.end), 'body');
  const chunk = input.takeChunk(input.start, input.end, input.end);
  assert.equal(text(input.chunkStart, input.chunkEnd), 'body');
  assert.equal(pool.ownedCount, 2, 'a copy: the head is still needed');
  input.releaseHead();
  assert.equal(pool.ownedCount, 1);
  pool.release(chunk);
});

test('RequestInput.takeChunk() gives the buffer itself once the head is released', () => {
  const { pool, input, push, text } = makeInput();
  push('HEADbody');
  input.claimHead(input.start + 4);
  input.releaseHead();
  const chunk = input.takeChunk(input.start, input.end, input.end);
  assert.equal(text(input.chunkStart, input.chunkEnd), 'body');
  assert.equal(pool.ownedCount, 1);
  pool.release(chunk);
});

test('RequestInput.takeChunk() copies the smaller of a chunk and what follows it', () => {
  for (const [body, next] of [
    ['b'.repeat(100), 'GET'],
    ['b', 'GET / HTTP/1.1'],
  ] as const) {
    const { pool, input, push, text } = makeInput();
    push(body + next);
    const rest = input.start + body.length;
    const chunk = input.takeChunk(input.start, rest, rest);
    assert.equal(text(input.chunkStart, input.chunkEnd), body);
    assert.equal(text(input.start, input.end), next);
    assert.equal(pool.ownedCount, 2);
    pool.release(chunk);
    input.clear();
    assert.equal(pool.ownedCount, 0);
  }
});

test('RequestInput.takeChunk() drops what follows where there is no buffer for it', () => {
  const { pool, input, push, text } = makeInput({ small: 1, medium: 0, large: 0 });
  push('bodyGET');
  const rest = input.start + 4;
  const chunk = input.takeChunk(input.start, rest, rest);
  assert.equal(text(input.chunkStart, input.chunkEnd), 'body');
  assert.equal(input.isRestLost, true);
  assert.equal(input.count, 0);
  pool.release(chunk);
});

test('RequestInput.takeChunk() changes nothing where a needed copy has no buffer', () => {
  const { input, push, text } = makeInput({ small: 1, medium: 0, large: 0 });
  push('HEADbody');
  input.claimHead(input.start + 4);
  assert.equal(input.takeChunk(input.start, input.end, input.end), NO_BUFFER);
  assert.equal(text(input.start, input.end), 'body');
});

test('RequestInput.takeAnyBuffer() takes a buffer from wherever one is held', () => {
  const { pool, input, push } = makeInput();
  assert.equal(input.takeAnyBuffer(), NO_BUFFER);
  push('HEADbody');
  push('more');
  input.claimHead(input.start + 4);
  pool.release(input.takeAnyBuffer());
  assert.equal(input.count, 1);
  pool.release(input.takeAnyBuffer());
  assert.equal(pool.ownedCount, 0);
});

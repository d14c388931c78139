import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MiddlewareBench } from '../../tests/support/middleware_bench.ts';
import { FieldId } from '../http/field_names.ts';
import { HeldHead } from './held_head.ts';

test('HeldHead.hold() copies a head with all that it points to', () => {
  const bench = new MiddlewareBench();
  const head = bench.response(
    'HTTP/1.1 404 Gone Fishing',
    'Content-Length: 5',
    'X-A: 1',
    'Server: x',
    `X-Long: ${'y'.repeat(8_000)}`,
  );
  head.bodyFollows = true;
  head.fields.removeAll(FieldId.SERVER);
  const wanted = bench.responseLines(head);
  const held = new HeldHead(bench.pool);
  assert.ok(held.hold(head));
  bench.overwriteResponse();
  assert.deepEqual(bench.responseLines(held.head), wanted);
  assert.equal(held.head.status, 404);
  assert.equal(held.head.contentLength, 5);
  assert.equal(held.head.bodyFollows, false);
  held.release();
  held.release();
  assert.equal(bench.pool.ownedCount, 0);
});

test('HeldHead.hold() keeps the protocol of an upgrade', () => {
  const bench = new MiddlewareBench();
  const head = bench.response(
    'HTTP/1.1 426 Upgrade Required',
    'Connection: upgrade',
    'Upgrade: h2c',
    'Content-Length: 0',
  );
  const wanted = bench.responseLines(head);
  assert.ok(wanted.includes('Upgrade: h2c'));
  const held = new HeldHead(bench.pool);
  assert.ok(held.hold(head));
  bench.overwriteResponse();
  assert.deepEqual(bench.responseLines(held.head), wanted);
  held.release();
});

test('HeldHead.hold() says so where there is no buffer', () => {
  const bench = new MiddlewareBench({ small: 0, medium: 0, large: 1 });
  const held = new HeldHead(bench.pool);
  assert.ok(!held.hold(bench.response('HTTP/1.1 200 OK', 'X-A: 1')));
  held.release();
  assert.equal(bench.pool.ownedCount, 0);
});

// Listening addresses: each form, and the remedies for the common mistakes.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseListenAddress } from './listen_address.ts';
import { Refusal } from './refusal.ts';

test('parseListenAddress() reads every form', () => {
  const tcp = { kind: 'tcp', path: '', isDual: false };
  assert.deepEqual(parseListenAddress('0.0.0.0:8080'), { ...tcp, host: '0.0.0.0', port: 8080 });
  assert.deepEqual(parseListenAddress('localhost:0'), { ...tcp, host: '127.0.0.1', port: 0 });
  assert.deepEqual(parseListenAddress('[::]:443'), { ...tcp, host: '::', port: 443 });
  assert.deepEqual(parseListenAddress('[2001:db8::1]:80'), {
    ...tcp,
    host: '2001:db8::1',
    port: 80,
  });
  assert.deepEqual(parseListenAddress(':80'), { ...tcp, host: '::', port: 80, isDual: true });
  const unix = { kind: 'unix', host: '', port: 0, isDual: false };
  assert.deepEqual(parseListenAddress('unix:/run/a b.sock'), { ...unix, path: '/run/a b.sock' });
});

test('parseListenAddress() suggests what was meant', () => {
  const cases: readonly (readonly [unknown, string])[] = [
    [8080, ':8080'],
    ['8080', ':8080'],
    ['*:80', ':80'],
    ['::1:80', '[::1]:80'],
    ['127.0.0.1', '127.0.0.1:8080'],
    ['http://127.0.0.1:80/', '127.0.0.1:80'],
    ['/run/a.sock', 'unix:/run/a.sock'],
    ['example.com:80', ':80'],
    ['127.0.0.1:65536', ''],
    ['127.0.0.256:1', ':1'],
    ['[::1%lo]:1', ''],
    ['[127.0.0.1]:1', ''],
    ['unix:a.sock', ''],
    [`unix:/${'a'.repeat(107)}`, ''],
    ['', ''],
    [null, ''],
  ];
  for (const [value, suggestion] of cases) {
    const result = parseListenAddress(value);
    assert.ok(result instanceof Refusal, String(value));
    assert.equal(result.suggestion, suggestion, String(value));
  }
});

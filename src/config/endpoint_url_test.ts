// Endpoints: each form, and that nothing that would be ignored is accepted.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseEndpointUrl } from './endpoint_url.ts';
import { Refusal } from './refusal.ts';

test('parseEndpointUrl() reads names, numeric addresses and Unix sockets', () => {
  const cases: readonly (readonly [string, string, number, string])[] = [
    ['http://10.0.0.1:9000', '10.0.0.1', 9000, ''],
    ['HTTP://Example.COM', 'example.com', 80, ''],
    ['http://[::1]:81', '::1', 81, ''],
    ['http://my_service:80', 'my_service', 80, ''],
    ['unix:/run/app.sock', '', 0, '/run/app.sock'],
  ];
  for (const [text, host, port, unixPath] of cases) {
    assert.deepEqual(parseEndpointUrl(text), { host, port, unixPath }, text);
  }
});

test('parseEndpointUrl() refuses what it would have to ignore', () => {
  const cases: readonly (readonly [unknown, string])[] = [
    ['http://a:1/', 'http://a:1'],
    ['http://a:1/path', 'http://a:1'],
    ['http://a:1?query', 'http://a:1'],
    ['http://user:pass@a:1', 'http://a:1'],
    ['10.0.0.1:9000', 'http://10.0.0.1:9000'],
    ['/run/app.sock', 'unix:/run/app.sock'],
    ['http://::1:80', 'http://[::1]:80'],
    ['ws://a:1', 'http://a:1'],
    ['http://bücher.example', 'http://xn--bcher-kva.example'],
    ['https://a:1', ''],
    ['h2c://a:1', ''],
    ['http://a:0', ''],
    ['http://a:', ''],
    ['http://a:65536', ''],
    ['http://', ''],
    ['http://1.2.3', ''],
    ['http://[10.0.0.1]', ''],
    ['http://a b', ''],
    [80, ''],
  ];
  for (const [value, suggestion] of cases) {
    const result = parseEndpointUrl(value);
    assert.ok(result instanceof Refusal, String(value));
    assert.equal(result.suggestion, suggestion, String(value));
  }
});

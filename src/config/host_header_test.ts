// `hostHeader`: the two words, fixed hosts, and words with a typo.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseHostHeader } from './host_header.ts';
import { Refusal } from './refusal.ts';

test('parseHostHeader() reads words and fixed hosts', () => {
  assert.deepEqual(parseHostHeader('preserve'), { kind: 'preserve' });
  assert.deepEqual(parseHostHeader('endpoint'), { kind: 'endpoint' });
  for (const value of ['example.com', 'example.com:8080', '[::1]:80', '10.0.0.1']) {
    assert.deepEqual(parseHostHeader(value), { kind: 'fixed', value });
  }
});

test('parseHostHeader() does not take a misspelt word for a host', () => {
  const cases: readonly (readonly [unknown, string])[] = [
    ['presrve', 'preserve'],
    ['Endpoint', 'endpoint'],
    ['a b', ''],
    ['a\r\nX: y', ''],
    ['example.com:0', ''],
    ['::1', ''],
    ['', ''],
    [1, ''],
  ];
  for (const [value, suggestion] of cases) {
    const result = parseHostHeader(value);
    assert.ok(result instanceof Refusal, String(value));
    assert.equal(result.suggestion, suggestion, String(value));
  }
});

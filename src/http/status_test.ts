import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Method } from './methods.ts';
import { hasNoBody, reasonPhrase } from './status.ts';

test('reasonPhrase() names registered codes only', () => {
  assert.equal(reasonPhrase(200), 'OK');
  assert.equal(reasonPhrase(508), 'Loop Detected');
  assert.equal(reasonPhrase(299), '');
  assert.equal(reasonPhrase(1000), '');
});

test('hasNoBody() is true for 1xx, 204, 304 and answers to HEAD', () => {
  for (const status of [100, 101, 199, 204, 304]) assert.equal(hasNoBody(status, Method.GET), true);
  for (const status of [200, 205, 303, 404]) assert.equal(hasNoBody(status, Method.GET), false);
  assert.equal(hasNoBody(200, Method.HEAD), true);
});

// Upgrade tokens of routes: lower case, and never HTTP inside a tunnel.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Refusal } from './refusal.ts';
import { parseUpgradeToken } from './upgrade_token.ts';

test('parseUpgradeToken() gives tokens in lower case', () => {
  assert.equal(parseUpgradeToken('WebSocket'), 'websocket');
  assert.equal(parseUpgradeToken('spdy/3.1'), 'spdy/3.1');
});

for (const value of ['h2c', 'h2', 'HTTP/2.0', 'a b', 'a/b/c', '', null]) {
  test(`parseUpgradeToken() refuses ${JSON.stringify(value)}`, () => {
    assert.ok(parseUpgradeToken(value) instanceof Refusal);
  });
}

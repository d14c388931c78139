// Hosts, paths and upgrade tokens of routes: the normal form, and what is refused instead of
// never matching.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Refusal } from './refusal.ts';
import { parseRouteHost, parseRoutePath, parseUpgradeToken } from './route_pattern.ts';

test('parseRouteHost() reads names and addresses, and refuses ports, wildcards and URLs', () => {
  assert.equal(parseRouteHost('Example.COM'), 'example.com');
  assert.equal(parseRouteHost('10.0.0.1'), '10.0.0.1');
  assert.equal(parseRouteHost('[::1]'), '[::1]');
  refuses(parseRouteHost, [
    ['example.com:80', 'example.com'],
    ['example.com.', 'example.com'],
    ['https://example.com/a', 'example.com'],
    ['::1', '[::1]'],
    ['bücher.example', 'xn--bcher-kva.example'],
    ['*.example.com', ''],
    ['1.2.3', ''],
    ['', ''],
    [7, ''],
  ]);
});

test('parseRoutePath() brings paths in the form that targets are matched in', () => {
  assert.equal(parseRoutePath('/'), '/');
  assert.equal(parseRoutePath('/a/*'), '/a/*');
  assert.equal(parseRoutePath('/*'), '/*');
  assert.equal(parseRoutePath('/%7euser/%2f%c3%bc'), '/~user/%2F%C3%BC');
  assert.equal(parseRoutePath('/a//b;c=1'), '/a//b;c=1');
});

test('parseRoutePath() refuses patterns of other kinds and paths that cannot match', () => {
  refuses(parseRoutePath, [
    ['api', '/api'],
    ['/a?b=1', '/a'],
    ['/api*', '/api/*'],
    ['/api/:version/x', '/api/*'],
    ['/a/../b', '/b'],
    ['/a/%2e%2E/b', '/b'],
    ['/bücher', '/b%C3%BCcher'],
    ['/a b', '/a%20b'],
    ['/a/*/b', ''],
    ['/100%', ''],
    ['/%00', ''],
    ['', ''],
    [1, ''],
  ]);
});

test('parseUpgradeToken() refuses HTTP inside a tunnel', () => {
  assert.equal(parseUpgradeToken('WebSocket'), 'websocket');
  assert.equal(parseUpgradeToken('spdy/3.1'), 'spdy/3.1');
  refuses(parseUpgradeToken, [
    ['h2c', ''],
    ['HTTP/2.0', ''],
    ['a b', ''],
    ['', ''],
    [null, ''],
  ]);
});

function refuses(
  parse: (value: unknown) => string | Refusal,
  cases: readonly (readonly [unknown, string])[],
): void {
  for (const [value, suggestion] of cases) {
    const result = parse(value);
    assert.ok(result instanceof Refusal, String(value));
    assert.equal(result.suggestion, suggestion, String(value));
  }
}

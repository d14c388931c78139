// Hosts and paths of routes: the parsers of the routing layer with their suggestions, and prefixes.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Refusal } from './refusal.ts';
import { parsePathPrefix, parseRouteHost, parseRoutePath } from './route_pattern.ts';

test('parseRouteHost() gives the normal form, and refuses ports, URLs and bare addresses', () => {
  assert.equal(parseRouteHost('Example.COM'), 'example.com');
  assert.equal(parseRouteHost('*.Example.com'), '*.example.com');
  assert.equal(parseRouteHost('bücher.example'), 'xn--bcher-kva.example');
  refuses(parseRouteHost, [
    ['example.com:80', 'example.com'],
    ['https://example.com/a', 'example.com'],
    ['::1', '[::1]'],
    ['', ''],
    [7, ''],
  ]);
});

test('parseRoutePath() gives the normal form, and refuses what cannot match', () => {
  assert.equal(parseRoutePath('/%7euser/%2f'), '/~user/%2F');
  assert.equal(parseRoutePath('/api/:version/*rest'), '/api/:version/*rest');
  refuses(parseRoutePath, [
    ['api', '/api'],
    ['/a/../b', '/b'],
    ['/bücher', '/b%C3%BCcher'],
    ['', '/'],
    [1, '/'],
  ]);
});

test('parsePathPrefix() takes plain text in its normal form', () => {
  assert.equal(parsePathPrefix('/api'), '/api');
  assert.equal(parsePathPrefix('/%7euser/a:b'), '/~user/a:b');
  refuses(parsePathPrefix, [
    ['api', '/api'],
    ['/api/', '/api'],
    ['/api/*', '/api'],
    ['/a b', '/a%20b'],
    ['/', ''],
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

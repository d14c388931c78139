// The order of the list is the order of precedence; what it says about each route.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compileConfig } from '../../config/compile_config.ts';
import type { Config } from '../../config/config.ts';
import { objectOrigin } from '../../config/config_origin.ts';
import { type ListedRoute, listRoutes } from './list_routes.ts';

function list(routes: Config['routes'], more: Partial<Config> = {}): ListedRoute[] {
  const config: Config = {
    listeners: [{ address: ':80' }],
    upstreams: { a: { endpoints: ['http://a'] }, b: { endpoints: ['http://b'] } },
    routes,
    ...more,
  };
  const result = compileConfig(config, objectOrigin('/'));
  if ('errors' in result) assert.fail(JSON.stringify(result.errors));
  return listRoutes(result.snapshot);
}

test('listRoutes() lists by host, path, method, conditions and order', () => {
  const rows = list([
    { name: 'any', upstream: 'a' },
    { name: 'wild', path: '/*rest', upstream: 'a' },
    { name: 'param', path: '/:id', upstream: 'a' },
    { name: 'pattern', path: '/:id(\\d+)', upstream: 'a' },
    { name: 'static', path: '/x', upstream: 'a' },
    { name: 'header', path: '/x', headers: { h: true }, upstream: 'a' },
    { name: 'method', path: '/x', method: 'GET', upstream: 'a' },
    { name: 'deep', host: '**.example.com', upstream: 'a' },
    { name: 'deeper', host: '**.a.example.com', upstream: 'a' },
    { name: 'label', host: '*.example.com', upstream: 'a' },
    { name: 'exact', host: ['example.com', 'www.example.com'], upstream: 'a' },
  ]);
  assert.deepEqual(
    rows.map(({ name, host }) => `${name} ${host}`.trim()),
    [
      'exact example.com',
      'exact www.example.com',
      'label *.example.com',
      'deeper **.a.example.com',
      'deep **.example.com',
      'method',
      'header',
      'static',
      'pattern',
      'param',
      'wild',
      'any',
    ],
  );
});

test('listRoutes() says what each route asks for and does', () => {
  const rows = list(
    [
      {
        name: 'full',
        path: '/a',
        method: ['GET', 'POST'],
        scheme: 'https',
        headers: { 'X-A': 'v', 'X-B': { pattern: '^b', not: true } },
        query: { q: { prefix: 'p' } },
        cookies: { c: false },
        clientIp: { not: '10.0.0.0/8' },
        middleware: [{ headers: { request: { remove: ['x'] } } }],
        upstreams: { a: 3, b: 1 },
      },
      { name: 'moved', path: '/b', redirect: { to: '/c', status: 301 } },
      { name: 'said', path: '/c', respond: { status: 204 } },
    ],
    { middleware: [{ headers: { request: { remove: ['y'] } } }] },
  );
  const [full, moved, said] = rows;
  assert.deepEqual(full!.methods, ['GET', 'POST']);
  assert.deepEqual(full!.conditions, [
    'scheme https',
    'header x-a "v"',
    'header x-b not /^b/',
    'query q "p"...',
    'cookie c absent',
    'client not in 1 address range',
  ]);
  assert.deepEqual(full!.middleware, ['headers', 'headers']);
  assert.equal(full!.action, 'a 75 %, b 25 %');
  assert.equal(full!.source.path, 'routes[0]');
  assert.equal(moved!.action, '301 to /c');
  assert.equal(said!.action, '204');
});

// Whatever is in the place of whatever value, there is a snapshot or a list of errors, and each
// error can be shown.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { compileConfig } from './compile_config.ts';
import { formatConfigIssue } from './config_issue.ts';
import { objectOrigin } from './config_origin.ts';

/** A little of everything. */
const DATA = {
  listeners: [{ address: ':80', timeouts: { requestHead: '1s' } }],
  upstreams: { a: { endpoints: ['http://a', { url: 'http://b', weight: 2 }] } },
  routes: [
    {
      name: 'one',
      host: ['*.example.com'],
      path: '/a/:id/*rest',
      method: ['GET'],
      headers: { a: { exact: 'x', not: true }, b: true },
      clientIp: { not: ['10.0.0.0/8'] },
      upstreams: { a: 1 },
      splitBy: { cookie: 'c' },
      rewrite: { path: '/{params.rest}' },
      mirror: [{ upstream: 'a', percent: 5 }],
      middleware: [{ headers: { request: { set: { x: '{params.id}' } } } }],
      unsafePaths: ['encoded-slash'],
    },
    {
      path: '/b',
      respond: { body: 'x', headers: { a: ['b'] } },
      errorPages: { 404: { body: 'x' } },
    },
    { path: '/c', redirect: { to: '/d', status: 302 } },
  ],
  middleware: [{ module: './nowhere.ts', name: 'a', options: { b: [1] } }],
  errorPages: { '5xx': { body: 'x' } },
  accessLog: { format: 'json' },
  metrics: { address: ':81' },
  include: ['a.yaml'],
};

type Container = Record<string | number, unknown>;

/** Every object and list in `value`, the outermost first. */
function containersIn(value: unknown): Container[] {
  if (value === null || typeof value !== 'object') return [];
  return [value as Container, ...Object.values(value).flatMap(containersIn)];
}

const strange = fc.oneof(
  fc.anything({ withBigInt: true, withNullPrototype: true, withSparseArray: true, maxDepth: 2 }),
  fc.constantFrom(
    '__proto__',
    'constructor',
    '{',
    '/:',
    '*',
    '\0',
    Number.NaN,
    () => 1,
    Symbol('s'),
  ),
);

test('compileConfig() gives a snapshot or errors for any value in the place of any other', () => {
  const origin = objectOrigin('/');
  fc.assert(
    fc.property(fc.nat(), fc.nat(), strange, fc.string(), (at, key, value, extra) => {
      const data = structuredClone(DATA);
      const containers = containersIn(data);
      const container = containers[at % containers.length]!;
      const keys = [...Object.keys(container), extra];
      const chosen = keys[key % keys.length]!;
      if (Array.isArray(container)) container[key % (container.length + 1)] = value;
      else if (chosen === '__proto__') return;
      else container[chosen] = value;
      const result = compileConfig(data, origin);
      if ('snapshot' in result) return;
      assert.ok(result.errors.length > 0);
      for (const issue of result.errors) {
        assert.match(formatConfigIssue(issue), /ZP_CONFIG_\w+: .*\S$/s);
        JSON.stringify(issue);
      }
    }),
    { numRuns: 1_000 },
  );
});

test('compileConfig() names a data set that refers to itself', () => {
  const cyclic: Record<string, unknown> = {};
  cyclic['again'] = cyclic;
  const middleware = [{ headers: { request: { set: cyclic } } }];
  const result = compileConfig({ ...DATA, middleware }, objectOrigin('/'));
  assert.ok('errors' in result);
  assert.ok(result.errors.some(({ path }) => path.startsWith('middleware[0].headers')));
});

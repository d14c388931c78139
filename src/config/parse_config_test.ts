// The quick way through the schema gives what the schema gives, and hides none of its issues.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseConfig } from './parse_config.ts';
import { CONFIG_SCHEMA } from './schema.ts';

const FRAME = {
  listeners: [{ address: ':80' }],
  upstreams: { a: { endpoints: ['http://a'] } },
  workers: 2,
};

const ROUTES: readonly unknown[] = [
  { upstream: 'a' },
  { host: 'A.example', path: ['/%7ea', '/b/:c?'], method: 'GET', upstreams: { a: 1 } },
  { path: '/c', upstream: 'a', host: undefined, headers: { a: true, b: { prefix: 'x' } } },
  { clientIp: { not: '10.0.0.0/8' }, respond: { body: 'x', headers: { a: ['b', 'c'] } } },
  { redirect: '/x', errorPages: { 404: 'a.html' }, middleware: [{ headers: {} }] },
];

test('parseConfig() gives what the schema gives', () => {
  const data = { ...FRAME, routes: ROUTES };
  const { config, routes, issues } = parseConfig(data);
  assert.deepEqual(issues, []);
  // A key that is there without a value is of no meaning.
  const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value));
  assert.deepEqual(plain(config), plain(CONFIG_SCHEMA.parse(data)));
  assert.deepEqual(routes, config!.routes);
});

for (const [index, broken] of [
  { upsteam: 'a' },
  { path: 'x' },
  { upstreams: { a: -1 } },
  { toString: 1 },
  null,
  [],
  'a',
].entries()) {
  test(`parseConfig() reports a broken route (${index}) and still parses the others`, () => {
    const data = { ...FRAME, routes: [...ROUTES, broken] };
    const { config, routes, issues } = parseConfig(data);
    assert.equal(config, null);
    assert.ok(issues.every(({ path }) => path[0] === 'routes' && path[1] === ROUTES.length));
    assert.ok(issues.length > 0);
    assert.equal(routes.at(-1), null);
    assert.ok(routes.slice(0, -1).every((route) => route !== null));
  });
}

for (const data of [null, 'text', [], {}, { ...FRAME, routes: [] }, { ...FRAME, routes: {} }]) {
  test(`parseConfig() refuses ${JSON.stringify(data)}`, () => {
    const { config, issues } = parseConfig(data);
    assert.equal(config, null);
    assert.ok(issues.length > 0);
  });
}

test('parseConfig() reports what is wrong beside the routes', () => {
  const { config, issues } = parseConfig({ ...FRAME, workers: 0, routes: ROUTES, extra: 1 });
  assert.equal(config, null);
  assert.deepEqual(issues.map(({ code }) => code).toSorted(), ['custom', 'unrecognized_keys']);
});

// Differences in meaning between two configurations, and none where only the writing differs.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compileConfig } from './compile_config.ts';
import type { Config } from './config.ts';
import { objectOrigin } from './config_origin.ts';
import { type ConfigChange, diffConfigs } from './diff_configs.ts';
import type { Snapshot } from './snapshot.ts';

const BASE: Config = {
  listeners: [{ address: ':80' }, { address: '127.0.0.1:0' }, { address: '127.0.0.1:0' }],
  upstreams: {
    a: { endpoints: ['http://a', { url: 'http://b', weight: 2 }] },
    b: { endpoints: ['http://c'] },
  },
  routes: [
    { path: '/users/:id', method: ['GET', 'HEAD'], headers: { a: true, b: 'x' }, upstream: 'a' },
    { path: '/files/*', upstream: 'b' },
    { path: '/page', respond: { body: 'hello' } },
  ],
};

function snapshotOf(config: Config): Snapshot {
  const result = compileConfig(config, objectOrigin('/'));
  if ('errors' in result) assert.fail(JSON.stringify(result.errors, null, 2));
  return result.snapshot;
}

function diff(from: Config, to: Config): ConfigChange[] {
  return diffConfigs(snapshotOf(from), snapshotOf(to));
}

/** `kind what name path: from -> to`. */
function lines(changes: readonly ConfigChange[]): string[] {
  return changes.map(
    ({ kind, what, name, path, from, to }) =>
      `${kind} ${what} ${name} ${path}: ${JSON.stringify(from)} -> ${JSON.stringify(to)}`,
  );
}

test('diffConfigs() finds none where only the writing differs', () => {
  const rewritten: Config = {
    workers: 'auto',
    timeouts: { drain: '30000ms' },
    via: true,
    ...BASE,
    // Other indexes, so that comparing those would find a difference everywhere.
    upstreams: { b: BASE.upstreams!['b']!, a: BASE.upstreams!['a']! },
    routes: [
      { path: ['/files/*'], upstreams: { b: 1 } },
      { path: '/page', respond: { status: 200, body: 'hello' } },
      {
        path: '/users/:id',
        method: ['HEAD', 'GET'],
        headers: { B: { exact: 'x' }, A: { present: true } },
        upstream: 'a',
      },
    ],
  };
  assert.deepEqual(lines(diff(BASE, rewritten)), []);
});

test('diffConfigs() names options by key path with both values', () => {
  const changed: Config = {
    ...BASE,
    workers: 2,
    timeouts: { drain: '1m' },
    via: false,
    accessLog: { to: '/tmp/a.log' },
    mergeSlashes: true,
    errorPages: { 404: { body: 'gone' } },
  };
  assert.deepEqual(lines(diff(BASE, changed)), [
    'changed option  workers: "auto" -> 2',
    'changed option  via: true -> false',
    'changed option  mergeSlashes: false -> true',
    'changed option  errorPages: {} -> ' +
      '{"404":{"body":"gone","contentType":"text/html; charset=utf-8","upstream":false}}',
    'changed option  accessLog.to: "stdout" -> "/tmp/a.log"',
    'changed option  timeouts.drain: "30s" -> "1m"',
  ]);
});

test('diffConfigs() compares listeners by address', () => {
  const [first] = BASE.listeners;
  const changed: Config = {
    ...BASE,
    listeners: [{ ...first!, timeouts: { bodyIdle: '5s' } }, { address: ':81' }],
  };
  const changes = diff(BASE, changed);
  assert.deepEqual(
    changes.map(({ kind, name, path }) => [kind, name, path]),
    [
      ['removed', '127.0.0.1:0', ''],
      ['removed', '127.0.0.1:0', ''],
      ['changed', ':80', 'timeouts.bodyIdle'],
      ['added', ':81', ''],
    ],
  );
  assert.deepEqual([changes[2]!.from, changes[2]!.to], ['1m', '5s']);
});

test('diffConfigs() compares upstreams by name and endpoints by URL', () => {
  const changed: Config = {
    ...BASE,
    upstreams: {
      a: {
        endpoints: ['http://new', { url: 'http://b', weight: 3 }],
        hostHeader: 'endpoint',
      },
      b: { endpoints: ['http://c'] },
      c: { endpoints: ['http://d'] },
    },
  };
  const changes = diff(BASE, changed).map((change) =>
    change.kind === 'added' && change.what === 'upstream' ? { ...change, to: 'c' } : change,
  );
  assert.deepEqual(lines(changes), [
    'changed upstream a hostHeader: "preserve" -> "endpoint"',
    'added upstream c : null -> "c"',
    'removed endpoint http://a upstreams.a.endpoints: {"weight":1} -> null',
    'added endpoint http://new upstreams.a.endpoints: null -> {"weight":1}',
    'changed endpoint http://b upstreams.a.endpoints.weight: 2 -> 3',
  ]);
});

test('diffConfigs() compares routes by what they ask for', () => {
  const changed: Config = {
    ...BASE,
    routes: [
      {
        name: 'user',
        path: '/users/:user',
        method: ['GET', 'HEAD'],
        headers: { a: true, b: 'x' },
        upstreams: { a: 9, b: 1 },
        middleware: [{ headers: { request: { set: { 'x-user': '{params.user}' } } } }],
      },
      { path: '/page', redirect: '/elsewhere' },
      { path: '/files/*', method: 'PUT', upstream: 'b', rewrite: { stripPrefix: '/files' } },
    ],
  };
  const use = '[{"headers":{"request":{"set":{"x-user":"{params.user}"}}}}]';
  const page = '{"status":200,"body":"hello","contentType":"text/plain; charset=utf-8",';
  const nothing = '"middleware":[],"upgrades":["websocket"],"limits.requestBody":"none"';
  const files = '"name":"*/files/*","upstream":"b","splitBy":null';
  const end = '"unsafePaths":[],"errorPages":{}}';
  assert.deepEqual(
    lines(diff(BASE, changed)),
    [
      `removed route */files/* : {"path":["/files/*"],${files},"rewrite":null,"mirror":[],` +
        `${nothing},${end} -> null`,
      'changed route user path: ["/users/:id"] -> ["/users/:user"]',
      'changed route user name: "*/users/:id" -> "user"',
      'changed route user upstream: "a" -> null',
      `changed route user middleware: [] -> ${use}`,
      'changed route user upstreams: null -> {"a":9,"b":1}',
      `changed route */page respond: ${page}"headers":[]} -> null`,
      'changed route */page redirect: null -> {"to":"/elsewhere","status":308}',
      `added route */files/* : null -> {"path":["/files/*"],"method":["PUT"],${files},` +
        `"rewrite":{"stripPrefix":"/files"},"mirror":[],${nothing},${end}`,
    ].filter((line) => !line.includes('splitBy: null')),
  );
});

test('diffConfigs() shows another order only where it decides', () => {
  const routes: Config['routes'] = [
    { name: 'one', path: '/:a(x+)', upstream: 'a' },
    { name: 'two', path: '/:a(xy*)', upstream: 'b' },
    { name: 'three', path: '/three', upstream: 'a' },
    { name: 'four', path: '/four', upstream: 'a' },
    { name: 'five', path: '/five', headers: { a: true }, upstream: 'a' },
    { name: 'six', path: '/five', headers: { b: true }, upstream: 'b' },
  ];
  const [one, two, three, four, five, six] = routes;
  const harmless = { ...BASE, routes: [four!, three!, five!, one!, two!, six!] };
  assert.deepEqual(lines(diff({ ...BASE, routes }, harmless)), []);
  const decisive = { ...BASE, routes: [two!, one!, three!, six!, four!, five!] };
  assert.deepEqual(lines(diff({ ...BASE, routes }, decisive)), [
    'changed route two order: ["one","two"] -> ["two","one"]',
    'changed route six order: ["five","six"] -> ["six","five"]',
  ]);
});

// The effective configuration means what the configuration means, and tells defaults from the rest.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { compileConfig } from './compile_config.ts';
import { objectOrigin } from './config_origin.ts';
import { effectiveConfig } from './effective_config.ts';
import { type EffectiveNode, plainOf } from './effective_node.ts';
import { CONFIG_SCHEMA } from './schema.ts';
import { knownKeys } from './schema_issues.ts';
import type { Snapshot } from './snapshot.ts';

const ROOT = join(import.meta.dirname, '..', '..');

/** Something of everything, most of it in its shortest form. */
const DATA = {
  listeners: [
    { address: ':80', timeouts: { requestHead: '1s' }, halfClose: false },
    { address: 'unix:/run/a.sock' },
  ],
  upstreams: {
    a: { endpoints: ['http://a', { url: 'http://b', weight: 2 }], limits: { responseHead: 2048 } },
    b: { endpoints: ['unix:/run/b.sock'], hostHeader: 'endpoint' },
  },
  routes: [
    { name: 'one', host: '*.example.com', path: '/a/:id', upstream: 'a', mirror: 'b' },
    { path: '/b', method: 'GET', upstreams: { a: 1, b: 0 }, splitBy: { header: 'x-user' } },
    { path: '/c/*', upstream: 'b', rewrite: { stripPrefix: '/c' }, upgrades: [] },
    { path: '/d', redirect: '/e', headers: { a: true, b: false, c: { prefix: 'x' } } },
    { path: '/f', respond: { body: 'x' }, errorPages: { 404: 'package.json' } },
    { path: '/g', respond: {}, limits: { requestBody: '1MB' }, clientIp: { not: '10.0.0.0/8' } },
  ],
  errorPages: { '5xx': { body: 'sorry' } },
  accessLog: { to: '/tmp/access.log' },
  hostHeader: 'example.com',
  halfClose: true,
  timeouts: { firstByte: '9s', requestHead: '2s' },
  limits: { requestBody: '3MB' },
  metrics: { address: '127.0.0.1:9100' },
  middleware: [{ headers: { request: { set: { a: 'b' } } } }],
  via: 'edge',
  watch: true,
};

function snapshotOf(data: unknown): Snapshot {
  const result = compileConfig(data, objectOrigin(ROOT));
  if ('errors' in result) assert.fail(JSON.stringify(result.errors, null, 2));
  return result.snapshot;
}

/** A snapshot without its hash and without the places of values. */
function meaning(snapshot: Snapshot): unknown {
  const { hash: _, ...rest } = structuredClone(snapshot);
  return JSON.parse(
    JSON.stringify(rest, (key, value) => (key === 'source' || key === 'sources' ? null : value)),
  ) as unknown;
}

function nodeAt(node: EffectiveNode, ...path: (string | number)[]): EffectiveNode {
  let found: EffectiveNode | undefined = node;
  for (const key of path) {
    if (found?.kind === 'list') found = found.items[Number(key)];
    else if (found?.kind === 'map') found = found.entries.find(([name]) => name === key)?.[1];
    else found = undefined;
  }
  assert.ok(found !== undefined, path.join('.'));
  return found;
}

test('effectiveConfig() gives a configuration that means the same', () => {
  const snapshot = snapshotOf(DATA);
  const plain = plainOf(effectiveConfig(DATA, snapshot));
  assert.deepEqual(meaning(snapshotOf(plain)), meaning(snapshot));
});

test('effectiveConfig() changes nothing when it is applied to what it gave', () => {
  const plain = plainOf(effectiveConfig(DATA, snapshotOf(DATA)));
  assert.deepEqual(plainOf(effectiveConfig(plain, snapshotOf(plain))), plain);
});

test('effectiveConfig() has every key of the top level that has a default', () => {
  const data = { listeners: [{ address: ':80' }], routes: [{ respond: {} }] };
  const plain = plainOf(effectiveConfig(data, snapshotOf(data))) as Record<string, unknown>;
  const withoutDefault = ['errorPages', 'metrics', 'user', 'group', 'control', 'include'];
  const documented = knownKeys(CONFIG_SCHEMA, []);
  assert.deepEqual(
    documented.filter((key) => !withoutDefault.includes(key)).toSorted(),
    Object.keys(plain).toSorted(),
  );
});

test('effectiveConfig() tells what is written from what is inherited and what is a default', () => {
  const node = effectiveConfig(DATA, snapshotOf(DATA));
  const cases: [(string | number)[], unknown, string][] = [
    [['listeners', 0, 'timeouts', 'requestHead'], '1s', 'written'],
    [['listeners', 1, 'timeouts', 'requestHead'], '2s', 'inherited'],
    [['listeners', 1, 'timeouts', 'bodyIdle'], '1m', 'default'],
    [['listeners', 0, 'halfClose'], false, 'written'],
    [['listeners', 1, 'halfClose'], true, 'inherited'],
    [['upstreams', 'a', 'endpoints', 0, 'url'], 'http://a', 'written'],
    [['upstreams', 'a', 'endpoints', 0, 'weight'], 1, 'default'],
    [['upstreams', 'a', 'hostHeader'], 'example.com', 'inherited'],
    [['upstreams', 'a', 'limits', 'responseHead'], 2048, 'written'],
    [['routes', 0, 'name'], 'one', 'written'],
    [['routes', 1, 'name'], '*/b', 'default'],
    [['routes', 0, 'mirror', 0, 'percent'], 100, 'default'],
    [['routes', 3, 'redirect', 'status'], 308, 'default'],
    [['routes', 0, 'limits', 'requestBody'], '3MB', 'inherited'],
    [['routes', 5, 'limits', 'requestBody'], '1MB', 'written'],
    [['accessLog', 'format'], 'json', 'default'],
    [['limits', 'fields'], 128, 'default'],
    [['timeouts', 'retire'], '1h', 'default'],
    [['workers'], 'auto', 'default'],
  ];
  for (const [path, value, from] of cases) {
    const found = nodeAt(node, ...path);
    assert.equal(found.kind === 'value' ? found.value : plainOf(found), value, path.join('.'));
    assert.equal(found.from, from, path.join('.'));
  }
});

// What a reload is said to change.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Snapshot } from '../config/snapshot.ts';
import { describeChanges } from './snapshot_changes.ts';

interface Parts {
  readonly listeners?: readonly string[];
  readonly upstreams?: Readonly<Record<string, readonly string[]>>;
  /** Route name to the name of its upstream. */
  readonly routes?: Readonly<Record<string, string>>;
  readonly drainMs?: number;
  readonly body?: string;
  readonly line?: number;
}

function snapshot(parts: Parts = {}): Snapshot {
  const upstreams = parts.upstreams ?? { a: ['http://a'] };
  const names = Object.keys(upstreams);
  const source = { file: 'z.yaml', line: parts.line ?? 1 };
  const routes = Object.entries(parts.routes ?? { root: 'a' }).map(([name, upstream]) => ({
    name,
    conditions: { hosts: [], paths: [] },
    action: { kind: 'forward', upstreams: [{ upstreamIndex: names.indexOf(upstream), weight: 1 }] },
    requestBodyBytesMax: Number.POSITIVE_INFINITY,
    source,
  }));
  return {
    listeners: (parts.listeners ?? [':80']).map((address) => ({ address, source })),
    upstreams: names.map((name, slot) => ({
      name,
      endpoints: upstreams[name]!.map((url) => ({ url, slot: parts.line ?? 1, source })),
      hostHeader: { kind: 'preserve' },
      slot,
      source,
    })),
    routes,
    proxy: { errorPages: [{ body: { bytes: Buffer.from(parts.body ?? 'x') } }] },
    drainMs: parts.drainMs ?? 30_000,
  } as unknown as Snapshot;
}

test('describeChanges() has nothing to say about places in the file and slots', () => {
  assert.deepEqual(describeChanges(snapshot(), snapshot({ line: 9 })), []);
});

test('describeChanges() names what was added, removed and changed', () => {
  const before = snapshot({
    listeners: [':80', ':81'],
    upstreams: { a: ['http://a'], b: ['http://b'] },
    routes: { root: 'a', api: 'b' },
  });
  const after = snapshot({
    listeners: [':80', ':82'],
    upstreams: { a: ['http://a', 'http://c'], c: ['http://c'] },
    routes: { root: 'a', web: 'c' },
    drainMs: 1,
    body: 'y',
  });
  assert.deepEqual(describeChanges(before, after), [
    'listener :81: removed',
    'listener :82: added',
    'upstream b: removed',
    'upstream a: changed (endpoints)',
    'upstream c: added',
    'route api: removed',
    'route web: added',
    'errorPages of all routes: changed',
    'timeouts.drain: changed',
  ]);
});

test('describeChanges() compares upstreams by name, not by index', () => {
  const before = snapshot({ upstreams: { b: ['http://b'] }, routes: { root: 'b' } });
  const upstreams = { a: ['http://a'], b: ['http://b'] };
  const moved = snapshot({ upstreams, routes: { root: 'b' } });
  assert.deepEqual(describeChanges(before, moved), ['upstream a: added']);
  const other = snapshot({ upstreams, routes: { root: 'a' } });
  assert.deepEqual(describeChanges(moved, other), ['route root: changed (action)']);
});

test('describeChanges() tells that routes of equal rank may have changed places', () => {
  const before = snapshot({ routes: { one: 'a', two: 'a' } });
  const after = snapshot({ routes: { two: 'a', one: 'a' } });
  assert.deepEqual(describeChanges(before, after), ['routes: in another order']);
});

test('describeChanges() ends after fifty sentences and says how many follow', () => {
  const names = Array.from({ length: 10_000 }, (_, index) => [`r${index}`, 'a']);
  const sentences = describeChanges(snapshot(), snapshot({ routes: Object.fromEntries(names) }));
  assert.equal(sentences.length, 51);
  assert.equal(sentences.at(-1), 'and 9951 more');
});

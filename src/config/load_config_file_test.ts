// What cases in text cannot show: immutability, hashes, paths, the shape of `--json`, files that
// are not there.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { CONFIG_ISSUE_CODES } from './config_issue.ts';
import { findConfigFile } from './find_config_file.ts';
import { loadConfigFile } from './load_config_file.ts';
import { ROUTE_SCHEMA } from './route_schema.ts';
import type { Snapshot } from './snapshot.ts';

const folder = mkdtempSync(join(tmpdir(), 'zproxy-config-'));
after(() => rmSync(folder, { recursive: true, force: true }));

const VALID = {
  listeners: [{ address: '127.0.0.1:0' }],
  upstreams: { a: { endpoints: ['http://127.0.0.1:1'] } },
  routes: [{ upstream: 'a' }],
};

async function snapshotOf(name: string, config: unknown): Promise<Snapshot> {
  const path = join(folder, name);
  writeFileSync(path, JSON.stringify(config));
  const result = await loadConfigFile(path);
  assert.ok('snapshot' in result, JSON.stringify(result));
  return result.snapshot;
}

test('loadConfigFile() gives a snapshot that nobody can change', async () => {
  const snapshot = await snapshotOf('frozen.json', VALID);
  const isFrozen = (value: unknown): boolean =>
    typeof value !== 'object' ||
    value === null ||
    ArrayBuffer.isView(value) || // cannot be frozen
    (Object.isFrozen(value) && Object.values(value).every(isFrozen));
  assert.ok(isFrozen(snapshot));
});

test('loadConfigFile() gives a snapshot that survives structured clone', async () => {
  const snapshot = await snapshotOf('clone.json', VALID);
  assert.deepEqual(structuredClone(snapshot), snapshot);
});

test('the hash of a snapshot changes with its values only', async () => {
  const first = await snapshotOf('hash.json', VALID);
  const second = await snapshotOf('hash.json', VALID);
  const limited = await snapshotOf('hash.json', { ...VALID, limits: { requestBody: 0 } });
  const unlimited = await snapshotOf('hash.json', { ...VALID, limits: { requestBody: 'none' } });
  assert.match(first.hash, /^[0-9a-f]{64}$/);
  assert.equal(first.hash, second.hash);
  assert.equal(first.hash, unlimited.hash);
  assert.notEqual(first.hash, limited.hash);
});

test('the hash of a snapshot changes with the content of a file that is sent', async () => {
  const config = { ...VALID, routes: [{ respond: { file: 'sent.html' } }] };
  writeFileSync(join(folder, 'sent.html'), 'one');
  const first = await snapshotOf('sent.json', config);
  writeFileSync(join(folder, 'sent.html'), 'two');
  const second = await snapshotOf('sent.json', config);
  assert.notEqual(first.hash, second.hash);
  assert.deepEqual(first.files, [join(folder, 'sent.html'), join(folder, 'sent.json')]);
  assert.deepEqual(structuredClone(second), second);
});

test('relative paths start at the folder of the real file', async () => {
  const config = { ...VALID, accessLog: { to: 'logs/access.log' }, control: 'control.sock' };
  writeFileSync(join(folder, 'real.json'), JSON.stringify(config));
  const elsewhere = mkdtempSync(join(tmpdir(), 'zproxy-link-'));
  try {
    const link = join(elsewhere, 'zproxy.json');
    symlinkSync(join(folder, 'real.json'), link);
    const result = await loadConfigFile(link);
    assert.ok('snapshot' in result);
    assert.equal(result.snapshot.accessLogPath, join(folder, 'logs/access.log'));
    assert.equal(result.snapshot.controlPath, join(folder, 'control.sock'));
    assert.equal(result.snapshot.file, join(folder, 'real.json'));
    assert.equal((result.snapshot.routes[0]!.source as { file: string }).file, link);
  } finally {
    rmSync(elsewhere, { recursive: true });
  }
});

test('the name in Via is stable, and another one for another file or address', async () => {
  const name = (snapshot: Snapshot): string => snapshot.proxy.viaPseudonym;
  const first = name(await snapshotOf('via.json', VALID));
  assert.match(first, /^zproxy-[0-9a-f]{8}$/);
  assert.equal(name(await snapshotOf('via.json', VALID)), first);
  assert.notEqual(name(await snapshotOf('via2.json', VALID)), first);
  const moved = { ...VALID, listeners: [{ address: '127.0.0.1:1' }] };
  assert.notEqual(name(await snapshotOf('via.json', moved)), first);
});

test('an issue has exactly the members that `--json` promises, and a documented code', async () => {
  const path = join(folder, 'wrong.json');
  writeFileSync(path, JSON.stringify({ ...VALID, routes: [{ upsteam: 'a' }] }));
  const result = await loadConfigFile(path);
  assert.ok('errors' in result);
  assert.deepEqual(result.errors, [
    {
      file: path,
      line: 1,
      column: 108,
      code: 'ZP_CONFIG_UNKNOWN_KEY',
      path: 'routes[0].upsteam',
      value: 'a',
      wanted: `one of ${Object.keys(ROUTE_SCHEMA.shape)
        .map((key) => JSON.stringify(key))
        .join(', ')}`,
      suggestion: 'upstream',
    },
  ]);
  for (const { code } of result.errors) assert.ok(CONFIG_ISSUE_CODES[code].endsWith('.'));
});

test('loadConfigFile() says in one sentence that a file is missing or unreadable', async () => {
  const missing = await loadConfigFile(join(folder, 'missing.yaml'));
  assert.ok('errors' in missing);
  assert.equal(missing.errors[0]!.code, 'ZP_CONFIG_NOT_FOUND');
  const unreadable = await loadConfigFile(folder);
  assert.ok('errors' in unreadable);
  assert.equal(unreadable.errors[0]!.code, 'ZP_CONFIG_UNREADABLE');
  assert.match(unreadable.errors[0]!.wanted, /EISDIR.*it is a folder; name the file in it$/);
});

test('loadConfigFile() names the place in another file that threw', async () => {
  const helper = join(folder, 'thrower.ts');
  writeFileSync(helper, "\nthrow new TypeError('from elsewhere');\n");
  const path = join(folder, 'imports.config.ts');
  writeFileSync(path, "import './thrower.ts';\nexport default {};\n");
  const result = await loadConfigFile(path);
  assert.ok('errors' in result);
  const text = `the module threw TypeError: from elsewhere (at ${helper}:2:7)`;
  assert.deepEqual(
    result.errors.map(({ code, wanted }) => [code, wanted]),
    [['ZP_CONFIG_THROWN', text]],
  );
});

test('the snapshot knows where keys stand that only the start can judge', async () => {
  const path = join(folder, 'sources.json');
  writeFileSync(path, `{ "user": "nobody",\n${JSON.stringify(VALID).slice(1)}`);
  const result = await loadConfigFile(path);
  assert.ok('snapshot' in result);
  const user = { file: path, line: 1, column: 11, path: 'user' };
  assert.deepEqual(result.snapshot.sources, { user });
});

test('findConfigFile() prefers TypeScript, then YAML, then JSON', () => {
  const place = mkdtempSync(join(folder, 'find-'));
  assert.equal(findConfigFile(place), null);
  for (const name of ['zproxy.json', 'zproxy.yaml', 'zproxy.config.ts']) {
    writeFileSync(join(place, name), '');
    assert.equal(findConfigFile(place), join(place, name));
  }
});

test('more endpoints than the shared memory has room for are refused', async () => {
  const endpoints = Array.from({ length: 4_097 }, (_, i) => `http://10.0.${i >> 8}.${i & 255}:80`);
  const path = join(folder, 'many.json');
  writeFileSync(path, JSON.stringify({ ...VALID, upstreams: { a: { endpoints } } }));
  const result = await loadConfigFile(path);
  assert.ok('errors' in result);
  assert.equal(result.errors.length, 1);
  assert.equal(result.errors[0]!.code, 'ZP_CONFIG_CAPACITY');
  assert.equal(result.errors[0]!.path, 'upstreams');
});

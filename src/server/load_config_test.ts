// Which process reads a configuration, and what comes back from it.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { load as parseYaml } from 'js-yaml';
import type { Snapshot } from '../config/snapshot.ts';
import { type LoadOptions, loadConfig } from './load_config.ts';

const folder = mkdtempSync(join(tmpdir(), 'zproxy-load-'));
after(() => rmSync(folder, { recursive: true, force: true }));

const ROUTES_COUNT = 10_000;

async function snapshotOf(
  name: string,
  text: string,
  options: Partial<LoadOptions> = {},
): Promise<Snapshot> {
  const path = join(folder, name);
  writeFileSync(path, text);
  const interruption = new AbortController().signal;
  const result = await loadConfig(path, { interruption, ...options });
  assert.ok('snapshot' in result, JSON.stringify(result));
  return result.snapshot;
}

/** A frozen snapshot was made in this process; the copy that a loader sends is not. */
function wasReadHere(snapshot: Snapshot): boolean {
  return Object.isFrozen(snapshot);
}

const DATA = "listeners: [{ address: ':80' }]\nroutes: [{ respond: { body: x } }]\n";

test('loadConfig() reads data in this process at a start, in the loader at a reload', async () => {
  assert.equal(wasReadHere(await snapshotOf('start.yaml', DATA)), true);
  assert.equal(wasReadHere(await snapshotOf('reload.yaml', DATA, { isReload: true })), false);
});

test('loadConfig() reads data that needs a module in the loader', async () => {
  writeFileSync(
    join(folder, 'stamp.ts'),
    "import { defineMiddleware } from 'zproxy';\n" +
      "export const stamp = defineMiddleware({ name: 'stamp', create: () => ({}) });\n",
  );
  const snapshot = await snapshotOf('module.yaml', `${DATA}middleware: [{ module: ./stamp.ts }]\n`);
  assert.equal(wasReadHere(snapshot), false);
  assert.equal(snapshot.proxy.middleware[0]!.name, 'stamp');
  assert.equal(snapshot.code.files.length, 1);
});

test('the loader gives what this process would read, bytes and Infinity included', async () => {
  const here = await snapshotOf('same.yaml', DATA);
  const there = await snapshotOf('same.yaml', DATA, { isReload: true });
  assert.deepEqual(there, here);
  assert.equal(there.routes[0]!.requestBodyBytesMax, Number.POSITIVE_INFINITY);
});

test('ten thousand routes come through the loader, whatever the format', async () => {
  const yaml = [
    'listeners: [{ address: ":80" }]',
    'upstreams: { a: { endpoints: ["http://127.0.0.1:1"] } }',
    'routes:',
  ];
  for (let i = 0; i < ROUTES_COUNT; i++) {
    yaml.push(`  - { host: h${i % 50}.test, path: /r${i}/:id/*rest, upstream: a }`);
  }
  const text = yaml.join('\n');
  const json = JSON.stringify(parseYaml(text));
  const files = {
    'many.yaml': text,
    'many.json': json,
    'many.config.ts': `export default ${json}`,
  };
  for (const [name, content] of Object.entries(files)) {
    const { routes } = await snapshotOf(name, content, { isReload: true });
    assert.equal(routes.length, ROUTES_COUNT, name);
    assert.deepEqual(routes.at(-1)!.conditions.paths, [`/r${ROUTES_COUNT - 1}/:id/*rest`]);
    const { path, line } = routes.at(-1)!.source as { path: string; line: number };
    assert.equal(path, `routes[${ROUTES_COUNT - 1}]`);
    if (name === 'many.yaml') assert.equal(line, ROUTES_COUNT + 3);
  }
});

test('what a module prints does not disturb the result', async () => {
  const snapshot = await snapshotOf(
    'prints.config.ts',
    `console.log('to standard output');
     process.stdout.write('x'.repeat(100_000) + '\\n');
     export default { listeners: [{ address: ':80' }], routes: [{ respond: {} }] };`,
  );
  assert.equal(snapshot.routes.length, 1);
});

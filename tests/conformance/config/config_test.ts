// Runs the configuration cases of the Markdown files beside it: each is an input file (`config
// NAME`), files that it refers to (`file NAME`), variables (`environment`), and either the errors
// that it gives, line by line, or values of the snapshot that it gives (`key.path = JSON`; bytes
// are compared as text).

import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, test } from 'node:test';
import { formatConfigIssue } from '../../../src/config/config_issue.ts';
import { loadConfigFile } from '../../../src/config/load_config_file.ts';

const folder = mkdtempSync(join(tmpdir(), 'zproxy-config-'));
after(() => rmSync(folder, { recursive: true, force: true }));

let casesCount = 0;
for (const name of readdirSync(import.meta.dirname).filter((file) => file.endsWith('.md'))) {
  const text = readFileSync(join(import.meta.dirname, name), 'utf8');
  for (const section of text.split(/^## /m).slice(1)) {
    const [title] = section.split('\n', 1);
    const index = casesCount++;
    test(`${name}: ${title}`, () => runCase(section, index));
  }
}

async function runCase(section: string, index: number): Promise<void> {
  const blocks = [...section.matchAll(/^```(.*)\n([\s\S]*?)^```$/gm)];
  const input = blocks.find(([, kind]) => kind?.startsWith('config '));
  assert.ok(input, 'a case has a block `config FILE`');
  const file = input[1]!.replace('config ', '');
  // A module is evaluated once per path: each case has its own.
  const path = join(mkdtempSync(join(folder, `${index}-`)), file);
  writeFileSync(path, input[2]!);
  for (const [, kind, content] of blocks) {
    if (!kind!.startsWith('file ')) continue;
    const beside = join(dirname(path), kind!.slice('file '.length));
    mkdirSync(dirname(beside), { recursive: true });
    writeFileSync(beside, content!);
  }
  const environment = blocks.find(([, kind]) => kind === 'environment')?.[2] ?? '';
  const result = await withEnvironment(environment, () => loadConfigFile(path));
  const errors = blocks.find(([, kind]) => kind === 'errors');
  if (errors !== undefined) {
    assert.ok('errors' in result, 'the configuration is refused');
    const text = result.errors.map((issue) => `${formatConfigIssue(issue)}\n`).join('');
    assert.equal(text.replaceAll(path, file).replaceAll(dirname(path), 'FOLDER'), errors[2]);
    return;
  }
  const values = blocks.find(([, kind]) => kind === 'snapshot');
  assert.ok(values, 'a case has a block `errors` or `snapshot`');
  assert.ok('snapshot' in result, JSON.stringify(result));
  for (const line of values[2]!.trim().split('\n')) {
    const [keys, expected] = line.split(' = ');
    assert.deepEqual(valueIn(result.snapshot, keys!), JSON.parse(expected!), String(keys));
  }
}

/** JSON has neither Infinity nor bytes: they are compared as text. */
function valueIn(snapshot: unknown, keys: string): unknown {
  let value = snapshot;
  for (const key of keys.split('.')) value = (value as Record<string, unknown>)[key];
  if (value instanceof Uint8Array) return new TextDecoder().decode(value);
  return value === Number.POSITIVE_INFINITY ? 'Infinity' : value;
}

/** Variables are set (`NAME=value`) for one case only. */
async function withEnvironment<T>(text: string, load: () => Promise<T>): Promise<T> {
  const lines = text.split('\n').filter((line) => line !== '');
  const variables = lines.map((line) => line.split('=', 2) as [string, string]);
  for (const [name, value] of variables) process.env[name] = value;
  try {
    return await load();
  } finally {
    for (const [name] of variables) delete process.env[name];
  }
}

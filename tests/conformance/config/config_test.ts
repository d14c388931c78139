// Runs the configuration cases of the Markdown files beside it: each is an input file and either
// the errors that it gives, line by line, or values of the snapshot that it gives (`key.path =
// JSON`).

import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
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
  const result = await loadConfigFile(path);
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

/** JSON has no Infinity: it is compared as text. */
function valueIn(snapshot: unknown, keys: string): unknown {
  let value = snapshot;
  for (const key of keys.split('.')) value = (value as Record<string, unknown>)[key];
  return value === Number.POSITIVE_INFINITY ? 'Infinity' : value;
}

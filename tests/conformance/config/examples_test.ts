// Every configuration under examples/ is valid, and the three forms of the first one mean the same.

import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { formatConfigIssue } from '../../../src/config/config_issue.ts';
import { loadConfigFile } from '../../../src/config/load_config_file.ts';
import type { Snapshot } from '../../../src/config/snapshot.ts';

const EXAMPLES = join(import.meta.dirname, '..', '..', '..', 'examples');

for (const name of readdirSync(EXAMPLES).filter(
  (file) => /\.(ts|yaml|json)$/.test(file) && file !== 'tsconfig.json',
)) {
  test(`examples/${name} is a valid configuration`, async () => {
    await load(name);
  });
}

test('the TypeScript, YAML and JSON forms of the first example are one configuration', async () => {
  const typescript = meaning(await load('zproxy.config.ts'));
  assert.deepEqual(meaning(await load('zproxy.yaml')), typescript);
  assert.deepEqual(meaning(await load('zproxy.json')), typescript);
});

async function load(name: string): Promise<Snapshot> {
  const result = await loadConfigFile(join(EXAMPLES, name));
  if ('errors' in result) assert.fail(result.errors.map(formatConfigIssue).join('\n'));
  return result.snapshot;
}

/** A snapshot without what depends on the file it was written in. */
function meaning({ listeners, upstreams, routes, proxy }: Snapshot): unknown {
  const parts = { listeners, upstreams, routes, proxy: { ...proxy, viaPseudonym: '' } };
  return JSON.parse(JSON.stringify(parts, (key, value) => (key === 'source' ? undefined : value)));
}

// The examples of the guide, run as they stand: each page's files are written into a folder of
// their own (outside the project: `zproxy` resolves to what runs them), configurations are checked,
// tests run, programs started.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { makeFolder } from '../integration/proxy_process.ts';
import { runCli } from '../integration/run_cli.ts';

const GUIDE: string = join(import.meta.dirname, '..', '..', 'docs', 'guide');
const ROOT: string = join(import.meta.dirname, '..', '..');

for (const page of readdirSync(GUIDE)) {
  const files = filesOf(readFileSync(join(GUIDE, page), 'utf8'));
  test(`the examples of docs/guide/${page} do what they say`, async (t) => {
    assert(files.size > 0, 'a page has examples');
    const folder = project(t, files);
    for (const name of files.keys()) {
      if (/^zproxy\.(?:yaml|json)$|\.config\.ts$/.test(name)) {
        const { code, stderr } = await runCli(['check', '--config', join(folder, name)]);
        assert.equal(code, 0, stderr);
      } else if (name.endsWith('_test.ts')) await runNode(['--test', join(folder, name)]);
      else if (name === 'embedded.ts') {
        assert.equal(await runNode([join(folder, name)]), 'hello\n');
      }
    }
  });
}

/** Blocks that name a file. */
function filesOf(page: string): Map<string, string> {
  const files = new Map<string, string>();
  for (const match of page.matchAll(/^```\w+ file=(\S+)\n([\s\S]*?)^```$/gm)) {
    files.set(match[1]!, match[2]!);
  }
  return files;
}

/** A folder with the files, in which `zproxy` is this checkout, as an installation has it. */
function project(t: TestContext, files: ReadonlyMap<string, string>): string {
  const folder = makeFolder(t);
  const installed = join(folder, 'node_modules', 'zproxy');
  mkdirSync(installed, { recursive: true });
  const index = JSON.stringify(join(ROOT, 'src', 'index.ts'));
  writeFileSync(join(installed, 'index.js'), `export * from ${index};\n`);
  const manifest = { name: 'zproxy', type: 'module', exports: './index.js' };
  writeFileSync(join(installed, 'package.json'), JSON.stringify(manifest));
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ type: 'module' }));
  for (const [name, text] of files) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
  return folder;
}

/** What a program prints; rejects with all of it where it fails. */
async function runNode(args: readonly string[]): Promise<string> {
  const flags = ['--disable-warning=ExperimentalWarning', '--disable-warning=ZProxyWarning'];
  const env = { ...process.env, NODE_TEST_CONTEXT: undefined };
  return await new Promise((resolve, reject) => {
    execFile(process.execPath, [...flags, ...args], { env }, (error, stdout, stderr) => {
      if (error === null) resolve(stdout);
      else reject(new Error(`${error.message}\n${stdout}\n${stderr}`));
    });
  });
}

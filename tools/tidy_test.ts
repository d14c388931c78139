// Each rule of tidy.ts against a text that breaks it and one that does not.

import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { checkLinks, checkSource, checkText, checkTidy } from './tidy.ts';
import { DATA_PATH_OWNERS } from './tidy_owners.ts';

const HEADER = '// What this is.\n';

function rulesOf(path: string, text: string): string[] {
  return checkSource({ path, text }, [], new Set()).map((violation) => violation.rule);
}

function textRulesOf(path: string, text: string): string[] {
  return checkText({ path, text }).map((violation) => violation.rule);
}

test('checkSource() limits the lines of a file', () => {
  assert.deepEqual(rulesOf('src/base/a.ts', HEADER + '\n'.repeat(499)), []);
  assert.deepEqual(rulesOf('src/base/a.ts', HEADER + '\n'.repeat(500)), ['file-length']);
});

test('checkSource() limits the lines of a function, methods and arrows included', () => {
  const body = '\n'.repeat(69);
  assert.deepEqual(rulesOf('a.ts', `${HEADER}function f() {${body}}`), []);
  for (const text of [
    `function f() {\n${body}}`,
    `const f = () => {\n${body}};`,
    `class A { m() {\n${body}} }`,
  ]) {
    assert.deepEqual(rulesOf('a.ts', HEADER + text), ['function-length'], text.slice(0, 20));
  }
});

test('checkSource() lets a group of tests be long', () => {
  assert.deepEqual(rulesOf('a.ts', `${HEADER}describe('x', () => {${'\n'.repeat(99)}});`), []);
});

test('checkSource() limits the columns of a line, except for one with an address', () => {
  const pad = 'x'.repeat(99);
  assert.deepEqual(rulesOf('a.ts', `// ${pad}\n`), ['line-length']);
  assert.deepEqual(rulesOf('a.ts', `// https://example.com/${pad}\n`), []);
});

test('checkSource() wants a comment at the top, behind a shebang at most', () => {
  assert.deepEqual(rulesOf('a.ts', 'export const a = 1;\n'), ['header-comment']);
  assert.deepEqual(rulesOf('a.js', `#!/usr/bin/env node\n${HEADER}`), []);
  assert.deepEqual(rulesOf('src/base/a_test.ts', 'export const a = 1;\n'), []);
});

test('checkSource() refuses promises and slow globals on the data path', () => {
  for (const text of [
    'export async function f() {}',
    'export function f(): Promise<void> { return x; }',
    'export const f = () => JSON.stringify({});',
    'export const now = () => Date.now();',
    'setTimeout(() => {}, 1);',
    'console.log(1);',
    'export const b = Buffer.alloc(1);',
    'export const b = { Buffer };',
  ]) {
    const rules = new Set(rulesOf('src/proxy/a.ts', `${HEADER}${text}\n`));
    assert.deepEqual([...rules], ['data-path'], text);
    assert.deepEqual(rulesOf('src/server/a.ts', `${HEADER}${text}\n`), [], text);
    assert.deepEqual(rulesOf('src/proxy/a_test.ts', `${HEADER}${text}\n`), [], text);
  }
});

test('checkSource() does not mistake a property for a global', () => {
  const text = 'export const f = (x: { Date: number }) => x.Date + { Buffer: 1 }.Buffer;\n';
  assert.deepEqual(rulesOf('src/http/a.ts', HEADER + text), []);
});

test('checkSource() lets an owner use what is its own, and notes that', () => {
  const used = new Set<string>();
  const owners = [{ path: 'src/http/date.ts', names: ['Date'], reason: 'it owns the clock' }];
  const text = `${HEADER}export const now = () => Date.now();\n`;
  assert.deepEqual(checkSource({ path: 'src/http/date.ts', text }, owners, used), []);
  assert.deepEqual([...used], ['src/http/date.ts Date']);
});

test('checkTidy() refuses an owner that no longer needs its entry', () => {
  const root = mkdtempSync(join(tmpdir(), 'zproxy-tidy-'));
  try {
    mkdirSync(join(root, 'src', 'http'), { recursive: true });
    writeFileSync(join(root, 'src', 'http', 'date.ts'), HEADER);
    const owners = [{ path: 'src/http/date.ts', names: ['Date'], reason: 'it owns the clock' }];
    assert.deepEqual(
      checkTidy(root, owners).map((violation) => violation.rule),
      ['owner-unused'],
    );
  } finally {
    rmSync(root, { recursive: true });
  }
});

test('DATA_PATH_OWNERS gives a reason for each entry', () => {
  for (const owner of DATA_PATH_OWNERS) assert.ok(owner.reason.length > 10, owner.path);
});

test('checkText() refuses file names that say nothing', () => {
  for (const name of ['utils.ts', 'http_helper.ts', 'common.ts', 'misc.md', 'pool_manager.ts']) {
    assert.deepEqual(textRulesOf(`src/base/${name}`, ''), ['file-name'], name);
  }
  assert.deepEqual(textRulesOf('src/base/futile_uncommon.ts', ''), []);
});

test('checkText() wants the number of an issue behind a reminder', () => {
  const word = 'TO' + 'DO';
  assert.deepEqual(textRulesOf('a.md', `${word}: later\n`), ['reminder-without-issue']);
  assert.deepEqual(textRulesOf('a.md', `${word} #12: later\n${word}(#13)\n`), []);
});

test('checkText() refuses paths of one machine and addresses of registries', () => {
  const path = '/ro' + 'ot/.profile';
  assert.deepEqual(textRulesOf('notes/a.md', `see ${path}\n`), ['machine-path']);
  const resolved = '"reso' + 'lved": "x"';
  assert.deepEqual(textRulesOf('package-lock.json', `${resolved}\n`), ['registry-address']);
});

test('checkLinks() follows links of pages and pages that comments name', () => {
  const root = join(import.meta.dirname, '..');
  const links = (path: string, text: string): string[] =>
    checkLinks(root, { path, text }).map((violation) => violation.text);
  const page = '[a](config.md) [b](https://example.com/x) [c](#part) [d](../nowhere.md)';
  assert.deepEqual(links('docs/reference/errors.md', page), ['../nowhere.md']);
  const missing = 'docs/inter' + 'nals/nowhere.md';
  assert.deepEqual(links('src/a.ts', `// see docs/reference/config.md and ${missing}`), [missing]);
});

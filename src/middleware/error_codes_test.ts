import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

const CODE = /\bZP_[A-Z_]+\b/g;

test('docs/reference/errors.md has the error codes of middleware, and no others', () => {
  const folder = import.meta.dirname;
  const thrown = new Set<string>();
  for (const entry of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
    if (!entry.endsWith('.ts') || entry.endsWith('_test.ts')) continue;
    const text = readFileSync(join(folder, entry), 'utf8');
    for (const [code] of text.matchAll(CODE)) thrown.add(code);
  }
  const page = readFileSync(join(folder, '../../docs/reference/errors.md'), 'utf8');
  const section = page.slice(page.indexOf('\n## Middleware\n'));
  const documented = new Set(Array.from(section.matchAll(CODE), ([code]) => code));
  assert.deepEqual([...documented].sort(), [...thrown].sort());
});

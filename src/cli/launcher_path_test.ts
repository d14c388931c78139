import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { launcherName, launcherPath } from './launcher_path.ts';

test('launcherName() keeps the link that the launcher was called by, and no other script', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'zproxy-launcher-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const link = join(folder, 'zproxy');
  symlinkSync(launcherPath(), link);
  assert.equal(launcherName(link), link);
  for (const script of ['', 'bin/zproxy.js', join(folder, 'none'), import.meta.filename]) {
    assert.equal(launcherName(script), launcherPath(), script);
  }
});

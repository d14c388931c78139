import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { defaultControlPath, makeRuntimeFolder, runtimeFolder } from './runtime_path.ts';

const folder: string = mkdtempSync(join(tmpdir(), 'zproxy-runtime-'));
after(() => rmSync(folder, { recursive: true }));

test('defaultControlPath() is the same for each name of one file, and differs for another', () => {
  const environment = { XDG_RUNTIME_DIR: '/run/user/1' };
  writeFileSync(join(folder, 'a.yaml'), '');
  writeFileSync(join(folder, 'b.yaml'), '');
  symlinkSync(join(folder, 'a.yaml'), join(folder, 'link.yaml'));
  const path = defaultControlPath(join(folder, 'a.yaml'), environment);
  assert.match(path, /^\/run\/user\/1\/zproxy\/[0-9a-f]{16}\.sock$/);
  assert.equal(defaultControlPath(join(folder, 'link.yaml'), environment), path);
  assert.notEqual(defaultControlPath(join(folder, 'b.yaml'), environment), path);
});

test('runtimeFolder() ignores a relative XDG_RUNTIME_DIR', () => {
  assert.ok(runtimeFolder({ XDG_RUNTIME_DIR: 'here' }).startsWith('/'));
  assert.equal(runtimeFolder({ XDG_RUNTIME_DIR: '/x' }), '/x/zproxy');
});

test('makeRuntimeFolder() makes a private folder and refuses one that others may write to', () => {
  const own = join(folder, 'own');
  makeRuntimeFolder(own);
  makeRuntimeFolder(own);
  assert.equal(statSync(own).mode & 0o777, 0o700);
  chmodSync(own, 0o777);
  assert.throws(() => makeRuntimeFolder(own), { code: 'ZP_CONTROL_FOLDER' });
  const link = join(folder, 'link');
  symlinkSync(folder, link);
  assert.throws(() => makeRuntimeFolder(link), { code: 'ZP_CONTROL_FOLDER' });
});

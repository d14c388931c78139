// Files that the proxy sends: read once, and never what could be endless or too large.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { OWN_BODY_BYTES_MAX } from '../base/limits.ts';
import { OwnFiles } from './own_files.ts';

const folder = mkdtempSync(join(tmpdir(), 'zproxy-own-'));
after(() => rmSync(folder, { recursive: true, force: true }));

function wantedOf(path: string): string {
  const file = new OwnFiles().read(path, folder);
  assert.ok(!(file instanceof Uint8Array), path);
  return file.wanted.replaceAll(folder, 'FOLDER');
}

test('OwnFiles reads a file once, and tells its real path', () => {
  mkdirSync(join(folder, 'pages'));
  writeFileSync(join(folder, 'pages', 'a.html'), 'first');
  symlinkSync(join(folder, 'pages', 'a.html'), join(folder, 'link.html'));
  const files = new OwnFiles();
  assert.equal(
    String(new TextDecoder().decode(files.read('link.html', folder) as Uint8Array)),
    'first',
  );
  writeFileSync(join(folder, 'pages', 'a.html'), 'second');
  const again = files.read('../link.html', join(folder, 'pages')) as Uint8Array;
  assert.equal(new TextDecoder().decode(again), 'first');
  assert.deepEqual(files.paths(), [join(folder, 'pages', 'a.html')]);
});

test('OwnFiles takes a file of the largest size, and an empty one', () => {
  writeFileSync(join(folder, 'largest'), Buffer.alloc(OWN_BODY_BYTES_MAX, 1));
  writeFileSync(join(folder, 'empty'), '');
  const files = new OwnFiles();
  assert.equal((files.read('largest', folder) as Uint8Array).length, OWN_BODY_BYTES_MAX);
  assert.equal((files.read('empty', folder) as Uint8Array).length, 0);
});

test('OwnFiles says what is wrong with a file that it cannot send', () => {
  writeFileSync(join(folder, 'large'), Buffer.alloc(OWN_BODY_BYTES_MAX + 1));
  assert.equal(wantedOf('large'), 'a file of at most 1MiB (FOLDER/large has 1048577 bytes)');
  assert.equal(wantedOf('missing'), 'a file that exists (there is no FOLDER/missing)');
  assert.equal(wantedOf('.'), 'a file (FOLDER is none)');
  assert.equal(wantedOf('large/x'), 'a file that can be read (FOLDER/large/x: ENOTDIR)');
});

test('OwnFiles does not wait for somebody to write into a named pipe', () => {
  execFileSync('mkfifo', [join(folder, 'pipe')]);
  assert.equal(wantedOf('pipe'), 'a file (FOLDER/pipe is none)');
});

// The link that commands follow from a config's name to its control socket.

import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { linkControl, removeLink, unlinkControl } from './control_alias.ts';

const folder: string = mkdtempSync(join(tmpdir(), 'zproxy-alias-'));
after(() => rmSync(folder, { recursive: true }));

test('linkControl() makes and replaces links, and leaves everything else alone', () => {
  const alias = join(folder, 'runtime', 'a.sock');
  linkControl(alias, '/one');
  assert.equal(readlinkSync(alias), '/one');
  linkControl(alias, '/two');
  assert.equal(readlinkSync(alias), '/two');
  const file = join(folder, 'runtime', 'b.sock');
  writeFileSync(file, 'x');
  linkControl(file, '/one');
  assert.throws(() => readlinkSync(file));
  linkControl(join(file, 'c.sock'), '/one'); // no folder can be made there
});

test('unlinkControl() removes its own link only, removeLink() any', () => {
  const alias = join(folder, 'd.sock');
  linkControl(alias, '/one');
  unlinkControl(alias, '/two');
  assert.equal(readlinkSync(alias), '/one');
  unlinkControl(alias, '/one');
  assert.throws(() => readlinkSync(alias));
  unlinkControl(alias, '/one');
  linkControl(alias, '/one');
  removeLink(alias);
  removeLink(alias);
  const file = join(folder, 'file');
  writeFileSync(file, 'x');
  removeLink(file);
  assert.ok(existsSync(file));
});

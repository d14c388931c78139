// Secret files: what is taken from them, and what is refused.

import assert from 'node:assert/strict';
import { mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { env } from './environment.ts';
import { readSecretFile, secretFile, secretsRead } from './secret_file.ts';
import { SecretTexts } from './secret_texts.ts';

const NONE = join(import.meta.dirname, 'none');
const folder = realpathSync(mkdtempSync(join(tmpdir(), 'zproxy-secrets-')));
after(() => rmSync(folder, { recursive: true, force: true }));

/** The secret of a file with this content, or what is wrong with it. */
function secretOf(content: string | Uint8Array): string {
  writeFileSync(join(folder, 'secret'), content);
  const secret = readSecretFile('secret', folder);
  return 'fault' in secret ? secret.fault : secret.content;
}

test('readSecretFile() takes one newline off the end, and nothing else', () => {
  assert.equal(secretOf('a'), 'a');
  assert.equal(secretOf('a\n'), 'a');
  assert.equal(secretOf('a\r\n'), 'a');
  assert.equal(secretOf(' a \n\n'), ' a \n');
  assert.equal(secretOf('\n'), '');
  assert.equal(secretOf('ä\n'), 'ä');
});

test('readSecretFile() refuses what is no secret', () => {
  assert.equal(secretOf('x'.repeat(65_536)).length, 65_536);
  assert.match(secretOf('x'.repeat(65_537)), /has 65537 bytes, more than the limit of 65536/);
  assert.match(secretOf(Uint8Array.of(0xff, 0xfe)), /is not UTF-8 text/);
  const faultOf = (path: string): string => {
    const secret = readSecretFile(path, folder);
    assert.ok('fault' in secret);
    return secret.fault;
  };
  assert.match(faultOf('none'), /^there is no secret file .*\/none; write it/);
  assert.match(faultOf('.'), /is a folder/);
  assert.match(faultOf(''), /is empty/);
});

test('readSecretFile() names the file behind a link', () => {
  writeFileSync(join(folder, 'behind'), 'b');
  symlinkSync(join(folder, 'behind'), join(folder, 'link'));
  const secret = readSecretFile('link', folder);
  assert.deepEqual(secret, { content: 'b', realPath: join(folder, 'behind') });
});

test('secretFile() remembers what it gave, and throws with a code', () => {
  writeFileSync(join(folder, 'given'), 'remembered\n');
  assert.equal(secretFile(join(folder, 'given')), 'remembered');
  assert.ok(secretsRead().contents.has('remembered'));
  assert.ok(secretsRead().files.has(join(folder, 'given')));
  assert.throws(() => secretFile('./none'), {
    code: 'ZP_CONFIG_SECRET',
    message: `there is no secret file ${NONE}; write it, or mend the path`,
  });
});

test('SecretTexts masks whole values, and long contents inside of others', () => {
  const secrets = new SecretTexts();
  assert.equal(secrets.isSecret('anything'), false);
  secrets.add('');
  secrets.add('ab');
  secrets.add('long-secret');
  secrets.addValue('Bearer x');
  const data = { a: 'ab', b: ['cab', 'Bearer long-secret'], c: 'Bearer x', d: 1, e: null, f: '' };
  assert.deepEqual(secrets.mask(data), {
    a: '***',
    b: ['cab', '***'],
    c: '***',
    d: 1,
    e: null,
    f: '',
  });
  assert.equal(secrets.maskText('not long-secret but cab'), 'not *** but cab');
});

test('env() gives the variable, else the default, else an error', (t) => {
  process.env['ZPROXY_TEST_SET'] = 'set';
  process.env['ZPROXY_TEST_EMPTY'] = '';
  t.after(() => {
    delete process.env['ZPROXY_TEST_SET'];
    delete process.env['ZPROXY_TEST_EMPTY'];
  });
  assert.equal(env('ZPROXY_TEST_SET', 'default'), 'set');
  assert.equal(env('ZPROXY_TEST_EMPTY', 'default'), 'default');
  assert.equal(env('ZPROXY_TEST_EMPTY'), '');
  assert.equal(env('ZPROXY_TEST_NONE', ''), '');
  assert.throws(() => env('ZPROXY_TEST_NONE'), { code: 'ZP_CONFIG_ENVIRONMENT' });
});

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import {
  allowedCores,
  findCredentials,
  raiseDescriptorLimit,
  UnknownAccountError,
} from './process.ts';

const FILES = {
  passwd: 'root:x:0:0:root:/root:/bin/sh\nwww:x:33:44:www:/var/www:/bin/false\n',
  group: 'root:x:0:\nweb:x:55:www\n',
};
const MODULE = new URL('./process.ts', import.meta.url).href;

function runScript(body: string): { status: number | null; stdout: string; stderr: string } {
  const script = `const sys = await import(${JSON.stringify(MODULE)});\n${body}`;
  const result = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
    encoding: 'utf8',
  });
  return { status: result.status, stdout: result.stdout, stderr: result.stderr };
}

test('findCredentials() takes names, numbers, and the own group of a user', () => {
  assert.deepEqual(findCredentials('www', '', FILES), { userId: 33, groupId: 44, userName: 'www' });
  assert.deepEqual(findCredentials('33', 'web', FILES), {
    userId: 33,
    groupId: 55,
    userName: 'www',
  });
  assert.deepEqual(findCredentials('4711', '', FILES), {
    userId: 4711,
    groupId: 4711,
    userName: '',
  });
  assert.deepEqual(findCredentials('www', '99', FILES), {
    userId: 33,
    groupId: 99,
    userName: 'www',
  });
});

test('findCredentials() names the account that does not exist', () => {
  assert.throws(() => findCredentials('nobody-here', '', FILES), UnknownAccountError);
  assert.throws(() => findCredentials('www', 'no-group', FILES), /no group 'no-group'/);
});

test('allowedCores() has a core and pinToCore() leaves only that one', () => {
  const core = allowedCores()[0]!;
  const result = runScript(
    `sys.pinToCore(${core}); process.stdout.write(JSON.stringify(sys.allowedCores()));`,
  );
  assert.equal(result.stdout, JSON.stringify([core]));
});

test('raiseDescriptorLimit() returns the hard limit', () => {
  assert.ok(raiseDescriptorLimit() >= 64);
});

test('exitAtOnce() ends the process with its code although a timer is pending', () => {
  assert.equal(runScript('setTimeout(() => {}, 60_000); sys.exitAtOnce(7);').status, 7);
});

test('dropPrivileges() gives up root for good', {
  skip: process.getuid!() === 0 ? false : 'only root has them',
}, () => {
  const result = runScript(`
    sys.dropPrivileges({ userId: 65534, groupId: 65534, userName: '' });
    let back = 'refused';
    try { process.setuid(0); back = 'had back'; } catch {}
    const ids = [process.getuid(), process.geteuid(), process.getgid(), process.getgroups(), back];
    process.stdout.write(JSON.stringify(ids));
  `);
  assert.equal(result.stdout, JSON.stringify([65534, 65534, 65534, [65534], 'refused']));
});

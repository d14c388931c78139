// The command line: exit codes, and what goes to which output.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { callCommand } from '../../tests/support/call_command.ts';
import { ExitCode } from './exit_code.ts';

const folder = mkdtempSync(join(tmpdir(), 'zproxy-cli-'));
after(() => rmSync(folder, { recursive: true, force: true }));

const VALID = JSON.stringify({
  listeners: [{ address: '127.0.0.1:0' }],
  upstreams: { a: { endpoints: ['http://127.0.0.1:1'] } },
  routes: [{ upstream: 'a' }],
});

function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

test('help and version that were asked for are results', async () => {
  const help = await callCommand('--help');
  assert.equal(help.code, ExitCode.FINE);
  assert.match(help.out, /check/);
  assert.equal(help.errors, '');
  assert.deepEqual(await callCommand('help'), help);
  assert.match((await callCommand('help', 'run')).out, /--config <file>/);
  assert.match((await callCommand('--version')).out, /^\d+\.\d+\.\d+\n$/);
});

test('mistakes on the command line exit with 2 and say what was meant', async () => {
  for (const args of [
    [],
    ['chekc'],
    ['check', '--confg', 'x'],
    ['check', 'x'],
    ['demo', '--port', 'x'],
  ]) {
    const { code, out, errors } = await callCommand(...args);
    assert.equal(code, ExitCode.USAGE, args.join(' '));
    assert.equal(out, '', args.join(' '));
    assert.notEqual(errors, '', args.join(' '));
  }
  assert.match(
    (await callCommand('chekc')).errors,
    /^zproxy: unknown command 'chekc'\n.*mean check/,
  );
  assert.match((await callCommand('run', 'zproxy.yaml')).errors, /is named with --config FILE\n$/);
});

test('check says that a file is fine', async () => {
  const path = file('fine.json', VALID);
  assert.deepEqual(await callCommand('check', '--config', path), {
    code: ExitCode.FINE,
    out: `${path} is fine: 1 listener, 1 upstream, 1 route\n`,
    errors: '',
  });
  assert.equal((await callCommand('check', '-c', path, '--json')).out, '[]\n');
});

test('check prints every error with its line, and as JSON where asked', async () => {
  const path = file('wrong.json', VALID.replace('"upstream"', '"upsteam"').replace(':0', ':x'));
  const plain = await callCommand('check', '--config', path);
  assert.equal(plain.code, ExitCode.INVALID);
  assert.equal(plain.out, '');
  assert.equal(plain.errors.trim().split('\n').length, 2);
  assert.ok(plain.errors.includes(`${path}:1:`));
  assert.match(plain.errors, /unknown key, did you mean "upstream"\?/);
  const json = await callCommand('check', '--config', path, '--json');
  assert.equal(json.code, ExitCode.INVALID);
  assert.equal(json.errors, '');
  const issues = JSON.parse(json.out) as { path: string }[];
  assert.deepEqual(
    issues.map((issue) => issue.path),
    ['listeners[0].address', 'routes[0].upsteam'],
  );
});

test('check runs a module elsewhere: what ends it is an error of its file', async () => {
  const ended = await callCommand('check', '--config', file('ends.config.ts', 'process.exit(7);'));
  assert.equal(ended.code, ExitCode.INVALID);
  assert.match(ended.errors, /ends\.config\.ts: ZP_CONFIG_UNFINISHED: .* exited with code 7;/);
});

test('no command line mentions a folder without naming it', async () => {
  const { code, errors } = await callCommand('check');
  assert.equal(code, ExitCode.INVALID);
  assert.ok(errors.includes(`zproxy.json in ${process.cwd()};`), errors);
});

test('run tells a missing file (4) from an invalid one (1)', async () => {
  const missing = await callCommand('run', '--config', join(folder, 'none.yaml'));
  assert.equal(missing.code, ExitCode.CANNOT_START);
  assert.match(missing.errors, /none\.yaml: ZP_CONFIG_NOT_FOUND: there is no such file/);
  assert.equal(missing.errors.trim().split('\n').length, 1);
  const invalid = await callCommand('run', '--config', file('invalid.json', '{}'));
  assert.equal(invalid.code, ExitCode.INVALID);
  assert.match(invalid.errors, /listeners: missing/);
});

test('status exits with 3 where no process answers', async () => {
  const config = file('status.json', VALID);
  const byConfig = await callCommand('status', '--config', config);
  assert.equal(byConfig.code, ExitCode.NOT_RUNNING);
  assert.match(byConfig.errors, /no ZProxy answers at/);
  const byPath = await callCommand('status', '--control', join(folder, 'none.sock'));
  assert.equal(byPath.code, ExitCode.NOT_RUNNING);
});

test('status looks at the control socket that the configuration names', async () => {
  const config = file('control.json', VALID.replace('{', '{"control":"my.sock",'));
  const { errors } = await callCommand('status', '--config', config);
  assert.ok(errors.includes(join(folder, 'my.sock')), errors);
});

test('version names the transport and why', async () => {
  const { code, out } = await callCommand('version');
  assert.equal(code, ExitCode.FINE);
  assert.match(out, /^zproxy +\d/m);
  assert.match(out, /^openssl +3\./m);
  assert.match(out, /^transport (io_uring|node:net): \w/m);
  const report = JSON.parse((await callCommand('version', '--json')).out);
  assert.equal(report.node, process.versions.node);
  assert.ok(['uring', 'node'].includes(report.transport.kind));
});

// bin/zproxy.js, run by the Node of the checkout and, where one is installed, by an older one: it
// must find a Node that will do, pass arguments, exit codes and signals on, and say in one
// sentence what is missing.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { test } from 'node:test';
import { makeFolder } from './proxy_process.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const LAUNCHER = join(ROOT, 'bin', 'zproxy.js');
const TIMEOUT_MS = 60_000;

/** A Node of another major version than ours, outside of the checkout. */
const OLD_NODE = findOldNode();
const skipWithoutOld = OLD_NODE === null ? 'there is no Node from 18 to 25 on this machine' : false;

interface Outcome {
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

interface LaunchOptions {
  readonly launcher?: string;
  readonly env?: Readonly<Record<string, string | undefined>>;
}

function launch(node: string, args: readonly string[], options: LaunchOptions = {}): Outcome {
  const { launcher = LAUNCHER, env = {} } = options;
  return spawnSync(node, [launcher, ...args], {
    encoding: 'utf8',
    timeout: TIMEOUT_MS,
    env: { ...process.env, NODE_TEST_CONTEXT: undefined, ...env },
  });
}

test('the launcher stays in a Node that will do', () => {
  const { status, stdout, stderr } = launch(process.execPath, ['version', '--json']);
  assert.equal(status, 0, stderr);
  assert.equal(stderr, '');
  assert.equal(JSON.parse(stdout).node, process.versions.node);
});

test('the launcher passes exit codes on', () => {
  assert.equal(launch(process.execPath, ['nonsense']).status, 2);
});

test('an older Node becomes the one of the checkout', { skip: skipWithoutOld }, (t) => {
  const env = { PATH: '/nowhere', XDG_CACHE_HOME: makeFolder(t) };
  const { status, stdout, stderr } = launch(OLD_NODE!, ['version', '--json'], { env });
  assert.equal(status, 0, stderr);
  assert.equal(stderr, '');
  assert.equal(JSON.parse(stdout).node, process.versions.node);
  assert.equal(launch(OLD_NODE!, ['nonsense'], { env }).status, 2);
});

test('an older Node passes signals and how the child ended on', { skip: skipWithoutOld }, (t) => {
  const folder = makePackage(t, SIGNAL_ENTRY);
  const launcher = join(folder, 'bin', 'zproxy.js');
  const env = { ZPROXY_NODE: process.execPath, XDG_CACHE_HOME: folder };
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGUSR1', 'SIGUSR2'] as const) {
    const { status, stdout } = launch(OLD_NODE!, [signal], { launcher, env });
    assert.equal(stdout, `got ${signal}\n`);
    assert.equal(status, 7, signal);
  }
  const killed = launch(OLD_NODE!, ['SIGKILL'], { launcher, env });
  assert.equal(killed.signal, 'SIGKILL');
});

test('without a Node that will do it says what to install', { skip: skipWithoutOld }, (t) => {
  const launcher = join(makePackage(t, ''), 'bin', 'zproxy.js');
  const env = { PATH: '/nowhere', ZPROXY_NODE: undefined };
  const { status, stdout, stderr } = launch(OLD_NODE!, ['version'], { launcher, env });
  assert.equal(status, 4);
  assert.equal(stdout, '');
  assert.match(stderr, /^zproxy: ZProxy needs Node\.js 26\.9 or newer and found v\d.*\n$/);
});

test('a Node in PATH is taken, whatever stands before it', { skip: skipWithoutOld }, (t) => {
  const folder = makePackage(t, "process.stdout.write(process.version + '\\n');");
  const [old, current] = [join(folder, 'old'), join(folder, 'current')];
  for (const place of [old, current]) mkdirSync(place);
  symlinkSync(OLD_NODE!, join(old, 'node'));
  symlinkSync(process.execPath, join(current, 'node'));
  const env = {
    PATH: ['/nowhere', old, current].join(delimiter),
    ZPROXY_NODE: undefined,
    XDG_CACHE_HOME: folder,
  };
  const launcher = join(folder, 'bin', 'zproxy.js');
  const { stdout, stderr } = launch(OLD_NODE!, [], { launcher, env });
  assert.equal(stdout, `${process.version}\n`, stderr);
});

test('ZPROXY_NODE is never second-guessed', (t) => {
  const fake = join(makeFolder(t), 'node');
  writeFileSync(fake, '#!/bin/sh\necho v26.8.0\n');
  chmodSync(fake, 0o755);
  const tooOld = launch(process.execPath, ['version'], { env: { ZPROXY_NODE: fake } });
  assert.equal(tooOld.status, 4);
  assert.match(tooOld.stderr, /which is Node\.js v26\.8\.0: ZProxy needs 26\.9 or newer/);
  const missing = launch(process.execPath, ['version'], { env: { ZPROXY_NODE: '/nowhere/node' } });
  assert.equal(missing.status, 4);
  assert.match(missing.stderr, /which is not a Node\.js that runs/);
});

test('children inherit a compile cache of this user, unless there is one or it is off', (t) => {
  const text = "process.stdout.write(String(process.env['NODE_COMPILE_CACHE']));";
  const folder = makePackage(t, text);
  const launcher = join(folder, 'bin', 'zproxy.js');
  const env = { XDG_CACHE_HOME: folder, NODE_COMPILE_CACHE: undefined };
  const run = (more: LaunchOptions['env']): string =>
    launch(process.execPath, [], { launcher, env: { ...env, ...more } }).stdout;
  assert.equal(run({}), join(folder, 'zproxy', 'compile'));
  assert.equal(run({ NODE_COMPILE_CACHE: join(folder, 'own') }), join(folder, 'own'));
  assert.equal(run({ NODE_DISABLE_COMPILE_CACHE: '1' }), 'undefined');
});

test('a package without its bundle says so', (t) => {
  const launcher = join(makePackage(t, null), 'bin', 'zproxy.js');
  const { status, stderr } = launch(process.execPath, [], { launcher });
  assert.equal(status, 4);
  assert.match(stderr, /dist\/cli\.js is missing: install the package again/);
});

/** Sends its parent, the launcher, a signal; exits with 7 when it is passed on. */
const SIGNAL_ENTRY = `
const [signal] = process.argv.slice(2);
if (signal === 'SIGKILL') process.kill(process.pid, signal);
const timer = setInterval(() => {}, 1000);
process.on(signal, () => process.stdout.write('got ' + signal + '\\n', () => process.exit(7)));
process.kill(process.ppid, signal);
`;

/** A package as it is installed: the launcher and a bundle. */
function makePackage(t: Parameters<typeof makeFolder>[0], entry: string | null): string {
  const folder = makeFolder(t);
  mkdirSync(join(folder, 'bin'));
  mkdirSync(join(folder, 'dist'));
  writeFileSync(join(folder, 'package.json'), '{ "name": "zproxy", "type": "module" }');
  copyFileSync(LAUNCHER, join(folder, 'bin', 'zproxy.js'));
  if (entry !== null) writeFileSync(join(folder, 'dist', 'cli.js'), entry);
  return folder;
}

function findOldNode(): string | null {
  for (const folder of ['/usr/bin', '/usr/local/bin', '/bin']) {
    const path = join(folder, 'node');
    const { status, stdout } = spawnSync(path, ['--version'], { encoding: 'utf8' });
    const major = status === 0 ? Number(/^v(\d+)\./.exec(stdout)?.[1]) : 0;
    if (major >= 18 && major < 26) return path;
  }
  return null;
}

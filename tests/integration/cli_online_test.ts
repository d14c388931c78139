// The commands that talk to a running process, from the command line to real workers.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { Config } from '../../src/config/config.ts';
import { parseExposition } from '../support/exposition.ts';
import { findProgram } from '../support/find_program.ts';
import { send } from './http_client.ts';
import {
  type ProxyProcess,
  simpleConfig,
  startOrigin,
  startProxy,
  until,
} from './proxy_process.ts';
import { type CliResult, runCli } from './run_cli.ts';

interface Bench {
  readonly proxy: ProxyProcess;
  readonly config: Config;
  /** Requests to `/held`, which the origin answers when the test says so. */
  readonly held: ServerResponse[];
}

async function start(t: TestContext, more: Partial<Config> = {}): Promise<Bench> {
  const held: ServerResponse[] = [];
  const origin = await startOrigin(t, (request, response) => {
    if (request.url === '/held') held.push(response);
    else response.end(request.url);
  });
  const config = simpleConfig(origin, more);
  return { proxy: await startProxy(t, config), config, held };
}

/** As a user calls it in the folder of the configuration. */
function cli({ proxy }: Bench, ...args: string[]): Promise<CliResult> {
  return runCli(args, { cwd: proxy.folder, env: { XDG_RUNTIME_DIR: proxy.folder } });
}

function write({ proxy, config }: Bench, more: Partial<Config>): void {
  const text = JSON.stringify({ control: 'control.sock', ...config, ...more }, null, 2);
  writeFileSync(proxy.configFile, text);
}

test('reload changes routes, says what it changed, and says when nothing did', async (t) => {
  const bench = await start(t);
  const unchanged = await cli(bench, 'reload');
  assert.deepEqual(unchanged, { code: 0, stdout: 'nothing has changed\n', stderr: '' });
  write(bench, {
    routes: [...bench.config.routes, { name: 'said', path: '/said', respond: { body: 'new' } }],
  });
  const changed = await cli(bench, 'reload');
  assert.deepEqual([changed.code, changed.stderr], [0, '']);
  assert.match(changed.stdout, /^reloaded: 1 change\n {2}route said: added\n/);
  assert.equal((await send(`${bench.proxy.url()}/said`)).body, 'new');
  const { reloads } = await bench.proxy.status();
  assert.deepEqual([reloads.ok, reloads.failed, reloads.lastFailure], [2, 0, '']);
  assert.match((await cli(bench, 'status')).stdout, /^reloads +ok 2 \(20/m);
});

test('reload prints the errors of a broken file; the process is still found', async (t) => {
  const bench = await start(t);
  const text = readFileSync(bench.proxy.configFile, 'utf8');
  writeFileSync(bench.proxy.configFile, text.replace('"routes"', '"ruotes"'));
  const refused = await cli(bench, 'reload');
  assert.equal(refused.code, 1);
  assert.equal(refused.stdout, '');
  assert.match(refused.stderr, /zproxy\.json:\d+:\d+: ZP_CONFIG_UNKNOWN_KEY: ruotes: unknown key/);
  assert.match(refused.stderr, /\nzproxy: not reloaded, the old configuration serves on\n$/);
  const json = JSON.parse((await cli(bench, 'reload', '--json')).stdout);
  assert.equal(json.errors[0].code, 'ZP_CONFIG_UNKNOWN_KEY');
  writeFileSync(bench.proxy.configFile, '{ "listeners": [');
  assert.equal((await cli(bench, 'status')).code, 0);
  assert.equal((await send(`${bench.proxy.url()}/x`)).body, '/x');
  const families = parseExposition((await cli(bench, 'metrics')).stdout);
  assert.equal(families.get('zproxy_reloads_total')!.samples.get('result="failed"'), 2);
  assert.equal(families.get('zproxy_reload_last_successful')!.samples.get(''), 0);
});

test('metrics are those of the workers, and promtool is content', async (t) => {
  const bench = await start(t, { workers: 2 });
  for (let i = 0; i < 5; i++) await send(`${bench.proxy.url()}/${i}`);
  const metrics = await cli(bench, 'metrics');
  assert.equal(metrics.code, 0);
  const families = parseExposition(metrics.stdout);
  assert.equal(families.get('zproxy_requests_total')!.samples.get(''), 5);
  assert.equal(families.get('zproxy_responses_total')!.samples.get('class="2xx"'), 5);
  assert.equal(families.get('zproxy_worker_ready')!.samples.size, 2);
  const [endpoint] = families.get('zproxy_endpoint_requests_total')!.samples;
  assert.match(endpoint![0], /^upstream="origin",endpoint="http:\/\/127\.0\.0\.1:\d+"$/);
  assert.equal(endpoint![1], 5);
  if (findProgram('promtool') === undefined) {
    t.diagnostic('promtool is not installed (Debian: prometheus)');
    return;
  }
  const options = { input: metrics.stdout, encoding: 'utf8' } as const;
  const result = spawnSync('promtool', ['check', 'metrics'], options);
  assert.deepEqual([result.stdout, result.stderr, result.status], ['', '', 0]);
});

test('metrics have a listener of their own, which a reload opens, moves and closes', async (t) => {
  const bench = await start(t);
  const path = (name: string): string => join(bench.proxy.folder, name);
  const ask = (name: string, url: string): Promise<number> =>
    send(`http://metrics${url}`, { socketPath: path(name) }).then(({ status }) => status);
  write(bench, { metrics: { address: `unix:${path('one.sock')}` } });
  assert.equal((await cli(bench, 'reload')).code, 0);
  assert.equal(await ask('one.sock', '/metrics'), 200);
  assert.equal(await ask('one.sock', '/healthz'), 200);
  assert.equal(await ask('one.sock', '/status'), 404);
  write(bench, { metrics: { address: `unix:${path('two.sock')}` } });
  assert.equal((await cli(bench, 'reload')).code, 0);
  assert.equal(await ask('two.sock', '/metrics'), 200);
  assert.ok(!existsSync(path('one.sock')));
  write(bench, { metrics: { address: 'unix:/nowhere/at/all.sock' } });
  const refused = await cli(bench, 'reload');
  assert.equal(refused.code, 1);
  assert.match(refused.stderr, /metrics.*cannot listen on unix:\/nowhere.*folder does not exist/);
  assert.equal(await ask('two.sock', '/metrics'), 200, 'the old one serves on');
  write(bench, {});
  assert.equal((await cli(bench, 'reload')).code, 0);
  assert.ok(!existsSync(path('two.sock')));
});

test('a reload moves the control socket, and answers through the old one', async (t) => {
  const bench = await start(t);
  const { control: _, ...rest } = JSON.parse(readFileSync(bench.proxy.configFile, 'utf8'));
  writeFileSync(bench.proxy.configFile, JSON.stringify(rest));
  const moved = await cli(bench, 'reload');
  assert.deepEqual([moved.code, moved.stderr], [0, '']);
  assert.match(moved.stdout, /control: changed/);
  assert.ok(!existsSync(bench.proxy.controlPath));
  assert.equal((await cli(bench, 'status')).code, 0);
  write(bench, {});
  assert.equal((await cli(bench, 'reload')).code, 0);
  assert.ok(existsSync(bench.proxy.controlPath));
  assert.equal((await cli(bench, 'status')).code, 0);
});

test('drain --wait returns when the process has ended, and open exchanges with it', async (t) => {
  const bench = await start(t);
  const { proxy, held } = bench;
  const answer = send(`${proxy.url()}/held`);
  await until('the origin has the request', () => held.length > 0);
  const drained = cli(bench, 'drain', '--wait');
  await until('it drains', () => proxy.stderr.includes(' draining '));
  assert.ok(!proxy.hasExited);
  held[0]!.end('late');
  assert.equal((await answer).body, 'late');
  const result = await drained;
  assert.deepEqual([result.code, result.stderr], [0, '']);
  assert.match(result.stdout, /^draining, 1 connection open\nended\n$/);
  assert.equal(await proxy.exit(), 0);
  assert.equal((await cli(bench, 'drain')).code, 3);
});

test('upgrade becomes the version that is called, in the same process', async (t) => {
  const bench = await start(t);
  const { proxy, held } = bench;
  await send(`${proxy.url()}/before`);
  const before = await proxy.status();
  const answer = send(`${proxy.url()}/held`);
  await until('the origin has the request', () => held.length > 0);
  const result = await cli(bench, 'upgrade');
  assert.deepEqual([result.code, result.stderr], [0, '']);
  assert.match(result.stdout, new RegExp(`^upgraded from (\\S+) to \\1, process ${proxy.pid}\n$`));
  const after = await proxy.status();
  assert.notEqual(after.startedAtSeconds, before.startedAtSeconds);
  assert.deepEqual([after.pid, after.upgrades.ok], [proxy.pid, 1]);
  assert.ok(after.requests.total >= 2, 'counters are handed over');
  assert.equal(after.retiring.length, 1);
  assert.match((await cli(bench, 'status')).stdout, /^retiring +worker 0 as \d+/m);
  held[0]!.end('late');
  assert.equal((await answer).body, 'late', 'what was open is finished');
  assert.equal((await send(`${proxy.url()}/after`)).body, '/after');
});

test('upgrade that is refused says why, and the old version serves on', async (t) => {
  const bench = await start(t);
  const text = readFileSync(bench.proxy.configFile, 'utf8');
  writeFileSync(bench.proxy.configFile, text.replace('"routes"', '"ruotes"'));
  const result = await cli(bench, 'upgrade');
  assert.deepEqual([result.code, result.stdout], [1, '']);
  assert.match(result.stderr, /^zproxy: not upgraded, \S+ serves on: .*ruotes/s);
  assert.equal((await send(`${bench.proxy.url()}/x`)).body, '/x');
  const { upgrades } = await bench.proxy.status();
  assert.deepEqual([upgrades.ok, upgrades.failed], [0, 1]);
});

// Reloads of a supervisor whose workers keep to the protocol, or break it as the test says
// (tests/support/scripted_worker.ts). What real workers do: reload_test.ts.

import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { get } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { loadConfig } from '../../src/server/load_config.ts';
import type { FlushableLog } from '../../src/server/log.ts';
import { Supervisor } from '../../src/server/supervisor.ts';
import { until } from './proxy_process.ts';

const WORKER: string = fileURLToPath(new URL('../support/scripted_worker.ts', import.meta.url));

interface Bench {
  readonly supervisor: Supervisor;
  readonly folder: string;
  readonly lines: string[];
  /** Writes another configuration. */
  write(changes: object): void;
  /** Body of the first route, as the proxy at that listener answers. */
  ask(index?: number): Promise<string>;
}

function configOf(folder: string, changes: object): string {
  const config = {
    control: join(folder, 'control.sock'),
    listeners: [{ address: '127.0.0.1:0' }],
    upstreams: {},
    routes: [answers('one')],
    workers: 2,
    accessLog: false,
    ...changes,
  };
  return JSON.stringify(config, null, 2);
}

/** A route that is there for its answer, and one that tells workers what to do wrong. */
function answers(body: string): object {
  return { path: '/', respond: { body } };
}
function misbehaves(name: string): object {
  return { name, path: `/${name}`, respond: { body: name } };
}

async function startBench(t: TestContext, changes: object = {}): Promise<Bench> {
  const folder = mkdtempSync(join(tmpdir(), 'zproxy-reload-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const configFile = join(folder, 'zproxy.json');
  const write = (next: object): void => writeFileSync(configFile, configOf(folder, next));
  write(changes);
  const lines: string[] = [];
  const log: FlushableLog = {
    log: (_level, text) => lines.push(text),
    flushed: async () => true,
  };
  const interruption = new AbortController().signal;
  const result = await loadConfig(configFile, { interruption });
  assert.ok('snapshot' in result, JSON.stringify(result));
  const supervisor = new Supervisor(
    {
      configFile,
      version: '1.2.3',
      log,
      signals: null,
      formatMetrics: () => '',
      workerEntry: WORKER,
    },
    result.snapshot,
  );
  t.after(async () => {
    supervisor.drain('the end of the test');
    await supervisor.ended;
  });
  await supervisor.start();
  const ask = (index = 0): Promise<string> => request(supervisor.addresses[index]!);
  return { supervisor, folder, lines, write, ask };
}

function request(address: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const target = address.startsWith('unix:')
      ? { socketPath: address.slice(5) }
      : { host: '127.0.0.1', port: Number(/\d+$/.exec(address)![0]) };
    const sent = get({ ...target, path: '/', agent: false }, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (text: string) => {
        body += text;
      });
      response.on('end', () => resolve(body));
      response.on('error', reject);
    });
    sent.on('error', reject);
  });
}

function pids(supervisor: Supervisor): number[] {
  return supervisor.status().workers.map(({ pid }) => pid);
}

function openDescriptors(): number {
  return readdirSync('/proc/self/fd').length;
}

test('Supervisor.reload() swaps data in the workers that run', async (t) => {
  const bench = await startBench(t);
  const { supervisor } = bench;
  const [address] = supervisor.addresses;
  const before = pids(supervisor);
  assert.match(await bench.ask(), /^one from /);
  bench.write({ routes: [answers('two')] });
  const outcome = await supervisor.reload('a test');
  assert.ok(outcome.kind === 'applied', JSON.stringify(outcome));
  assert.equal(outcome.areWorkersReplaced, false);
  assert.deepEqual(outcome.changes, ['route */: changed (action)']);
  for (let i = 0; i < 8; i++) assert.match(await bench.ask(), /^two from /);
  assert.deepEqual(pids(supervisor), before);
  assert.deepEqual(supervisor.addresses, [address], 'a port that was picked stays');
  const status = supervisor.status();
  assert.equal(status.configHash, outcome.configHash);
  assert.equal(status.reloads.ok, 1);
  assert.ok(status.reloads.lastSuccessSeconds > 1e9);
  assert.match(bench.lines.at(-1)!, /^reloaded, because of a test: /);
});

test('Supervisor.reload() says that nothing has changed', async (t) => {
  const bench = await startBench(t);
  const outcome = await bench.supervisor.reload('a test');
  assert.equal(outcome.kind, 'unchanged');
});

test('Supervisor.reload() refuses a bad file with all of its errors, and serves on', async (t) => {
  const bench = await startBench(t);
  const hash = bench.supervisor.status().configHash;
  bench.write({ routes: [{ path: '/', upsteam: 'none' }], workers: -1 });
  const outcome = await bench.supervisor.reload('a test');
  assert.ok(outcome.kind === 'refused');
  assert.ok(outcome.errors.length >= 2, JSON.stringify(outcome.errors));
  assert.match(outcome.reason, /zproxy\.json:\d+:\d+: ZP_CONFIG_/);
  assert.match(await bench.ask(), /^one from /);
  const status = bench.supervisor.status();
  assert.equal(status.configHash, hash);
  assert.equal(status.reloads.failed, 1);
  assert.equal(status.reloads.lastFailure, outcome.reason);
  assert.match(bench.lines.at(-1)!, /^reload refused, because of a test: /);
});

for (const [name, reason] of [
  ['refuse', /^zproxy\.json:7:3: ZP_SCRIPTED: I do not like it \(said by worker [01]\)$/],
  ['die', /ZP_WORKER_CRASHED: it died \(ended by SIGKILL\) \(said by worker [01]\)/],
  ['mistake', /worker [01] has compiled another snapshot \(another\)/],
] as const) {
  test(`Supervisor.reload() changes nothing where workers ${name}`, async (t) => {
    const bench = await startBench(t);
    const { supervisor } = bench;
    const descriptors = openDescriptors();
    bench.write({
      routes: [answers('two'), misbehaves(name)],
      listeners: [{ address: '127.0.0.1:0' }, { address: `unix:${join(bench.folder, 'new')}` }],
      control: join(bench.folder, 'other.sock'),
    });
    const outcome = await supervisor.reload('a test');
    assert.ok(outcome.kind === 'refused');
    assert.match(outcome.reason, reason);
    await until('all workers serve', () =>
      supervisor.status().workers.every(({ state }) => state === 'ready'),
    );
    for (let i = 0; i < 4; i++) assert.match(await bench.ask(), /^one from /);
    assert.equal(supervisor.addresses.length, 1);
    assert.ok(!existsSync(join(bench.folder, 'new')));
    assert.ok(!existsSync(join(bench.folder, 'other.sock')));
    await until('nothing is left open', () => openDescriptors() <= descriptors);
    bench.write({ routes: [answers('three')] });
    assert.equal((await supervisor.reload('a test')).kind, 'applied');
    assert.match(await bench.ask(), /^three from /);
  });
}

test('Supervisor.reload() gives up on a worker that does not answer', {
  skip: process.env['ZPROXY_TEST_FULL'] === '1' ? false : 'it takes 10 s',
}, async (t) => {
  const bench = await startBench(t);
  bench.write({ routes: [answers('two'), misbehaves('hang')] });
  const outcome = await bench.supervisor.reload('a test');
  assert.ok(outcome.kind === 'refused');
  assert.match(outcome.reason, /it did not answer within 10 s \(said by worker [01]\)/);
  assert.match(await bench.ask(), /^one from /);
});

test('Supervisor.reload() opens and closes listeners', async (t) => {
  const bench = await startBench(t);
  const { supervisor } = bench;
  const first = supervisor.addresses[0]!;
  const path = join(bench.folder, 'new.sock');
  bench.write({
    listeners: [
      { address: `unix:${path}` },
      { address: '127.0.0.1:0' },
      { address: '127.0.0.1:0' },
    ],
  });
  assert.equal((await supervisor.reload('a test')).kind, 'applied');
  assert.equal(supervisor.addresses[1], first, 'the one that stays keeps its port');
  for (const index of [0, 1, 2]) assert.match(await bench.ask(index), /^one from /);
  const last = supervisor.addresses[2]!;
  bench.write({ listeners: [{ address: '127.0.0.1:0' }] });
  assert.equal((await supervisor.reload('a test')).kind, 'applied');
  assert.deepEqual(supervisor.addresses, [first]);
  assert.match(await bench.ask(), /^one from /);
  assert.ok(!existsSync(path));
  await until('the address is free', () => request(last).then(() => false, isRefused));
});

function isRefused(error: NodeJS.ErrnoException): boolean {
  return error.code === 'ECONNREFUSED';
}

test('Supervisor.reload() refuses an address that is taken, and names its line', async (t) => {
  const other = await startBench(t);
  const bench = await startBench(t);
  const taken = other.supervisor.addresses[0]!;
  bench.write({ listeners: [{ address: '127.0.0.1:0' }, { address: taken }], workers: 3 });
  const outcome = await bench.supervisor.reload('a test');
  assert.ok(outcome.kind === 'refused');
  assert.match(outcome.reason, /zproxy\.json:\d+:\d+: ZP_ADDRESS_IN_USE: listeners\[1\]\.address/);
  assert.match(await bench.ask(), /^one from /);
  assert.equal(bench.supervisor.status().workers.length, 2);
});

test('Supervisor.reload() adds and takes workers, and every socket is served', async (t) => {
  const bench = await startBench(t);
  const { supervisor } = bench;
  for (const [round, workers] of [4, 1, 3, 2].entries()) {
    bench.write({ workers, routes: [answers(`round ${round}`)] });
    const outcome = await supervisor.reload('a test');
    assert.equal(outcome.kind, 'applied', JSON.stringify(outcome));
    const status = supervisor.status();
    assert.equal(status.workers.length, workers);
    assert.ok(status.workers.every(({ state }) => state === 'ready'));
    await until('the others are gone', () => supervisor.status().retiring.length === 0);
    const serving = new Set<string>();
    for (let i = 0; i < 40; i++) {
      const [, body, pid] = /^(.*) from (\d+)$/.exec(await bench.ask())!;
      assert.equal(body, `round ${round}`);
      serving.add(pid!);
    }
    assert.deepEqual([...serving].sort(), pids(supervisor).map(String).sort());
  }
});

test('Supervisor.reload() lets no new worker accept before all of them are ready', async (t) => {
  const bench = await startBench(t);
  const { supervisor } = bench;
  const before = pids(supervisor);
  bench.write({ transport: 'node', routes: [answers('two'), misbehaves('no-start')] });
  const outcome = await supervisor.reload('a test');
  assert.ok(outcome.kind === 'refused');
  assert.match(
    outcome.reason,
    /ZP_SCRIPTED: this worker does not start \(said by the new worker 0/,
  );
  assert.deepEqual(pids(supervisor), before);
  assert.match(await bench.ask(), /^one from /);
});

test('Supervisor.reload() replaces workers for what cannot change in place', async (t) => {
  const bench = await startBench(t);
  const { supervisor } = bench;
  const before = pids(supervisor);
  bench.write({ transport: 'node', routes: [answers('two')], workers: 3 });
  const outcome = await supervisor.reload('a test');
  assert.ok(outcome.kind === 'applied' && outcome.areWorkersReplaced, JSON.stringify(outcome));
  assert.equal(supervisor.status().workers.length, 3);
  for (const pid of pids(supervisor)) assert.ok(!before.includes(pid));
  for (let i = 0; i < 8; i++) assert.match(await bench.ask(), /^two from /);
  await until('the old ones are gone', () => supervisor.status().retiring.length === 0);
  assert.ok(supervisor.status().workers.every(({ deaths }) => deaths === 0));
});

test('Supervisor.reload() runs one at a time, and those that wait are one', async (t) => {
  const bench = await startBench(t);
  const { supervisor } = bench;
  bench.write({ routes: [answers('two')] });
  const first = supervisor.reload('the first');
  await until('it runs', () => true);
  const rest = [supervisor.reload('the second'), supervisor.reload('the third')];
  assert.equal((await first).kind, 'applied');
  assert.deepEqual(
    (await Promise.all(rest)).map(({ kind }) => kind),
    ['unchanged', 'unchanged'],
  );
  assert.equal(supervisor.status().reloads.ok, 2);
});

test('Supervisor.reload() takes in a worker that died just before', async (t) => {
  const bench = await startBench(t);
  const { supervisor } = bench;
  process.kill(pids(supervisor)[0]!, 'SIGKILL');
  bench.write({ routes: [answers('two')] });
  assert.equal((await supervisor.reload('a test')).kind, 'applied');
  await until('all workers serve', () =>
    supervisor.status().workers.every(({ state }) => state === 'ready'),
  );
  for (let i = 0; i < 12; i++) assert.match(await bench.ask(), /^two from /);
});

test('Supervisor.drain() ends a reload that is on its way', async (t) => {
  const bench = await startBench(t);
  const { supervisor } = bench;
  bench.write({ routes: [answers('two'), misbehaves('hang')] });
  const reload = supervisor.reload('a test');
  supervisor.drain('a test');
  const outcome = await reload;
  assert.equal(outcome.kind, 'refused');
  await supervisor.ended;
});

test('Supervisor.reload() keeps counters and the slots of endpoints', async (t) => {
  const endpoints = (ports: number[]): object => ({
    upstreams: { api: { endpoints: ports.map((port) => `http://127.0.0.1:${port}`) } },
    routes: [answers(`${ports}`), { path: '/api', upstream: 'api' }],
  });
  const bench = await startBench(t, endpoints([1, 2]));
  const slotsOf = (): string[] =>
    bench.supervisor.snapshot.upstreams[0]!.endpoints.map(({ url, slot }) => `${url}=${slot}`);
  await bench.ask();
  assert.deepEqual(slotsOf(), ['http://127.0.0.1:1=0', 'http://127.0.0.1:2=1']);
  bench.write(endpoints([3, 2]));
  assert.equal((await bench.supervisor.reload('a test')).kind, 'applied');
  assert.deepEqual(slotsOf(), ['http://127.0.0.1:3=2', 'http://127.0.0.1:2=1']);
  assert.equal(bench.supervisor.status().requests.total, 1);
});

test('Supervisor reloads by itself when a file changes, if that is wanted', async (t) => {
  const bench = await startBench(t, { watch: true });
  const { supervisor } = bench;
  bench.write({ watch: true, routes: [answers('two')] });
  await until('it has reloaded', () => supervisor.status().reloads.ok === 1);
  assert.match(await bench.ask(), /^two from /);
  bench.write({ watch: true, routes: 'none' });
  await until('it has refused', () => supervisor.status().reloads.failed === 1);
  bench.write({ routes: [answers('three')] });
  await until('it has reloaded', () => supervisor.status().reloads.ok === 2);
  assert.equal(supervisor.status().reloads.failed, 1, 'a bad file is reported once');
  assert.match(await bench.ask(), /^three from /);
});

test('Supervisor.reload() moves the control socket and the listener for metrics', async (t) => {
  const bench = await startBench(t, { metrics: { address: '127.0.0.1:0' } });
  const { supervisor } = bench;
  const control = join(bench.folder, 'other.sock');
  bench.write({ control, metrics: { address: `unix:${join(bench.folder, 'metrics.sock')}` } });
  const outcome = await supervisor.reload('a test');
  assert.equal(outcome.kind, 'applied', JSON.stringify(outcome));
  assert.equal(supervisor.controlPath, control);
  assert.ok(existsSync(control));
  assert.ok(existsSync(join(bench.folder, 'metrics.sock')));
  assert.ok(!existsSync(join(bench.folder, 'control.sock')));
  bench.write({});
  assert.equal((await supervisor.reload('a test')).kind, 'applied');
  assert.ok(!existsSync(join(bench.folder, 'metrics.sock')));
});

test('Supervisor stays flat over many reloads', async (t) => {
  const bench = await startBench(t, { workers: 1 });
  const { supervisor } = bench;
  const round = async (i: number): Promise<void> => {
    const address = `unix:${join(bench.folder, `${i % 2}.sock`)}`;
    bench.write({
      workers: 1 + (i % 2),
      routes: [answers(`${i}`)],
      listeners: [{ address: '127.0.0.1:0' }, { address }],
    });
    const outcome = await supervisor.reload('a test');
    assert.equal(outcome.kind, 'applied', JSON.stringify(outcome));
    await until('the others are gone', () => supervisor.status().retiring.length === 0);
  };
  for (let i = 0; i < 4; i++) await round(i);
  const descriptors = openDescriptors();
  const worker = pids(supervisor)[0];
  const workerDescriptors = readdirSync(`/proc/${worker}/fd`).length;
  for (let i = 4; i < 16; i++) await round(i);
  assert.ok(openDescriptors() <= descriptors, `${openDescriptors()} of ${descriptors}`);
  assert.ok(readdirSync(`/proc/${worker}/fd`).length <= workerDescriptors);
  assert.match(readFileSync(`/proc/${process.pid}/status`, 'utf8'), /^VmRSS/m);
});

// The life of workers and the end of a proxy: deaths, replacements, drains, signals, logs.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, openSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { Agent, request, type ServerResponse } from 'node:http';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { Config } from '../../src/config/config.ts';
import { allowedCores } from '../../src/sys/process.ts';
import { send } from './http_client.ts';
import {
  isRunning,
  makeFolder,
  type ProxyProcess,
  simpleConfig,
  startOrigin,
  startProxy,
  until,
} from './proxy_process.ts';

const isFull: boolean = process.env['ZPROXY_TEST_FULL'] === '1';

interface SlowBench {
  readonly proxy: ProxyProcess;
  /** Requests to `/slow` that the origin holds. */
  readonly held: ServerResponse[];
}

/** A proxy in front of an origin that answers `/slow` only when the test says so. */
async function startSlow(t: TestContext, more: Partial<Config> = {}): Promise<SlowBench> {
  const held: ServerResponse[] = [];
  const origin = await startOrigin(t, (request, response) => {
    if (request.url === '/slow') held.push(response);
    else response.end('quick');
  });
  return { proxy: await startProxy(t, simpleConfig(origin, more)), held };
}

/** Sends a request that the origin holds; `answer` is its body, or `failed: ...`. */
async function holdOne(bench: SlowBench): Promise<{ answer: Promise<string> }> {
  const answer = send(`${bench.proxy.url()}/slow`).then(
    ({ body }) => body,
    (error: Error) => `failed: ${error.message}`,
  );
  await until('the origin has the request', () => bench.held.length > 0);
  return { answer };
}

for (const transport of ['uring', 'node'] as const) {
  test(`a worker that is killed is replaced at once, and counted (${transport})`, async (t) => {
    await testReplacement(t, transport === 'uring' ? 'auto' : 'node');
  });
  test(`TERM refuses new connections and lets an exchange end (${transport})`, async (t) => {
    await testDrain(t, transport === 'uring' ? 'auto' : 'node');
  });
}

async function testReplacement(t: TestContext, transport: 'auto' | 'node'): Promise<void> {
  const { proxy } = await startSlow(t, { transport });
  const [pid] = await proxy.workerPids();
  assert.equal((await send(proxy.url())).body, 'quick');
  process.kill(pid!, 'SIGKILL');
  const killedMs = performance.now();
  // It waits in the queue of the socket that the successor inherits.
  assert.equal((await send(proxy.url())).body, 'quick');
  t.diagnostic(`served ${Math.round(performance.now() - killedMs)} ms after the kill`);
  const status = await proxy.status();
  assert.equal(status.workers[0]?.deaths, 1);
  assert.equal(status.workers[0]?.lastDeath, 'ended by SIGKILL');
  assert.notEqual(status.workers[0]?.pid, pid);
  assert.equal(status.requests.total, 2, 'what the dead one counted is kept');
  await until('none is open', async () => (await proxy.status()).connections.open === 0);
  assert.match(proxy.stderr, new RegExp(`error worker 0 \\(pid ${pid}\\) died: ended by SIGKILL`));
}

test('a worker that dies again and again is replaced after a growing delay', async (t) => {
  const { proxy } = await startSlow(t);
  const seen = new Set<number>();
  while (!proxy.stderr.includes('started again in 0.2 s')) {
    const pid = await until('a new worker', async () => {
      const [current] = await proxy.workerPids();
      return current !== 0 && !seen.has(current!) ? current : 0;
    });
    seen.add(pid);
    process.kill(pid, 'SIGKILL');
    await until('it is gone', () => proxy.stderr.includes(`(pid ${pid}) died`));
  }
  assert.match(proxy.stderr, /worker 0 is started again in 0\.1 s/);
  assert.equal((await send(proxy.url())).body, 'quick');
});

test('a worker whose loop stands still is killed and replaced', {
  skip: isFull ? false : 'it takes the 10 s of the heartbeat: ZPROXY_TEST_FULL=1 runs it',
}, async (t) => {
  const { proxy } = await startSlow(t);
  const [pid] = await proxy.workerPids();
  process.kill(pid!, 'SIGSTOP');
  const stoppedMs = performance.now();
  // It waits in the queue of the socket that the successor inherits.
  assert.equal((await send(proxy.url())).body, 'quick');
  t.diagnostic(`served ${Math.round(performance.now() - stoppedMs)} ms after it stood still`);
  const [worker] = (await proxy.status()).workers;
  assert.match(worker!.lastDeath, /loop stood still for 10 s/);
  assert.equal(worker!.deaths, 1);
  assert.notEqual(worker!.pid, pid);
});

async function testDrain(t: TestContext, transport: 'auto' | 'node'): Promise<void> {
  const bench = await startSlow(t, { workers: 2, transport });
  const { proxy, held } = bench;
  const { answer } = await holdOne(bench);
  proxy.signal('SIGTERM');
  await until('new connections are refused', async () => {
    const result = await send(proxy.url()).catch((error: NodeJS.ErrnoException) => error);
    return 'code' in result && result.code === 'ECONNREFUSED';
  });
  assert.equal((await proxy.status()).state, 'draining');
  assert.ok(!proxy.hasExited);
  held[0]!.end('slow');
  assert.equal(await answer, 'slow');
  assert.equal(await proxy.exit(), 0);
  assert.ok(!existsSync(proxy.controlPath));
}

test('an idle connection is closed by a drain', async (t) => {
  const { proxy } = await startSlow(t);
  const agent = new Agent({ keepAlive: true });
  t.after(() => agent.destroy());
  assert.equal((await send(proxy.url(), { agent })).body, 'quick');
  await until('one connection is open', async () => (await proxy.status()).connections.open === 1);
  proxy.signal('SIGINT');
  assert.equal(await proxy.exit(), 0);
});

test('the deadline of a drain resets what is left', async (t) => {
  const bench = await startSlow(t, { timeouts: { drain: '300ms' } });
  const { answer } = await holdOne(bench);
  bench.proxy.signal('SIGTERM');
  assert.match(await answer, /^failed/);
  assert.equal(await bench.proxy.exit(), 0);
  assert.match(bench.proxy.stderr, /the drain is over: 1 connection is reset/);
});

test('a second TERM at once changes nothing, after a second it ends the drain', async (t) => {
  const bench = await startSlow(t);
  const { proxy } = bench;
  const { answer } = await holdOne(bench);
  proxy.signal('SIGTERM');
  proxy.signal('SIGTERM');
  await until('it drains', () => proxy.stderr.includes(' draining '));
  const drainedMs = performance.now();
  await until('a second has passed', () => performance.now() - drainedMs > 1_100);
  assert.ok(!proxy.hasExited);
  proxy.signal('SIGTERM');
  assert.match(await answer, /^failed/);
  assert.equal(await proxy.exit(), 0);
  assert.match(proxy.stderr, /the drain is ended, because of SIGTERM/);
});

test('workers finish and exit when the supervisor is killed', async (t) => {
  const bench = await startSlow(t, { workers: 2 });
  const pids = await bench.proxy.workerPids();
  const { answer } = await holdOne(bench);
  bench.proxy.signal('SIGKILL');
  await until('the workers know', () => bench.proxy.stderr.includes('the supervisor is gone'));
  bench.held[0]!.end('slow');
  assert.equal(await answer, 'slow');
  await until('the workers are gone', () => pids.every((pid) => !isRunning(pid)));
});

test('workers ignore TERM and INT, which a terminal sends to the whole group', async (t) => {
  const { proxy } = await startSlow(t);
  const [pid] = await proxy.workerPids();
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGUSR1', 'SIGHUP'] as const) {
    process.kill(pid!, signal);
  }
  assert.equal((await send(proxy.url())).body, 'quick');
  assert.deepEqual(await proxy.workerPids(), [pid]);
});

test('the access log has a line for each request, and USR1 reopens it', async (t) => {
  const folder = makeFolder(t);
  const path = join(folder, 'access.log');
  const { proxy } = await startSlow(t, { accessLog: { to: path } });
  await send(`${proxy.url()}/one`);
  await until('the first line', () => readFileSync(path, 'utf8').includes('/one'));
  const line = JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown>;
  assert.equal(line['status'], 200);
  renameSync(path, `${path}.1`);
  proxy.signal('SIGUSR1');
  await until('logs are reopened', () => existsSync(path));
  await until('the new file is used', async () => {
    await send(`${proxy.url()}/two`);
    return readFileSync(path, 'utf8').includes('/two');
  });
  await send(`${proxy.url()}/last`);
  proxy.signal('SIGTERM');
  assert.equal(await proxy.exit(), 0);
  assert.match(readFileSync(path, 'utf8'), /\/last/, 'the last line is written before the end');
});

test('access lines go to standard output, of all workers and whole', async (t) => {
  const { proxy } = await startSlow(t, { workers: 2, accessLog: { format: 'json' } });
  await Promise.all(
    Array.from({ length: 60 }, (_, i) => send(`${proxy.url()}/${i}${'x'.repeat(100)}`)),
  );
  proxy.signal('SIGTERM');
  assert.equal(await proxy.exit(), 0);
  const lines = proxy.stdout.trimEnd().split('\n');
  assert.equal(lines.length, 60);
  for (const line of lines) JSON.parse(line);
});

test('a standard output that nobody reads costs log lines, not requests', async (t) => {
  const path = join(makeFolder(t), 'stdout.fifo');
  execFileSync('sh', ['-c', 'mkfifo "$0"', path]);
  const stdout = openSync(path, 'r+');
  const origin = await startOrigin(t, (_request, response) => response.end('quick'));
  const template = `{method} ${'x'.repeat(8_000)}`;
  const config = simpleConfig(origin, { accessLog: { format: template } });
  const proxy = await startProxy(t, config, { stdout });
  for (let i = 0; i < 120; i++) assert.equal((await send(proxy.url())).status, 200);
  const { accessLog, requests } = await proxy.status();
  assert.equal(requests.total, 120);
  assert.ok(accessLog.dropped > 0, JSON.stringify(accessLog));
  assert.equal(accessLog.dropped + accessLog.lines, 120);
  proxy.signal('SIGTERM');
  assert.equal(await proxy.exit(), 0, 'a write that is stuck does not hold up the end');
});

test('two workers share the connections of a TCP listener', async (t) => {
  const { proxy } = await startSlow(t, { workers: 2 });
  const agents = Array.from({ length: 60 }, () => new Agent({ keepAlive: true }));
  t.after(() => {
    for (const agent of agents) agent.destroy();
  });
  await Promise.all(agents.map((agent) => send(proxy.url(), { agent })));
  const { workers } = await proxy.status();
  const counts = workers.map((worker) => worker.requests);
  assert.equal(counts[0]! + counts[1]!, 60);
  assert.ok(Math.min(...counts) >= 10, `they served ${counts.join(' and ')}`);
});

test('two workers run on a core each', {
  skip: allowedCores().length < 2 ? 'this process may run on one core only' : false,
}, async (t) => {
  const { proxy } = await startSlow(t, { workers: 2 });
  const cores = (await proxy.workerPids()).map(
    (pid) => /^Cpus_allowed_list:\s*(\S+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1],
  );
  assert.deepEqual(cores, allowedCores().slice(0, 2).map(String));
});

test('the CLI asks a running proxy, and says where none runs', async (t) => {
  const { proxy } = await startSlow(t);
  const { runCli } = await import('./run_cli.ts');
  const status = await runCli(['status', '--config', proxy.configFile, '--json']);
  assert.equal(status.code, 0);
  assert.equal((JSON.parse(status.stdout) as { pid: number }).pid, proxy.pid);
  const other = join(makeFolder(t), 'zproxy.json');
  writeFileSync(other, JSON.stringify(simpleConfig('http://127.0.0.1:9')));
  const none = await runCli(['status', '--config', other]);
  assert.equal(none.code, 3);
});

test('a connection of a killed worker is reset, so that its client knows', async (t) => {
  const { proxy } = await startSlow(t);
  const [pid] = await proxy.workerPids();
  const sent = request(`${proxy.url()}/slow`, { agent: new Agent() });
  const failed = new Promise<string>((resolve) => {
    sent.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? ''));
  });
  sent.end();
  await until('it is being served', async () => (await proxy.status()).requests.open === 1);
  process.kill(pid!, 'SIGKILL');
  assert.equal(await failed, 'ECONNRESET');
});

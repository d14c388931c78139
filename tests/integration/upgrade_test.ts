// Upgrades of a running ZProxy in place, under load: no request fails, downloads and tunnels go on,
// counters and the process id stay. (That it is the same version does not matter to it.)

import assert from 'node:assert/strict';
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { LongDownload, LongTunnel, startLongOrigin } from '../support/long_exchanges.ts';
import { SteadyLoad } from '../support/steady_load.ts';
import { send } from './http_client.ts';
import {
  isRunning,
  type ProxyProcess,
  simpleConfig,
  startOrigin,
  startProxy,
  until,
} from './proxy_process.ts';
import { runCli } from './run_cli.ts';

const isFull: boolean = process.env['ZPROXY_TEST_FULL'] === '1';
const DOWNLOAD_BYTES: number = (isFull ? 1_024 : 48) * 1024 * 1024;
const UPGRADES: number = isFull ? 10 : 2;

/** Waits until it has been upgraded that often. */
async function upgraded(proxy: ProxyProcess, times: number): Promise<void> {
  await until('it is upgraded', async () => {
    const status = await proxy.status().catch(() => null);
    return status?.upgrades.ok === times && status.state === 'running';
  });
}

for (const transport of ['auto', 'node'] as const) {
  test(`an upgrade under load fails nothing, what is open goes on (${transport})`, async (t) => {
    const origin = await startLongOrigin(t);
    const proxy = await startProxy(t, simpleConfig(origin, { workers: 2, transport }));
    const before = await proxy.status();
    const pids = await proxy.workerPids();
    const load = new SteadyLoad(proxy.url());
    const download = await LongDownload.begin(proxy.url(), DOWNLOAD_BYTES);
    const tunnel = await LongTunnel.begin(proxy.url());
    await tunnel.echo('before');
    for (let i = 1; i <= UPGRADES; i++) {
      if (i === 1) {
        const result = await runCli(['upgrade', '--config', proxy.configFile]);
        assert.equal(result.code, 0, result.stderr);
      } else {
        proxy.signal('SIGUSR2');
      }
      await upgraded(proxy, i);
      await tunnel.echo(`after upgrade ${i}`);
    }
    const { answered, failures, bodies } = await load.stop();
    assert.deepEqual(failures, []);
    assert.deepEqual([...bodies.keys()], ['here']);
    const after = await proxy.status();
    assert.equal(after.pid, before.pid);
    assert.deepEqual(after.addresses, before.addresses);
    assert.ok(after.retiring.length > 0, 'who holds the tunnel is still there');
    assert.ok(after.requests.total >= answered, `${after.requests.total} of ${answered}`);
    await download.finish();
    await tunnel.end();
    await until('the old ones are gone', async () => (await proxy.status()).retiring.length === 0);
    for (const pid of pids) assert.ok(!isRunning(pid));
    const end = await proxy.status();
    assert.ok(end.bytes.sent > DOWNLOAD_BYTES, 'what old workers counted is kept');
    assert.deepEqual(
      end.workers.map(({ deaths }) => deaths),
      [0, 0],
    );
    proxy.signal('SIGTERM');
    assert.equal(await proxy.exit(), 0);
  });
}

test('an upgrade to a broken version is refused, and nothing changes', async (t) => {
  const origin = await startOrigin(t, (_request, response) => response.end('here'));
  const proxy = await startProxy(t, simpleConfig(origin));
  const [pid] = await proxy.workerPids();
  const launcher = join(proxy.folder, 'zproxy.mjs');
  writeFileSync(launcher, 'throw new Error("this build is broken");');
  const { status, body } = await proxy.upgrade(launcher);
  assert.equal(status, 409);
  assert.match((body as { error: string }).error, /this build is broken/);
  const report = await proxy.status();
  assert.equal(report.workers[0]!.pid, pid);
  assert.equal(report.upgrades.failed, 1);
  assert.equal((await send(proxy.url())).body, 'here');
});

test('signals around an upgrade neither end the proxy nor are they in the way', async (t) => {
  const origin = await startOrigin(t, (_request, response) => response.end('here'));
  const proxy = await startProxy(t, simpleConfig(origin));
  proxy.signal('SIGUSR2');
  proxy.signal('SIGUSR2');
  proxy.signal('SIGHUP');
  proxy.signal('SIGUSR1');
  await until('it is upgraded', async () => {
    const status = await proxy.status().catch(() => null);
    return (status?.upgrades.ok ?? 0) >= 1 && status?.state === 'running';
  });
  assert.equal((await send(proxy.url())).body, 'here');
  proxy.signal('SIGHUP');
  await until('it reloads', async () => (await proxy.status()).reloads.ok >= 1);
  proxy.signal('SIGTERM');
  assert.equal(await proxy.exit(), 0);
});

test('a worker that dies after an upgrade is replaced, as ever', async (t) => {
  const origin = await startOrigin(t, (_request, response) => response.end('here'));
  const proxy = await startProxy(t, simpleConfig(origin));
  proxy.signal('SIGUSR2');
  await upgraded(proxy, 1);
  const [pid] = await proxy.workerPids();
  process.kill(pid!, 'SIGKILL');
  assert.equal((await send(proxy.url())).body, 'here');
  const { workers } = await proxy.status();
  assert.equal(workers[0]!.deaths, 1);
  assert.notEqual(workers[0]!.pid, pid);
});

test('an old worker that stands still is killed when its time is over', async (t) => {
  const origin = await startOrigin(t, (_request, response) => response.end('here'));
  const proxy = await startProxy(t, simpleConfig(origin, { timeouts: { retire: '200ms' } }));
  const [pid] = await proxy.workerPids();
  process.kill(pid!, 'SIGSTOP');
  proxy.signal('SIGUSR2');
  await upgraded(proxy, 1);
  // The kernel may wake the one that stands still for it: then it is served with the next one.
  const first = send(proxy.url());
  await until('it is gone', async () => (await proxy.status()).retiring.length === 0);
  assert.ok(!isRunning(pid!));
  assert.equal((await send(proxy.url())).body, 'here');
  assert.equal((await first).body, 'here');
  assert.match(proxy.stderr, /which was replaced, died: ended by SIGKILL/);
});

test('old workers reopen their logs after an upgrade', async (t) => {
  const origin = await startLongOrigin(t);
  const accessLog = { to: 'access.log', format: '{path}' };
  const proxy = await startProxy(t, simpleConfig(origin, { accessLog }));
  const tunnel = await LongTunnel.begin(proxy.url());
  proxy.signal('SIGUSR2');
  await upgraded(proxy, 1);
  const path = join(proxy.folder, 'access.log');
  renameSync(path, `${path}.1`);
  proxy.signal('SIGUSR1');
  await until('the new file is there', () => existsSync(path));
  await until('all have it', async () => {
    await send(`${proxy.url()}/new`);
    return readFileSync(path, 'utf8').includes('/new');
  });
  await tunnel.end();
  await until('the old one is gone', async () => (await proxy.status()).retiring.length === 0);
  assert.match(readFileSync(path, 'utf8'), /^\/$/m, 'the line of the tunnel');
});

test('old workers drain and exit when the supervisor dies after an upgrade', async (t) => {
  const origin = await startLongOrigin(t);
  const proxy = await startProxy(t, simpleConfig(origin, { timeouts: { drain: '500ms' } }));
  const tunnel = await LongTunnel.begin(proxy.url());
  proxy.signal('SIGUSR2');
  await upgraded(proxy, 1);
  const { retiring, workers } = await proxy.status();
  const pids = [...retiring, ...workers].map(({ pid }) => pid);
  assert.equal(pids.length, 2);
  await tunnel.echo('still there');
  proxy.signal('SIGKILL');
  t.after(() => {
    for (const pid of pids) if (isRunning(pid)) process.kill(pid, 'SIGKILL');
  });
  await until('the new worker is gone', () => !isRunning(workers[0]!.pid));
});

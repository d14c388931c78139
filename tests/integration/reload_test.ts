// Reloads of a running ZProxy under load: no request fails, what is open goes on, memory and
// descriptors stay as they are.

import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { Config } from '../../src/config/config.ts';
import { LongDownload, LongTunnel, startLongOrigin } from '../support/long_exchanges.ts';
import { descriptorsCount, residentBytes } from '../support/process_usage.ts';
import { SteadyLoad } from '../support/steady_load.ts';
import { send } from './http_client.ts';
import {
  makeFolder,
  ProxyProcess,
  simpleConfig,
  startOrigin,
  startProxy,
  until,
} from './proxy_process.ts';
import { runCli } from './run_cli.ts';

const isFull: boolean = process.env['ZPROXY_TEST_FULL'] === '1';
const DATA_RELOADS: number = isFull ? 1_000 : 12;
const CODE_RELOADS: number = isFull ? 50 : 2;
/** Reloads before the first measurement: pools, code and heaps have their size by then. */
const WARM_UP_SHARE = 0.2;
const GROWTH_BYTES_MAX: number = 24 * 1024 * 1024;

async function reload(proxy: ProxyProcess, config: Config): Promise<void> {
  proxy.write(config);
  const { status, body } = await proxy.reload();
  assert.equal(status, 200, JSON.stringify(body));
}

async function settled(proxy: ProxyProcess): Promise<void> {
  await until('no worker retires', async () => (await proxy.status()).retiring.length === 0);
}

/** Resident bytes and descriptors of the supervisor and its workers. */
async function usage(proxy: ProxyProcess): Promise<{ bytes: number; descriptors: number }> {
  const pids = [proxy.pid, ...(await proxy.workerPids())];
  return {
    bytes: pids.reduce((sum, pid) => sum + residentBytes(pid), 0),
    descriptors: pids.reduce((sum, pid) => sum + descriptorsCount(pid), 0),
  };
}

test(`${DATA_RELOADS} reloads of data under load fail nothing and leave nothing`, async (t) => {
  const origin = await startOrigin(t, (_request, response) => response.end('here'));
  const other = await startOrigin(t, (_request, response) => response.end('here'));
  const variant = (round: number): Config =>
    simpleConfig(origin, {
      workers: 2,
      upstreams: {
        origin: { endpoints: round % 2 === 0 ? [origin, other] : [origin] },
        [`spare_${round % 3}`]: { endpoints: [other] },
      },
      routes: [
        { path: '/private', respond: { status: 403 } },
        { path: `/only/${round}`, upstream: `spare_${round % 3}` },
        { upstream: 'origin' },
      ],
    });
  const proxy = await startProxy(t, variant(0));
  const pids = await proxy.workerPids();
  const load = new SteadyLoad(proxy.url());
  const warmUp = Math.ceil(DATA_RELOADS * WARM_UP_SHARE);
  for (let round = 1; round <= warmUp; round++) await reload(proxy, variant(round));
  const before = await usage(proxy);
  for (let round = warmUp + 1; round <= DATA_RELOADS; round++) await reload(proxy, variant(round));
  const after = await usage(proxy);
  const { answered, failures, bodies } = await load.stop();
  assert.deepEqual(failures, []);
  assert.deepEqual([...bodies.keys()], ['here']);
  assert.ok(answered > DATA_RELOADS);
  assert.equal((await send(`${proxy.url()}/only/${DATA_RELOADS}`)).status, 200);
  const status = await proxy.status();
  assert.equal(status.reloads.ok, DATA_RELOADS);
  assert.deepEqual(await proxy.workerPids(), pids, 'workers stay');
  assert.ok(status.requests.total >= answered, 'counters are kept');
  const growth = after.bytes - before.bytes;
  t.diagnostic(`${answered} requests; ${Math.round(growth / 1024)} KiB more`);
  if (isFull) assert.ok(growth < GROWTH_BYTES_MAX, `${growth} bytes more`);
  assert.ok(after.descriptors <= before.descriptors + 16, JSON.stringify([before, after]));
});

test(`${CODE_RELOADS} reloads of code under load fail no request`, async (t) => {
  const origin = await startOrigin(t, (_request, response) => response.end('here'));
  const proxy = await startStamped(t, simpleConfig(origin, { workers: 2 }));
  assert.equal((await send(proxy.url())).headers['x-stamp'], '0');
  const load = new SteadyLoad(proxy.url());
  let before = { bytes: 0, descriptors: 0 };
  for (let round = 1; round <= CODE_RELOADS; round++) {
    writeFileSync(join(proxy.folder, 'stamp.mjs'), stamp(round));
    const { status, body } = await proxy.reload();
    assert.equal(status, 200, JSON.stringify(body));
    assert.equal((body as { workersReplaced: boolean }).workersReplaced, true);
    assert.equal((await send(proxy.url())).headers['x-stamp'], String(round));
    await settled(proxy);
    if (round === Math.ceil(CODE_RELOADS * WARM_UP_SHARE)) before = await usage(proxy);
  }
  const after = await usage(proxy);
  const { answered, failures, bodies } = await load.stop();
  assert.deepEqual(failures, []);
  assert.deepEqual([...bodies.keys()], ['here']);
  const growth = after.bytes - before.bytes;
  t.diagnostic(`${answered} requests; ${Math.round(growth / 1024)} KiB more`);
  if (isFull) assert.ok(growth < GROWTH_BYTES_MAX, `${growth} bytes more`);
  assert.ok(after.descriptors <= before.descriptors + 16, JSON.stringify([before, after]));
  assert.ok((await proxy.status()).workers.every(({ deaths }) => deaths === 0));
});

/** A proxy with a middleware of the user's, in a file that a test writes again. */
async function startStamped(t: TestContext, config: Config): Promise<ProxyProcess> {
  const folder = makeFolder(t);
  writeFileSync(join(folder, 'stamp.mjs'), stamp(0));
  const middleware = [{ module: './stamp.mjs', name: 'stamp' }];
  const proxy = new ProxyProcess(folder, { ...config, middleware } as Config);
  t.after(() => proxy.kill());
  await proxy.ready();
  return proxy;
}

/** Middleware that says which version of it runs. */
function stamp(version: number): string {
  return `import { defineMiddleware } from 'zproxy';
export const stamp = defineMiddleware({
  name: 'stamp',
  create: () => ({
    onUpstreamResponse: (response) => response.headers.set('x-stamp', '${version}'),
  }),
});
`;
}

test('downloads and tunnels go on over reloads of data and of code', async (t) => {
  const origin = await startLongOrigin(t);
  const config = simpleConfig(origin, { workers: 1 });
  const proxy = await startStamped(t, config);
  const download = await LongDownload.begin(proxy.url(), 48 * 1024 * 1024);
  const tunnel = await LongTunnel.begin(proxy.url());
  await tunnel.echo('before');
  const middleware = [{ module: './stamp.mjs', name: 'stamp' }];
  await reload(proxy, {
    ...config,
    middleware,
    upstreams: { ...config.upstreams, more: { endpoints: [origin] } },
    routes: [{ path: '/more', upstream: 'more' }, ...config.routes],
  } as Config);
  await tunnel.echo('after a reload of data');
  writeFileSync(join(proxy.folder, 'stamp.mjs'), stamp(1));
  assert.equal((await proxy.reload()).status, 200);
  await tunnel.echo('after a reload of code');
  const status = await proxy.status();
  assert.equal(status.retiring.length, 1);
  assert.equal(status.retiring[0]!.connectionsOpen, 2);
  assert.equal((await send(proxy.url())).headers['x-stamp'], '1');
  await download.finish();
  await tunnel.echo('after the download');
  await tunnel.end();
  await settled(proxy);
});

test('timeouts.retire bounds how long a replaced worker may finish', async (t) => {
  const origin = await startLongOrigin(t);
  const proxy = await startStamped(t, {
    ...simpleConfig(origin),
    timeouts: { retire: '300ms' },
  });
  const tunnel = await LongTunnel.begin(proxy.url());
  await tunnel.echo('before');
  writeFileSync(join(proxy.folder, 'stamp.mjs'), stamp(1));
  assert.equal((await proxy.reload()).status, 200);
  assert.equal(await tunnel.ended, 'ECONNRESET');
  await settled(proxy);
  assert.match(proxy.stderr, /the drain is over: 1 connection is reset/);
});

test('listeners come and go, and workers, under load without a failure', async (t) => {
  const origin = await startOrigin(t, (_request, response) => response.end('here'));
  const config = simpleConfig(origin, { workers: 2 });
  const proxy = await startProxy(t, config);
  const load = new SteadyLoad(proxy.url());
  const [first] = config.listeners;
  const path = join(proxy.folder, 'second.sock');
  for (const [round, workers] of [1, 3, 2, 4, 1].entries()) {
    const listeners = round % 2 === 0 ? [{ address: `unix:${path}` }, first!] : [first!];
    await reload(proxy, { ...config, workers, listeners });
    const status = await proxy.status();
    assert.equal(status.workers.length, workers);
    assert.equal(status.addresses.length, listeners.length);
    for (let i = 0; i < 20; i++) assert.equal((await send(proxy.url())).body, 'here');
    if (round % 2 === 0) {
      const answer = await send('http://proxy/', { socketPath: path });
      assert.equal(answer.body, 'here');
    }
  }
  await settled(proxy);
  const { failures } = await load.stop();
  assert.deepEqual(failures, []);
});

test('a bad configuration changes nothing, and zproxy reload says what is wrong', async (t) => {
  const origin = await startOrigin(t, (_request, response) => response.end('here'));
  const config = simpleConfig(origin);
  const proxy = await startProxy(t, config);
  const load = new SteadyLoad(proxy.url());
  proxy.write({ ...config, routes: [{ upsteam: 'origin' }], workers: 'many' } as unknown as Config);
  const refused = await runCli(['reload', '--control', proxy.controlPath]);
  assert.equal(refused.code, 1, refused.stderr);
  assert.match(refused.stderr, /zproxy\.json:\d+:\d+: ZP_CONFIG_UNKNOWN_KEY: routes\[0\]\.upsteam/);
  assert.match(refused.stderr, /zproxy\.json:\d+:\d+: ZP_CONFIG_VALUE: workers/);
  proxy.signal('SIGHUP');
  await until('it is refused again', async () => (await proxy.status()).reloads.failed === 2);
  assert.match(proxy.stderr, /error reload refused, because of SIGHUP: .*upsteam/);
  proxy.write({ ...config, routes: [{ path: '/new', upstream: 'origin' }, ...config.routes] });
  const applied = await runCli(['reload', '--control', proxy.controlPath]);
  assert.equal(applied.code, 0, applied.stderr);
  const { failures } = await load.stop();
  assert.deepEqual(failures, []);
});

test('a worker killed during a reload leaves all with one configuration', async (t) => {
  const origin = await startOrigin(t, (_request, response) => response.end('old'));
  const config = simpleConfig(origin, { workers: 2 });
  const proxy = await startProxy(t, config);
  const paths = Array.from({ length: 4_000 }, (_, i) => ({
    path: `/a/${i}/:id`,
    upstream: 'origin',
  }));
  const last = { respond: { body: 'new' } };
  proxy.write({ ...config, routes: [...paths, last] });
  const [, victim] = await proxy.workerPids();
  const reloaded = proxy.reload();
  await until('the loader runs', () => childrenOf(proxy.pid).length === 3);
  await until('the loader is done', () => childrenOf(proxy.pid).length === 2);
  process.kill(victim!, 'SIGKILL');
  const { status, body } = await reloaded;
  t.diagnostic(`the reload ended with ${status}`);
  if (status !== 200) {
    assert.equal(status, 422);
    assert.match((body as { error: string }).error, /died \(ended by SIGKILL\)/);
  }
  await until('both serve', async () =>
    (await proxy.status()).workers.every(({ state }) => state === 'ready'),
  );
  const expected = status === 200 ? 'new' : 'old';
  for (let i = 0; i < 20; i++) assert.equal((await send(proxy.url())).body, expected);
  assert.equal((await proxy.reload()).status, 200);
  assert.equal((await send(proxy.url())).body, 'new');
});

/** Processes that it has started and that run. */
function childrenOf(pid: number): number[] {
  const text = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim();
  return text === '' ? [] : text.split(' ').map(Number);
}

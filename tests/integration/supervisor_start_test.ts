// How a proxy starts, and how it says that it cannot.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { send } from './http_client.ts';
import { makeFolder, simpleConfig, spawnProxy, startOrigin, startProxy } from './proxy_process.ts';

const needsRoot: string | false = process.getuid!() === 0 ? false : 'only root may do that';
const hasIpv6 = Object.values(networkInterfaces()).some((list) =>
  list?.some((item) => item.address === '::1'),
);

test('a proxy listens, serves, reports its status and ends with TERM', async (t) => {
  const origin = await startOrigin(t, (request, response) => response.end(`saw ${request.url}`));
  const proxy = await startProxy(t, simpleConfig(origin));
  const answer = await send(`${proxy.url()}/path`);
  assert.equal(answer.status, 200);
  assert.equal(answer.body, 'saw /path');
  const status = await proxy.status();
  assert.equal(status.pid, proxy.pid);
  assert.equal(status.state, 'running');
  assert.deepEqual(status.addresses, proxy.addresses);
  assert.equal(status.requests.total, 1);
  assert.equal(status.requests.responses['2xx'], 1);
  assert.equal(status.workers.length, 1);
  assert.equal(status.workers[0]?.state, 'ready');
  assert.equal(status.upstreams[0]?.endpoints[0]?.requests, 1);
  proxy.signal('SIGTERM');
  assert.equal(await proxy.exit(), 0);
});

test('a port in use is one sentence that names the config line, and exit code 4', async (t) => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  const { port } = server.address() as AddressInfo;
  const config = simpleConfig('http://127.0.0.1:9', {
    listeners: [{ address: `127.0.0.1:${port}` }],
  });
  const proxy = spawnProxy(t, config);
  assert.equal(await proxy.exit(), 4);
  const lines = proxy.stderr.trimEnd().split('\n');
  assert.equal(lines.length, 1, proxy.stderr);
  const source = readFileSync(proxy.configFile, 'utf8').split('\n');
  const line = source.findIndex((text) => text.includes('"address"')) + 1;
  assert.ok(proxy.stderr.startsWith(`${proxy.configFile}:${line}:`), proxy.stderr);
  assert.match(lines[0]!, /ZP_ADDRESS_IN_USE: listeners\[0\].*cannot listen on 127\.0\.0\.1:/);
});

test('a second instance is told that the first one listens', async (t) => {
  const origin = await startOrigin(t, (_request, response) => response.end());
  const first = await startProxy(t, simpleConfig(origin, { workers: 2 }));
  const listeners = [{ address: first.addresses[0]! }];
  const second = spawnProxy(t, simpleConfig(origin, { listeners, workers: 2 }));
  assert.equal(await second.exit(), 4);
  assert.match(second.stderr, /ZP_ADDRESS_IN_USE/);
  assert.equal((await send(first.url())).status, 200);
});

test('a second instance with the same control socket is refused', async (t) => {
  const origin = await startOrigin(t, (_request, response) => response.end());
  const first = await startProxy(t, simpleConfig(origin));
  const control = first.controlPath;
  const second = spawnProxy(t, simpleConfig(origin, { control }));
  assert.equal(await second.exit(), 4);
  assert.match(second.stderr, /ZP_CONTROL_IN_USE/);
  assert.equal((await first.status()).pid, first.pid);
});

test('an invalid config is exit code 1 with all of its errors', async (t) => {
  const config = simpleConfig('http://127.0.0.1:9', { workers: 0, routes: [{ upstream: 'none' }] });
  const proxy = spawnProxy(t, config);
  assert.equal(await proxy.exit(), 1);
  assert.match(proxy.stderr, /workers/);
});

test('a config module that ends its process is an error, not a hang', async (t) => {
  const folder = makeFolder(t);
  const module = join(folder, 'ends.ts');
  writeFileSync(module, 'process.exit(3);\n');
  const { loadInProcess } = await import('../../src/server/loader.ts');
  const interruption = new AbortController().signal;
  const result = await loadInProcess(module, { interruption });
  assert.ok('errors' in result);
  assert.equal(result.errors[0]!.code, 'ZP_CONFIG_UNFINISHED');
  assert.match(result.errors[0]!.wanted, /^the process that evaluates it exited with code 3;/);
});

test('a config module that never finishes is an error, and no warning of ours', async (t) => {
  const folder = makeFolder(t);
  const { loadInProcess } = await import('../../src/server/loader.ts');
  const interruption = new AbortController().signal;
  const ends = async (text: string, timeoutMs: number): Promise<string> => {
    const module = join(folder, `waits_${timeoutMs}.ts`);
    writeFileSync(module, text);
    const result = await loadInProcess(module, { interruption, timeoutMs });
    assert.ok('errors' in result);
    return result.errors[0]!.wanted;
  };
  assert.match(await ends('await new Promise(() => {});', 30_000), /waits for something that/);
  const busy = 'setInterval(() => {}, 1e6);\nawait new Promise(() => {});';
  assert.match(await ends(busy, 500), /^it was not evaluated within 0\.5 s$/);
});

test('a user that does not exist is refused', { skip: needsRoot }, async (t) => {
  const proxy = spawnProxy(t, simpleConfig('http://127.0.0.1:9', { user: 'no-such-user' }));
  assert.equal(await proxy.exit(), 4);
  const account = /zproxy\.json:\d+:\d+: ZP_ACCOUNT_UNKNOWN: user: there is no user 'no-such-user'/;
  assert.match(proxy.stderr, account);
  assert.doesNotMatch(proxy.stderr, /ended/);
});

test('a proxy listens on several addresses: IPv4, both families, a Unix socket', async (t) => {
  const origin = await startOrigin(t, (_request, response) => response.end('here'));
  const path = join(makeFolder(t), 'listen.sock');
  const listeners = [{ address: '127.0.0.1:0' }, { address: ':0' }, { address: `unix:${path}` }];
  const proxy = await startProxy(t, simpleConfig(origin, { listeners, workers: 2 }));
  assert.equal((await send(proxy.url(0))).body, 'here');
  const dual = /:(\d+)$/.exec(proxy.addresses[1]!)![1]!;
  assert.equal((await send(`http://127.0.0.1:${dual}`)).body, 'here');
  assert.equal((await send('http://local', { socketPath: path })).body, 'here');
});

test('a proxy listens on IPv6, alone and together with IPv4', {
  skip: hasIpv6 ? false : 'this machine has no ::1',
}, async (t) => {
  const origin = await startOrigin(t, (_request, response) => response.end('here'));
  const listeners = [{ address: '[::1]:0' }, { address: ':0' }];
  const proxy = await startProxy(t, simpleConfig(origin, { listeners, workers: 2 }));
  assert.equal((await send(proxy.url(0))).body, 'here');
  const dual = /:(\d+)$/.exec(proxy.addresses[1]!)![1]!;
  assert.equal((await send(`http://[::1]:${dual}`)).body, 'here');
  assert.equal((await send(`http://127.0.0.1:${dual}`)).body, 'here');
});

test('a name that does not resolve is a warning and 503 for its requests', async (t) => {
  const origin = await startOrigin(t, (_request, response) => response.end('here'));
  const port = new URL(origin).port;
  const config = simpleConfig(origin, {
    upstreams: {
      named: { endpoints: [`http://localhost:${port}`] },
      lost: { endpoints: ['http://does-not-exist.invalid:80'] },
    },
    routes: [{ path: '/lost/*', upstream: 'lost' }, { upstream: 'named' }],
  });
  const proxy = await startProxy(t, config);
  assert.match(
    proxy.stderr,
    /warn .*zproxy\.json:\d+:\d+: host 'does-not-exist\.invalid' does not resolve/,
  );
  assert.equal((await send(`${proxy.url()}/`)).body, 'here');
  assert.equal((await send(`${proxy.url()}/lost/1`)).status, 503);
  assert.equal((await proxy.status()).errors['dns_error'], 1);
});

test('an upstream that is down at start is not an error', async (t) => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  const proxy = await startProxy(t, simpleConfig(`http://127.0.0.1:${port}`));
  assert.equal((await send(proxy.url())).status, 502);
});

test('workers drop their privileges, the supervisor keeps its own', {
  skip: needsRoot,
}, async (t) => {
  const origin = await startOrigin(t, (_request, response) => response.end('here'));
  const log = join(makeFolder(t), 'access.log');
  const config = simpleConfig(origin, { user: 'nobody', accessLog: { to: log } });
  const proxy = await startProxy(t, config);
  assert.equal((await send(proxy.url())).body, 'here');
  const [pid] = await proxy.workerPids();
  const ids = readFileSync(`/proc/${pid}/status`, 'utf8');
  assert.match(ids, /^Uid:\t65534\t65534\t65534\t65534$/m);
  assert.doesNotMatch(ids, /^Gid:\t0\t/m);
  assert.match(ids, /^CapEff:\t0+$/m);
  assert.match(readFileSync(`/proc/${proxy.pid}/status`, 'utf8'), /^Uid:\t0\t/m);
});

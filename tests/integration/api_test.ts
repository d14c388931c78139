// `createProxy` as programs use it: an object in this process, a file with workers, `inject`
// without either.

import assert from 'node:assert/strict';
import { readdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { type Config, createProxy, ZProxyError } from '../../src/index.ts';
import { makeFolder, startOrigin } from './proxy_process.ts';

/** Proxies that are opened and closed in a row; 200 with ZPROXY_TEST_FULL=1. */
const ROUNDS: number = process.env['ZPROXY_TEST_FULL'] === '1' ? 200 : 40;

const respond = (body: string): Config => ({
  listeners: [{ address: '127.0.0.1:0' }],
  routes: [{ path: '/*', respond: { body } }],
});

async function text(address: string | undefined, path: string = '/'): Promise<string> {
  const headers = { connection: 'close' };
  return await (await fetch(`http://${address}${path}`, { headers })).text();
}

test('createProxy() serves an object, reloads it, and leaves nothing behind', async () => {
  const proxy = createProxy(respond('one'));
  assert.deepEqual(proxy.addresses, []);
  assert.throws(() => proxy.status(), { code: 'ZP_PROXY_NOT_STARTED' });
  await proxy.start();
  const [address] = proxy.addresses;
  assert.equal(await text(address), 'one');
  await assert.rejects(proxy.start(), { code: 'ZP_PROXY_STARTED' });
  const config = { ...respond('two'), listeners: [{ address: '127.0.0.1:0' }] };
  assert.equal(await proxy.reload(config), true);
  assert.equal(await text(proxy.addresses[0]), 'two');
  assert.equal(await proxy.reload(config), false);
  const broken = { ...config, routes: [{ path: '/*', respnd: {} }] } as unknown as Config;
  await assert.rejects(proxy.reload(broken), /respnd/);
  await assert.rejects(proxy.reload(), { code: 'ZP_RELOAD_CONFIG' });
  assert.equal(await text(proxy.addresses[0]), 'two');
  assert.match(proxy.metrics(), /^zproxy_requests_total 3$/m);
  await proxy.close();
  await proxy.close();
  await assert.rejects(text(address));
  await assert.rejects(proxy.start(), { code: 'ZP_PROXY_CLOSED' });
});

test('createProxy() runs several side by side, and disposes of them', async () => {
  let address: string | undefined;
  {
    await using one = createProxy(respond('one'));
    await using two = createProxy(respond('two'));
    await Promise.all([one.start(), two.start()]);
    address = one.addresses[0];
    assert.deepEqual(await Promise.all([text(one.addresses[0]), text(two.addresses[0])]), [
      'one',
      'two',
    ]);
  }
  await assert.rejects(text(address));
});

test('createProxy() refuses workers for an object, and a wrong configuration', async () => {
  await using pool = createProxy({ ...respond(''), workers: 2 });
  await assert.rejects(pool.start(), { code: 'ZP_CONFIG_NOT_SHAREABLE' });
  await using wrong = createProxy({ listeners: [], routes: [] } as unknown as Config);
  await assert.rejects(wrong.start(), (error: { issues?: unknown[] }) => {
    return error instanceof ZProxyError && error.issues !== undefined && error.issues.length >= 2;
  });
});

test('createProxy() leaves nothing open where a start fails, and may start again', async (t) => {
  const blocker = createServer();
  await new Promise<void>((resolve) => blocker.listen(0, '127.0.0.1', resolve));
  t.after(() => blocker.close());
  const { port } = blocker.address() as { port: number };
  const listeners = [{ address: '127.0.0.1:0' }, { address: `127.0.0.1:${port}` }];
  await using proxy = createProxy({ ...respond('late'), listeners });
  await assert.rejects(proxy.start(), { code: 'ZP_ADDRESS_IN_USE' });
  assert.deepEqual(proxy.addresses, []);
  await new Promise((resolve) => blocker.close(resolve));
  await proxy.start();
  assert.equal(await text(proxy.addresses[1]), 'late');
});

test('close() gives up a start that is under way, of an object and of a file', async (t) => {
  const folder = makeFolder(t);
  const file = join(folder, 'zproxy.json');
  const control = join(folder, 'control.sock');
  writeFileSync(file, JSON.stringify({ ...respond('never'), workers: 1, control }));
  const module = join(folder, 'zproxy.config.ts');
  writeFileSync(module, 'await new Promise((resolve) => setTimeout(resolve, 30_000));');
  for (const config of [respond('never'), file, pathToFileURL(module)]) {
    const proxy = createProxy(config);
    const started = assert.rejects(proxy.start(), { code: 'ZP_PROXY_CLOSED' });
    await proxy.close();
    await started;
    assert.deepEqual(proxy.addresses, []);
  }
});

test('close() takes a duration, and refuses what is none', async () => {
  await using proxy = createProxy(respond('here'));
  await proxy.start();
  for (const drain of ['soon', -1, Number.NaN]) {
    await assert.rejects(proxy.close({ drain }), { code: 'ZP_CLOSE_DRAIN' });
  }
  assert.equal(await text(proxy.addresses[0]), 'here');
  await proxy.close({ drain: '1s' });
});

test('createProxy() opened and closed over and over holds nothing', async () => {
  const round = async (): Promise<void> => {
    const proxy = createProxy(respond('again'));
    await proxy.start();
    assert.equal(await text(proxy.addresses[0]), 'again');
    assert.equal((await proxy.inject('/')).text(), 'again');
    await proxy.close({ drain: false });
  };
  for (let i = 0; i < 20; i++) await round();
  const descriptorsBefore = readdirSync('/proc/self/fd').length;
  const memoryBefore = process.memoryUsage.rss();
  for (let i = 0; i < ROUNDS; i++) await round();
  // A socket of `fetch` more or less.
  assert(readdirSync('/proc/self/fd').length <= descriptorsBefore + 2);
  const growthBytes = process.memoryUsage.rss() - memoryBefore;
  assert(growthBytes < 32 * 1024 * 1024, `grew by ${growthBytes} bytes`);
});

test('createProxy() leaves signals and handlers of the process alone', async () => {
  const events = ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGUSR2', 'uncaughtException', 'exit'];
  const counts = (): number[] => events.map((event) => process.listenerCount(event));
  const before = counts();
  await using proxy = createProxy(respond('here'));
  await proxy.start();
  assert.deepEqual(counts(), before);
});

test('inject() needs no start, answers from fakes and follows a reload', async () => {
  const config: Config = {
    listeners: [{ address: '127.0.0.1:0' }],
    upstreams: { api: { endpoints: ['http://api.invalid'] } },
    routes: [{ path: '/v1/*rest', upstream: 'api', rewrite: { path: '/{params.rest}' } }],
  };
  await using proxy = createProxy(config, {
    upstreams: { api: ({ target }) => ({ body: `fake ${target}` }) },
  });
  const result = await proxy.inject('/v1/users?q=1');
  assert.equal(result.text(), 'fake /users?q=1');
  assert.equal((await proxy.inject('/v2/users')).status, 404);
  const own = await proxy.inject('/v1/a', { upstreams: { api: { status: 503 } } });
  assert.equal(own.status, 503);
  await proxy.start();
  await proxy.reload({ ...config, routes: [{ path: '/*', respond: { body: 'new' } }] });
  assert.equal((await proxy.inject('/v2/users')).text(), 'new');
});

test('createProxy() runs the URL of a module with workers, and reads it again', async (t) => {
  const origin = await startOrigin(t, (request, response) =>
    response.end(request.headers['x-mine']),
  );
  const folder = makeFolder(t);
  writeFileSync(
    join(folder, 'mine.ts'),
    "import { defineMiddleware } from 'zproxy';\n" +
      'export const mine = defineMiddleware({\n' +
      "  name: 'mine',\n" +
      '  create: (options: { value: string }) => ({\n' +
      "    onRequest: (request) => request.headers.set('x-mine', options.value),\n" +
      '  }),\n' +
      '});\n',
  );
  const file = join(folder, 'zproxy.config.ts');
  const write = (value: string): void =>
    writeFileSync(
      file,
      "import { defineConfig } from 'zproxy';\nimport { mine } from './mine.ts';\n" +
        'export default defineConfig({\n' +
        "  listeners: [{ address: '127.0.0.1:0' }], workers: 2, accessLog: false,\n" +
        `  control: ${JSON.stringify(join(folder, 'control.sock'))},\n` +
        `  upstreams: { origin: { endpoints: [${JSON.stringify(origin)}] } },\n` +
        `  routes: [{ upstream: 'origin', middleware: [mine({ value: '${value}' })] }],\n` +
        '});\n',
    );
  write('one');
  await using proxy = createProxy(pathToFileURL(file));
  await proxy.start();
  assert.equal(proxy.status().workers.length, 2);
  assert.equal(await text(proxy.addresses[0]), 'one');
  write('two');
  assert.equal(await proxy.reload(), true);
  assert.equal(await text(proxy.addresses[0]), 'two');
  writeFileSync(file, 'export default 7;');
  await assert.rejects(proxy.reload(), /zproxy\.config\.ts/);
  assert.equal(await text(proxy.addresses[0]), 'two');
  await proxy.close({ drain: 1_000 });
});

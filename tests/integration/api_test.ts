// `createProxy` as programs use it: an object in this process, a file with workers, `inject`
// without either.

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { type Config, createProxy } from '../../src/index.ts';
import { makeFolder, startOrigin } from './proxy_process.ts';

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
    return error.issues !== undefined && error.issues.length >= 2;
  });
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

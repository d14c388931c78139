// The data plane in the process of whoever embeds it.

import assert from 'node:assert/strict';
import { Agent } from 'node:http';
import { test } from 'node:test';
import { LogLevel, type LogSink } from '../../src/base/log_sink.ts';
import { runInline } from '../../src/server/run_inline.ts';
import { compileSnapshot as compile } from '../support/compile_snapshot.ts';
import { send } from './http_client.ts';
import { simpleConfig, startOrigin, until } from './proxy_process.ts';

const silent: LogSink = { log: () => {} };

for (const transport of ['auto', 'node'] as const) {
  test(`runInline() serves, counts, logs, drains, closes (transport ${transport})`, async (t) => {
    const origin = await startOrigin(t, (_request, response) => response.end('here'));
    const lines: string[] = [];
    const proxy = await runInline({
      snapshot: compile(simpleConfig(origin, { transport, accessLog: { format: 'combined' } })),
      version: '0',
      log: silent,
      accessLog: {
        writeLine: (bytes, start, end) => {
          lines.push(Buffer.from(bytes.subarray(start, end)).toString('latin1'));
          return true;
        },
      },
    });
    const url = `http://${proxy.addresses[0]}`;
    const agent = new Agent({ keepAlive: true });
    t.after(() => agent.destroy());
    assert.equal((await send(url, { agent })).body, 'here');
    assert.equal((await send(`${url}/2`, { agent })).body, 'here');
    assert.equal(proxy.status().requests.total, 2);
    assert.equal(proxy.status().connections.accepted, 1);
    await until('both lines are logged', () => lines.length === 2);
    await proxy.drain(100);
    assert.equal(proxy.status().connections.open, 0);
    await assert.rejects(send(url), { code: 'ECONNREFUSED' });
    await proxy.close();
  });
}

test('runInline() refuses a port in use and a second close does nothing', async (t) => {
  const origin = await startOrigin(t, (_request, response) => response.end('here'));
  const first = await runInline({
    snapshot: compile(simpleConfig(origin)),
    version: '0',
    log: { log: (level) => assert.notEqual(level, LogLevel.ERROR) },
  });
  const listeners = [{ address: first.addresses[0]! }];
  const snapshot = compile(simpleConfig(origin, { listeners }));
  await assert.rejects(runInline({ snapshot, version: '0', log: silent }), {
    code: 'ZP_ADDRESS_IN_USE',
  });
  await first.close();
  await first.close();
  const second = await runInline({ snapshot, version: '0', log: silent });
  assert.equal((await send(`http://${second.addresses[0]}`)).body, 'here');
  await second.close();
});

for (const transport of ['auto', 'node'] as const) {
  test(`InlineProxy.reload() serves another snapshot (transport ${transport})`, async (t) => {
    const first = await startOrigin(t, (_request, response) => response.end('first'));
    const second = await startOrigin(t, (_request, response) => response.end('second'));
    const config = simpleConfig(first, { transport });
    const proxy = await runInline({ snapshot: compile(config), version: '0', log: silent });
    const [address] = proxy.addresses;
    const url = `http://${address}`;
    const agent = new Agent({ keepAlive: true });
    t.after(() => agent.destroy());
    assert.equal((await send(url, { agent })).body, 'first');
    const listeners = [...config.listeners!, { address: '127.0.0.1:0' }];
    const both = simpleConfig(second, { transport, listeners });
    assert.equal(await proxy.reload(compile(both)), true);
    assert.equal(await proxy.reload(compile(both)), false, 'it is the same one');
    assert.equal((await send(url, { agent })).body, 'second');
    assert.equal(proxy.addresses.length, 2);
    assert.equal(proxy.addresses[0], address);
    const added = `http://${proxy.addresses[1]}`;
    assert.equal((await send(added)).body, 'second');
    assert.equal(await proxy.reload(compile(config)), true);
    await assert.rejects(send(added), { code: 'ECONNREFUSED' });
    assert.equal((await send(url, { agent })).body, 'first');
    assert.equal(proxy.status().connections.accepted, 2);
    assert.equal(proxy.status().configHash, compile(config).hash);
    await proxy.close();
    await assert.rejects(proxy.reload(compile(both)), { code: 'ZP_PROXY_CLOSED' });
  });
}

test('InlineProxy.reload() that is refused changes nothing', async (t) => {
  const origin = await startOrigin(t, (_request, response) => response.end('here'));
  const other = await runInline({
    snapshot: compile(simpleConfig(origin)),
    version: '0',
    log: silent,
  });
  const config = simpleConfig(origin, { transport: 'node' });
  const proxy = await runInline({ snapshot: compile(config), version: '0', log: silent });
  const listeners = [...config.listeners!, { address: other.addresses[0]! }];
  const taken = compile(simpleConfig(origin, { transport: 'node', listeners }));
  await assert.rejects(proxy.reload(taken), { code: 'ZP_ADDRESS_IN_USE' });
  await assert.rejects(proxy.reload(compile(simpleConfig(origin, { transport: 'auto' }))), {
    code: 'ZP_RELOAD_TRANSPORT',
  });
  const use = { name: 'none', module: '', options: {}, source: null };
  const bad = compile(simpleConfig(origin, { transport: 'node', via: 'bad' }));
  const refused = { ...bad, proxy: { ...bad.proxy, middleware: [use] } };
  await assert.rejects(proxy.reload(refused), { code: 'ZP_MIDDLEWARE_UNKNOWN' });
  assert.equal((await send(`http://${proxy.addresses[0]}`)).body, 'here');
  await other.close();
  assert.equal(await proxy.reload(taken), true, 'the address is free now');
  assert.equal(proxy.addresses.length, 2);
  await proxy.close();
});

test('InlineProxy.close() gives up a reload that waits, and drain() one that runs', async (t) => {
  const origin = await startOrigin(t, (_request, response) => response.end('here'));
  const config = simpleConfig(origin, { transport: 'node' });
  const next = compile(simpleConfig('http://name.invalid:80', { transport: 'node' }));
  for (const end of ['close', 'drain'] as const) {
    const proxy = await runInline({ snapshot: compile(config), version: '0', log: silent });
    const reloads = [proxy.reload(next), proxy.reload(compile(config))];
    const ended = end === 'close' ? proxy.close() : proxy.drain(1_000);
    const results = await Promise.allSettled(reloads);
    for (const result of results) {
      assert(result.status === 'rejected');
      assert.equal(result.reason.code, 'ZP_PROXY_CLOSED');
    }
    await ended;
    await assert.rejects(send(`http://${proxy.addresses[0] ?? '127.0.0.1:1'}`));
  }
});

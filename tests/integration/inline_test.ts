// The data plane in the process of whoever embeds it.

import assert from 'node:assert/strict';
import { Agent } from 'node:http';
import { test } from 'node:test';
import { LogLevel, type LogSink } from '../../src/base/log_sink.ts';
import { compileConfig } from '../../src/config/compile_config.ts';
import type { Config } from '../../src/config/config.ts';
import { NO_POSITIONS } from '../../src/config/positions.ts';
import type { Snapshot } from '../../src/config/snapshot.ts';
import { runInline } from '../../src/server/run_inline.ts';
import { send } from './http_client.ts';
import { simpleConfig, startOrigin, until } from './proxy_process.ts';

const silent: LogSink = { log: () => {} };

function compile(config: Config): Snapshot {
  const origin = { file: 'inline', realPath: '', folder: '/', positions: NO_POSITIONS };
  const result = compileConfig(config, origin);
  if ('errors' in result) throw new Error(JSON.stringify(result.errors));
  return result.snapshot;
}

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

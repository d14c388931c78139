// Many requests of all kinds over each transport, through a proxy in processes of its own: none is
// lost, none is sent twice, and each is answered with what belongs to it.
//
// 10,000 over each transport; 100,000 with ZPROXY_TEST_FULL=1. ZPROXY_SEED chooses another mix.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runNumberedLoad } from '../support/numbered_client.ts';
import { NumberedOrigin } from '../support/numbered_origin.ts';
import { TRANSPORTS } from '../support/proxied_origin.ts';
import { simpleConfig, startProxy, until } from './proxy_process.ts';

const COUNT: number = process.env['ZPROXY_TEST_FULL'] === '1' ? 100_000 : 10_000;
const CONNECTIONS = 64;
const SEED = Number(process.env['ZPROXY_SEED'] ?? 1);

for (const { transport, skip } of TRANSPORTS) {
  test(`${COUNT} requests over ${transport}: none is lost`, { skip }, async (t) => {
    const origin = await NumberedOrigin.start(COUNT);
    t.after(() => origin.close());
    const proxy = await startProxy(t, simpleConfig(origin.url, { transport }));
    const { hostname: host, port } = new URL(proxy.url());
    const startMs = performance.now();
    const load = { host, port: Number(port), count: COUNT, connections: CONNECTIONS, seed: SEED };
    const result = await runNumberedLoad(load);
    const seconds = (performance.now() - startMs) / 1_000;
    t.diagnostic(
      `${result.answered} answers over ${result.connectionsOpened} connections in ` +
        `${seconds.toFixed(1)} s (seed ${SEED})`,
    );
    assert.deepEqual([...result.faults, ...origin.faults], [], `seed ${SEED}`);
    assert.equal(result.answered, COUNT);
    assert.ok(
      origin.seen.every((count) => count === 1),
      'the origin saw each exactly once',
    );
    await until('all is closed', async () => (await proxy.status()).connections.open === 0);
    const { requests, errors, workers } = await proxy.status();
    assert.equal(requests.total, COUNT);
    assert.equal(requests.responses['2xx'], COUNT);
    assert.equal(requests.open, 0);
    assert.deepEqual(errors, {});
    assert.equal(workers[0]!.transport, transport);
    assert.equal(workers[0]!.deaths, 0, proxy.stderr);
  });
}

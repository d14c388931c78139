// Reloads of data in real workers: requests and tunnels under way notice nothing.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { Agent, createServer } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { Config } from '../../src/config/config.ts';
import { requestControl } from '../../src/server/control_client.ts';
import { TRANSPORTS } from '../support/proxied_origin.ts';
import { send } from './http_client.ts';
import {
  makeFolder,
  type ProxyProcess,
  simpleConfig,
  startOrigin,
  startProxy,
  until,
} from './proxy_process.ts';

const RELOADS: number = process.env['ZPROXY_TEST_FULL'] === '1' ? 300 : 12;
const CLIENTS = 4;

/** Writes another configuration and has it read; returns the answer's body. */
async function reload(proxy: ProxyProcess, config: Config): Promise<Record<string, unknown>> {
  writeFileSync(proxy.configFile, JSON.stringify({ control: 'control.sock', ...config }, null, 2));
  const { status, body } = await requestControl(proxy.controlPath, 'POST', '/reload', {
    timeoutMs: 30_000,
  });
  assert.equal(status, 200, JSON.stringify(body));
  return body as Record<string, unknown>;
}

/** An origin that answers `here`, and what it is sent once a connection is upgraded. */
async function startEcho(t: TestContext): Promise<string> {
  const server = createServer((_request, response) => response.end('here'));
  server.on('upgrade', (_request, socket: Socket) => {
    socket.write('HTTP/1.1 101 Switching\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n');
    socket.pipe(socket);
    socket.on('error', () => {});
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

for (const { transport, skip } of TRANSPORTS) {
  test(`reloads lose no request and keep workers (transport ${transport})`, { skip }, async (t) => {
    const first = await startOrigin(t, (request, response) => {
      request.resume().on('end', () => response.end('first'));
    });
    const second = await startOrigin(t, (request, response) => {
      request.resume().on('end', () => response.end('second'));
    });
    const base: Config = { ...simpleConfig(first, { transport }), workers: 2, accessLog: false };
    const proxy = await startProxy(t, base);
    const pids = await proxy.workerPids();
    const url = proxy.url();
    const failures: string[] = [];
    let isOver = false;
    let count = 0;
    const ask = async (): Promise<void> => {
      const agent = new Agent({ keepAlive: true, maxSockets: 1 });
      t.after(() => agent.destroy());
      while (!isOver) {
        try {
          const { status, body } = await send(url, { agent });
          const isRight = status === 200 && ['first', 'second'].includes(body);
          if (!isRight) failures.push(`${status} ${body}`);
          count++;
        } catch (error) {
          failures.push(String(error));
        }
      }
    };
    const clients = Array.from({ length: CLIENTS }, ask);
    for (let i = 1; i <= RELOADS; i++) {
      const origin = i % 2 === 0 ? first : second;
      const more =
        i % 3 === 0 ? { listeners: [...base.listeners!, { address: '127.0.0.1:0' }] } : {};
      const config = { ...base, ...simpleConfig(origin, { transport }), via: `v${i % 2}`, ...more };
      const { changed, workersReplaced } = await reload(proxy, { ...config, workers: 2 });
      assert.deepEqual([changed, workersReplaced], [true, false]);
    }
    isOver = true;
    await Promise.all(clients);
    assert.deepEqual(failures, []);
    assert.ok(count > RELOADS, `${count} requests`);
    assert.deepEqual(await proxy.workerPids(), pids, 'nobody was replaced');
    const status = await proxy.status();
    assert.equal(status.requests.total, count);
  });

  test(`a listener comes and goes, a tunnel stays (transport ${transport})`, {
    skip,
  }, async (t) => {
    const base = simpleConfig(await startEcho(t), { transport });
    const added = join(makeFolder(t), 'extra.sock');
    const both = { ...base, listeners: [...base.listeners!, { address: `unix:${added}` }] };
    const proxy = await startProxy(t, base);
    await reload(proxy, both);
    assert.equal((await send('http://x/', { socketPath: added })).body, 'here');
    const tunnel = connect(added);
    t.after(() => tunnel.destroy());
    tunnel.write('GET / HTTP/1.1\r\nHost: x\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n');
    await once(tunnel, 'data');
    await reload(proxy, base);
    await assert.rejects(send('http://x/', { socketPath: added }));
    tunnel.write('still here');
    const [echo] = (await once(tunnel, 'data')) as [Buffer];
    assert.equal(echo.toString(), 'still here');
    assert.equal((await send(proxy.url())).body, 'here');
    tunnel.end();
    await until('the tunnel is gone', async () => (await proxy.status()).connections.open === 0);
  });
}

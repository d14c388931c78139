// A proxy that may have few descriptors: it keeps serving at the expense of its oldest idle
// connections, rests while there is nothing to be done about it, and recovers.

import assert from 'node:assert/strict';
import type { ServerResponse } from 'node:http';
import { connect, type Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import { cpuTicks, descriptorsCount, TICKS_PER_SECOND } from '../support/process_usage.ts';
import { TRANSPORTS, type TransportName } from '../support/proxied_origin.ts';
import {
  type ProxyProcess,
  simpleConfig,
  startOrigin,
  startProxy,
  until,
} from './proxy_process.ts';

const DESCRIPTORS = 200;
const CLIENTS = 180;
const BODY = 'here';
const WATCH_MS = 1_000;
/** Of one core, while clients wait for a descriptor. */
const CPU_SHARE_MAX = 0.2;

interface Bench {
  readonly proxy: ProxyProcess;
  readonly pid: number;
  /** Requests to `/held`, which the origin answers when the test says so. */
  readonly held: ServerResponse[];
  open(): Client;
}

/** A client that counts its answers and knows when its connection has ended. */
class Client {
  answered = 0;
  isOver = false;
  readonly socket: Socket;
  #received = '';

  constructor(port: number) {
    this.socket = connect({ host: '127.0.0.1', port, noDelay: true });
    this.socket.on('error', () => {});
    this.socket.on('close', () => {
      this.isOver = true;
    });
    this.socket.on('data', (chunk: Buffer) => {
      this.#received += chunk.toString('latin1');
      if (!this.#received.endsWith(`\r\n\r\n${BODY}`)) return;
      assert.match(this.#received, /^HTTP\/1\.1 200 /);
      this.#received = '';
      this.answered++;
    });
  }

  send(target: string): void {
    this.socket.write(`GET ${target} HTTP/1.1\r\nHost: a\r\n\r\n`);
  }

  /** What came that is no whole answer of 200. */
  get rest(): string {
    return this.#received;
  }
}

async function startLimited(t: TestContext, transport: TransportName): Promise<Bench> {
  const held: ServerResponse[] = [];
  const origin = await startOrigin(t, (request, response) => {
    if (request.url === '/held') held.push(response);
    else response.end(BODY);
  });
  const before = ['sh', '-c', `ulimit -n ${DESCRIPTORS}; exec "$@"`, 'sh'];
  const proxy = await startProxy(t, simpleConfig(origin, { transport }), { before });
  const [pid] = await proxy.workerPids();
  const port = Number(new URL(proxy.url()).port);
  const clients: Client[] = [];
  t.after(() => {
    for (const client of clients) client.socket.destroy();
  });
  const open = (): Client => {
    const client = new Client(port);
    clients.push(client);
    return client;
  };
  return { proxy, pid: pid!, held, open };
}

for (const { transport, skip } of TRANSPORTS) {
  test(`idle connections make room when descriptors run out (${transport})`, {
    skip,
  }, async (t) => {
    const { proxy, pid, open } = await startLimited(t, transport);
    const clients: Client[] = [];
    for (let i = 0; i < CLIENTS; i++) {
      const client = open();
      clients.push(client);
      client.send('/');
      await until(`client ${i} is answered`, () => client.answered === 1);
      assert.ok(descriptorsCount(pid) < DESCRIPTORS);
    }
    const status = await proxy.status();
    const kept = status.connections.open;
    t.diagnostic(
      `${kept} of ${CLIENTS} connections are kept, ${descriptorsCount(pid)} descriptors`,
    );
    assert.ok(kept >= 50, `${kept} are kept`);
    assert.equal(status.connections.evicted, CLIENTS - kept);
    assert.deepEqual(status.errors, {});
    await until('the oldest have ended', () => clients.slice(0, -kept).every((one) => one.isOver));
    const youngest = clients.slice(-kept);
    assert.ok(
      youngest.every((client) => !client.isOver),
      'and no other one',
    );
    for (const client of youngest) client.send('/');
    await until('those are served', () => youngest.every((client) => client.answered === 2));
  });

  test(`busy connections use up the descriptors: nothing spins or is lost (${transport})`, {
    skip,
  }, async (t) => {
    const { proxy, pid, held, open } = await startLimited(t, transport);
    const clients = Array.from({ length: CLIENTS }, open);
    for (const client of clients) client.send('/held');
    const settled = { heldCount: -1, atMs: 0 };
    await until('no more get through', () => {
      if (settled.heldCount !== held.length) {
        settled.heldCount = held.length;
        settled.atMs = performance.now();
      }
      return held.length > 0 && performance.now() - settled.atMs > 300;
    });
    const before = cpuTicks(pid);
    await new Promise((resolve) => setTimeout(resolve, WATCH_MS)); // what is measured is this time
    const share = (cpuTicks(pid) - before) / TICKS_PER_SECOND / (WATCH_MS / 1_000);
    t.diagnostic(`${held.length} of ${CLIENTS} at the origin, ${share.toFixed(2)} of a core`);
    assert.ok(share <= CPU_SHARE_MAX, `${share.toFixed(2)} of a core while nothing can be done`);
    assert.ok(held.length >= 30 && held.length < CLIENTS, `${held.length} at the origin`);

    // Each that is answered leaves, which makes room for one that waits.
    await until('all are answered', () => {
      for (const response of held.splice(0)) response.end(BODY);
      for (const client of clients) if (client.answered > 0) client.socket.destroy();
      return clients.every((client) => client.answered === 1 || client.isOver);
    });
    const refused = clients.filter((client) => client.answered === 0);
    assert.deepEqual(
      refused.map((client) => client.rest.slice(0, 40)),
      [],
    );
    const late = open();
    late.send('/');
    await until('a later client is served', () => late.answered === 1);
    await until('the others are gone', async () => (await proxy.status()).connections.open === 1);
    assert.deepEqual((await proxy.status()).errors, {});
    assert.equal((await proxy.status()).workers[0]!.deaths, 0);
  });
}

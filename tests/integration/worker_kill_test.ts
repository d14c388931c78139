// kill -9 of a worker under load: only its own connections fail, each at once; those that nobody
// has accepted yet wait; a new worker serves soon.

import assert from 'node:assert/strict';
import { connect, type Socket } from 'node:net';
import { availableParallelism, loadavg } from 'node:os';
import { type TestContext, test } from 'node:test';
import { acceptedPorts } from '../support/process_usage.ts';
import { TRANSPORTS } from '../support/proxied_origin.ts';
import {
  type ProxyProcess,
  simpleConfig,
  startOrigin,
  startProxy,
  until,
} from './proxy_process.ts';

const CLIENTS = 32;
/** Clients that connect while the worker that would accept them stands still. */
const QUEUED = 40;
const REQUEST = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';
const BODY = 'here';
/** From the kill to the first answer of the new worker. */
const SERVES_MS_MAX = 1_000;
/** Where more processes than cores want to run, that many times as long is allowed. */
const BUSY_FACTOR = 3;
/** Kills, at most, until one is made up for in time: another process may have been in the way. */
const ROUNDS_MAX = 3;

/** A client that sends one request after the other on one connection, and opens it again. */
class Client {
  answered = 0;
  /** Ports of connections that failed. */
  readonly failedPorts: number[] = [];
  socket: Socket;
  readonly #port: number;
  #isOver = false;
  #received = '';

  constructor(port: number) {
    this.#port = port;
    this.socket = this.#open();
  }

  end(): void {
    this.#isOver = true;
    this.socket.destroy();
  }

  #open(): Socket {
    const socket = connect({ host: '127.0.0.1', port: this.#port, noDelay: true });
    let localPort = 0;
    socket.on('connect', () => {
      localPort = socket.localPort!;
      this.#send();
    });
    socket.on('data', (chunk: Buffer) => {
      this.#received += chunk.toString('latin1');
      if (!this.#received.endsWith(`\r\n\r\n${BODY}`)) return;
      this.answered++;
      this.#send();
    });
    socket.on('error', () => {});
    socket.on('close', () => {
      if (this.#isOver) return;
      this.failedPorts.push(localPort);
      this.socket = this.#open();
    });
    return socket;
  }

  #send(): void {
    this.#received = '';
    this.socket.write(REQUEST);
  }
}

function sum(clients: readonly Client[]): number {
  return clients.reduce((total, client) => total + client.answered, 0);
}

/** When the worker of slot 0 that is not `dead` has answered a request. */
async function newWorkerServes(proxy: ProxyProcess, dead: number): Promise<number> {
  await until('the new worker serves', async () => {
    const worker = (await proxy.status()).workers[0]!;
    return worker.pid !== 0 && worker.pid !== dead && worker.requests > 0;
  });
  return performance.now();
}

/** How long the new worker may take, on this machine as it is now. */
function servesMsMax(): number {
  return loadavg()[0]! > availableParallelism() ? BUSY_FACTOR * SERVES_MS_MAX : SERVES_MS_MAX;
}

/** Kills the worker of slot 0; returns how long it took until there was one that serves. */
async function killUnderLoad(
  t: TestContext,
  proxy: ProxyProcess,
  clients: readonly Client[],
): Promise<number> {
  const port = Number(new URL(proxy.url()).port);
  const [victim, other] = await proxy.workerPids();
  const answeredBefore = clients.map((client) => client.answered);
  await until('all are under load', () =>
    clients.every((client, i) => client.answered > answeredBefore[i]! + 10),
  );
  for (const client of clients) client.failedPorts.length = 0;
  const own = acceptedPorts(victim!, port);
  assert.ok(own.size > 0 && own.size < CLIENTS, `the victim has ${own.size} connections`);
  process.kill(victim!, 'SIGKILL');
  const killedMs = performance.now();
  const before = sum(clients);
  const servedMs = Math.round((await newWorkerServes(proxy, victim!)) - killedMs);
  await until('all are served again', () => sum(clients) > before + 20 * CLIENTS);
  t.diagnostic(`${own.size} of ${CLIENTS} connections failed; served again after ${servedMs} ms`);
  const failed = clients.flatMap((client) => client.failedPorts);
  assert.deepEqual(
    failed.sort(byNumber),
    [...own].sort(byNumber),
    'those of the victim, each once',
  );
  assert.equal((await proxy.workerPids())[1], other, 'the other worker goes on');
  return servedMs;
}

function byNumber(a: number, b: number): number {
  return a - b;
}

for (const { transport, skip } of TRANSPORTS) {
  const config = { workers: 2, transport } as const;

  test(`kill -9 under load fails only its own connections (${transport})`, { skip }, async (t) => {
    const origin = await startOrigin(t, (_request, response) => response.end(BODY));
    const proxy = await startProxy(t, simpleConfig(origin, config));
    const port = Number(new URL(proxy.url()).port);
    const clients = Array.from({ length: CLIENTS }, () => new Client(port));
    t.after(() => {
      for (const client of clients) client.end();
    });
    let servedMs = await killUnderLoad(t, proxy, clients);
    for (let round = 1; servedMs > servesMsMax() && round < ROUNDS_MAX; round++) {
      servedMs = await killUnderLoad(t, proxy, clients);
    }
    assert.ok(servedMs <= servesMsMax(), `served again after ${servedMs} ms`);
  });

  test(`connections in the queue of a killed worker wait (${transport})`, { skip }, async (t) => {
    const origin = await startOrigin(t, (_request, response) => response.end(BODY));
    const proxy = await startProxy(t, simpleConfig(origin, config));
    const port = Number(new URL(proxy.url()).port);
    const [victim, other] = await proxy.workerPids();
    process.kill(victim!, 'SIGSTOP');
    const clients = Array.from({ length: QUEUED }, () => new Client(port));
    t.after(() => {
      for (const client of clients) client.end();
    });
    const isServed = (client: Client): boolean => client.answered > 0;
    await until('all are connected', () => clients.every(({ socket }) => !socket.connecting));
    await until('the other worker has served its share', () => {
      const served = clients.filter(isServed).length;
      return served > 0 && served === acceptedPorts(other!, port).size;
    });
    const waiting = QUEUED - clients.filter(isServed).length;
    assert.ok(waiting > 0, 'some wait for the one that stands still');

    process.kill(victim!, 'SIGKILL');
    const killedMs = performance.now();
    await until('all are served', () => clients.every(isServed));
    const servedMs = Math.round(performance.now() - killedMs);
    t.diagnostic(`${waiting} of ${QUEUED} waited, all were served ${servedMs} ms after the kill`);
    const failed = clients.flatMap((client) => client.failedPorts);
    assert.deepEqual(failed, [], 'none has failed');
  });
}

// What connections cost that have nothing to do: no CPU and hardly any memory.
//
// 200 connections in front of each transport; with ZPROXY_TEST_FULL=1 also the memory of 10,000.

import assert from 'node:assert/strict';
import { connect, type Socket } from 'node:net';
import { describe, type TestContext, test } from 'node:test';
import { raiseDescriptorLimit } from '../../src/sys/process.ts';
import { cpuTicks, residentBytes } from '../support/process_usage.ts';
import { TRANSPORTS, type TransportName } from '../support/proxied_origin.ts';
import { simpleConfig, startOrigin, startProxy, until } from './proxy_process.ts';

const KIB = 1_024;
const REQUEST = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';
const BODY = 'here';
const IDLE_COUNT = 200;
const OPENING_AT_ONCE = 100;
const WATCH_MS = 2_000;
const QUIET_MS = 300;
const TICKS_MAX = 1;

const MANY_COUNT = 10_000;
/** Requests and connections that were there before: buffers and code are warm then. */
const WARM_COUNT = 500;
const WARM_REQUESTS = 100;
/** Each socket of node:net is some objects more. */
const MANY_BYTES_MAX: Readonly<Record<TransportName, number>> = { uring: 1.5 * KIB, node: 6 * KIB };
/** Of this process and of the worker, each. */
const DESCRIPTORS_MIN: number = MANY_COUNT + WARM_COUNT + 500;

/** Opens a connection and has one request answered on it. */
function openIdle(port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port });
    let text = '';
    socket.on('error', reject);
    socket.on('close', () => reject(new Error('the connection was closed')));
    const take = (chunk: Buffer): void => {
      text += chunk.toString('latin1');
      if (!text.endsWith(`\r\n\r\n${BODY}`)) return;
      socket.off('data', take);
      resolve(socket);
    };
    socket.on('data', take);
    socket.write(REQUEST);
  });
}

/** Sends so many requests, one after the other. */
function ask(socket: Socket, count: number): Promise<void> {
  return new Promise((resolve) => {
    let left = count;
    const next = (): void => {
      if (left-- > 0) {
        socket.write(REQUEST);
        return;
      }
      socket.off('data', next);
      resolve();
    };
    socket.on('data', next);
    next();
  });
}

async function openMany(t: TestContext, port: number, count: number): Promise<Socket[]> {
  const sockets: Socket[] = [];
  t.after(() => {
    for (const socket of sockets) socket.destroy();
  });
  while (sockets.length < count) {
    const batch = Math.min(OPENING_AT_ONCE, count - sockets.length);
    sockets.push(...(await Promise.all(Array.from({ length: batch }, () => openIdle(port)))));
  }
  return sockets;
}

/** Lets time pass, because what is measured is what happens in it. */
function watch(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Waits until the process has used no CPU for a while: what it had to do is done. */
async function untilQuiet(pid: number): Promise<void> {
  await until('the worker has nothing to do', async () => {
    const before = cpuTicks(pid);
    await watch(QUIET_MS);
    return cpuTicks(pid) === before;
  });
}

// At the same time: they only wait.
describe('idle workers', { concurrency: true }, () => {
  for (const { transport, skip } of TRANSPORTS) {
    const name = `a worker with ${IDLE_COUNT} idle connections uses no CPU (${transport})`;
    test(name, { skip }, (t) => usesNoCpu(t, transport));
  }
});

async function usesNoCpu(t: TestContext, transport: TransportName): Promise<void> {
  const origin = await startOrigin(t, (_request, response) => response.end(BODY));
  const proxy = await startProxy(t, simpleConfig(origin, { transport }));
  const [pid] = await proxy.workerPids();
  await openMany(t, Number(new URL(proxy.url()).port), IDLE_COUNT);
  // Its code is written to the compile cache two seconds after it began.
  await until('it has started', async () => (await proxy.status()).workers[0]!.uptimeSeconds > 3);
  await untilQuiet(pid!);
  const before = cpuTicks(pid!);
  await watch(WATCH_MS);
  const ticks = cpuTicks(pid!) - before;
  t.diagnostic(`${ticks} ticks of 10 ms in ${WATCH_MS / 1_000} s`);
  assert.ok(ticks <= TICKS_MAX, `it used ${ticks} ticks`);
  assert.equal((await proxy.status()).connections.open, IDLE_COUNT);
}

for (const { transport, skip } of TRANSPORTS) {
  const most = `${MANY_BYTES_MAX[transport] / KIB} KiB`;
  test(`${MANY_COUNT} idle connections take at most ${most} each (${transport})`, {
    skip: skip || whyNotMany(),
  }, async (t) => {
    const origin = await startOrigin(t, (_request, response) => response.end(BODY));
    const env = { ZPROXY_VERIFY: '0' };
    const proxy = await startProxy(t, simpleConfig(origin, { transport }), { env });
    const [pid] = await proxy.workerPids();
    const port = Number(new URL(proxy.url()).port);
    const warm = await openMany(t, port, WARM_COUNT);
    await Promise.all(warm.map((socket) => ask(socket, WARM_REQUESTS)));
    await untilQuiet(pid!);
    const before = residentBytes(pid!);
    await openMany(t, port, MANY_COUNT);
    await untilQuiet(pid!);
    const bytes = (residentBytes(pid!) - before) / MANY_COUNT;
    t.diagnostic(`${(bytes / KIB).toFixed(2)} KiB each, ${residentBytes(pid!) / KIB} KiB in all`);
    assert.equal((await proxy.status()).connections.open, MANY_COUNT + WARM_COUNT);
    assert.ok(bytes <= MANY_BYTES_MAX[transport], `${bytes} bytes each`);
  });
}

function whyNotMany(): string | false {
  if (process.env['ZPROXY_TEST_FULL'] !== '1') return 'only with ZPROXY_TEST_FULL=1';
  const limit = raiseDescriptorLimit();
  return limit < DESCRIPTORS_MIN ? `the limit of open descriptors is ${limit}` : false;
}

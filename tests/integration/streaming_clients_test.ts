// Clients and a server of Node's own world on either side of a proxy in processes of its own:
// node:http with a keep-alive agent, streams both ways, trailers, interim answers and breaks, and
// undici's pool with pipelining. What goes over the wire is tested by the wire_*_test.ts.

import assert from 'node:assert/strict';
import { createHash, type Hash } from 'node:crypto';
import { once } from 'node:events';
import {
  Agent,
  type ClientRequest,
  type IncomingMessage,
  type RequestListener,
  request,
} from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { type TestContext, test } from 'node:test';
import { Pool } from 'undici';
import { TRANSPORTS } from '../support/proxied_origin.ts';
import {
  type ProxyProcess,
  simpleConfig,
  startOrigin,
  startProxy,
  until,
} from './proxy_process.ts';

const MIB = 1_048_576;
const STREAM_BYTES: number = 24 * MIB;
const PIECE: Buffer = Buffer.from(Array.from({ length: 50_000 }, (_, i) => (i * i) % 251));

interface Bench {
  readonly proxy: ProxyProcess;
  /** Requests whose connection broke off at the origin. */
  readonly broken: string[];
  /** Ports of the connections on which the origin was asked. */
  readonly upstreamPorts: Set<number>;
}

async function startBench(t: TestContext, transport: 'uring' | 'node'): Promise<Bench> {
  const broken: string[] = [];
  const upstreamPorts = new Set<number>();
  const origin = await startOrigin(t, (incoming, response) => {
    upstreamPorts.add(incoming.socket.remotePort!);
    response.on('close', () => {
      if (!response.writableFinished) broken.push(incoming.url!);
    });
    ORIGIN[incoming.url!.split('?')[0]!]!(incoming, response);
  });
  const proxy = await startProxy(t, simpleConfig(origin, { transport }));
  return { proxy, broken, upstreamPorts };
}

/** What the origin does, by path. */
const ORIGIN: Readonly<Record<string, RequestListener>> = {
  '/echo': (incoming, response) => {
    response.writeHead(200, { trailer: 'x-digest' });
    const hash = createHash('sha256');
    incoming.on('data', (chunk: Buffer) => hash.update(chunk));
    incoming.pipe(response, { end: false });
    incoming.on('end', () => {
      const sum = incoming.trailers['x-sum'];
      response.addTrailers({ 'x-digest': hash.digest('hex'), 'x-sum': String(sum) });
      response.end();
    });
  },
  '/number': (incoming, response) => {
    void readAll(incoming).then((body) => response.end(`${incoming.url} ${body.length}`));
  },
  '/hints': (_incoming, response) => {
    response.writeEarlyHints({ link: '</style.css>; rel=preload' });
    response.end('hinted');
  },
  '/forever': (_incoming, response) => {
    response.writeHead(200);
    response.write('begun');
  },
  '/dies': (incoming, response) => {
    response.writeHead(200, { 'content-length': 1_000 });
    response.write('begun', () => incoming.socket.resetAndDestroy());
  },
};

async function readAll(body: Readable): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of body) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

/** A body in pieces; `hash` takes what was sent. */
async function* pieces(byteCount: number, hash: Hash): AsyncGenerator<Buffer> {
  for (let left = byteCount; left > 0; left -= PIECE.length) {
    const piece = PIECE.subarray(0, Math.min(left, PIECE.length));
    hash.update(piece);
    yield piece;
  }
}

async function answerTo(sent: ClientRequest): Promise<IncomingMessage> {
  const [response] = (await once(sent, 'response')) as [IncomingMessage];
  return response;
}

for (const { transport, skip } of TRANSPORTS) {
  test(`clients with streams (transport ${transport})`, { skip }, async (t) => {
    const bench = await startBench(t, transport);
    await t.test('node:http: bodies both ways at once, with trailers', () => echoes(bench));
    await t.test('node:http: 100 requests on one kept connection', () => keepsAlive(bench));
    await t.test('node:http: 100 and 103 before the answer', () => interims(bench));
    await t.test('node:http: a client that leaves ends the exchange', () => leaves(bench));
    await t.test('node:http: an origin that dies is no whole answer', () => dies(bench));
    await t.test('undici: a pool with pipelining, 1,000 requests', () => pools(bench));
    await t.test('undici: streams and trailers', () => undiciStreams(bench));
    const { errors, workers } = await bench.proxy.status();
    // The client that left, and the origin that died (RFC 9209 section 2.3.14).
    assert.deepEqual(errors, { client_closed: 1, http_response_incomplete: 1 });
    assert.equal(workers[0]!.deaths, 0, bench.proxy.stderr);
  });
}

async function echoes({ proxy }: Bench): Promise<void> {
  const sent = request(`${proxy.url()}/echo`, {
    agent: new Agent(),
    method: 'POST',
    headers: { trailer: 'x-sum' },
  });
  const hash = createHash('sha256');
  const back = createHash('sha256');
  const answered = answerTo(sent).then(async (response) => {
    for await (const chunk of response) back.update(chunk as Buffer);
    return response;
  });
  sent.addTrailers({ 'x-sum': 'seven' });
  await pipeline(Readable.from(pieces(STREAM_BYTES, hash)), sent);
  const response = await answered;
  const digest = hash.digest('hex');
  assert.equal(back.digest('hex'), digest);
  assert.equal(response.trailers['x-digest'], digest);
  assert.equal(response.trailers['x-sum'], 'seven');
}

async function keepsAlive({ proxy, upstreamPorts }: Bench): Promise<void> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const accepted = (await proxy.status()).connections.accepted;
  upstreamPorts.clear();
  for (let i = 0; i < 100; i++) {
    const sent = request(`${proxy.url()}/number?${i}`, { agent, method: 'POST' });
    sent.end('x'.repeat(i));
    const response = await answerTo(sent);
    assert.equal((await readAll(response)).toString(), `/number?${i} ${i}`);
    assert.equal(sent.reusedSocket, i > 0);
  }
  agent.destroy();
  assert.equal((await proxy.status()).connections.accepted, accepted + 1);
  assert.equal(upstreamPorts.size, 1, 'and over one to the origin');
}

async function interims({ proxy }: Bench): Promise<void> {
  const hinted = request(`${proxy.url()}/hints`, { agent: new Agent() });
  const infos: number[] = [];
  hinted.on('information', ({ statusCode }) => infos.push(statusCode));
  hinted.end();
  assert.equal((await readAll(await answerTo(hinted))).toString(), 'hinted');
  assert.deepEqual(infos, [103]);
  const expecting = request(`${proxy.url()}/number`, {
    agent: new Agent(),
    method: 'PUT',
    headers: { expect: '100-continue', 'content-length': 5 },
  });
  expecting.flushHeaders();
  await once(expecting, 'continue');
  expecting.end('hello');
  assert.equal((await readAll(await answerTo(expecting))).toString(), '/number 5');
}

async function leaves({ proxy, broken }: Bench): Promise<void> {
  const sent = request(`${proxy.url()}/forever`, { agent: new Agent() });
  sent.on('error', () => {});
  sent.end();
  const response = await answerTo(sent);
  response.on('error', () => {});
  await once(response, 'data');
  broken.length = 0;
  response.destroy();
  await until('the origin sees it', () => broken.includes('/forever'));
}

async function dies({ proxy }: Bench): Promise<void> {
  const sent = request(`${proxy.url()}/dies`, { agent: new Agent() });
  sent.end();
  const response = await answerTo(sent);
  await assert.rejects(readAll(response));
}

async function pools({ proxy }: Bench): Promise<void> {
  const pool = new Pool(proxy.url(), { connections: 8, pipelining: 10 });
  const ask = async (i: number): Promise<void> => {
    const options = i % 3 === 0 ? ({ method: 'PUT', body: 'y'.repeat(i) } as const) : {};
    const answer = await pool.request({ path: `/number?${i}`, method: 'GET', ...options });
    assert.equal(await answer.body.text(), `/number?${i} ${i % 3 === 0 ? i : 0}`);
  };
  await Promise.all(Array.from({ length: 1_000 }, (_, i) => ask(i)));
  await pool.close();
}

async function undiciStreams({ proxy }: Bench): Promise<void> {
  const pool = new Pool(proxy.url(), { connections: 1 });
  const hash = createHash('sha256');
  const answer = await pool.request({
    path: '/echo',
    method: 'POST',
    body: Readable.from(pieces(STREAM_BYTES, hash)),
  });
  const back = createHash('sha256');
  for await (const chunk of answer.body) back.update(chunk as Buffer);
  const digest = hash.digest('hex');
  assert.equal(back.digest('hex'), digest);
  assert.equal(answer.trailers['x-digest'], digest);
  await pool.close();
}

// Snapshots that follow each other in one data plane, by what clients and endpoints see.

import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { compileSnapshot } from '../../tests/support/compile_snapshot.ts';
import { hooksUse } from '../../tests/support/hooks_use.ts';
import { get, HOSTS, PlaneBench, socket } from '../../tests/support/plane_bench.ts';
import { Cell } from '../base/metrics_cells.ts';
import type { Config } from '../config/config.ts';
import type { Snapshot } from '../config/snapshot.ts';
import type { MiddlewareHooks } from '../middleware/middleware.ts';

function configOf(hosts: readonly string[], more: Partial<Config> = {}): Config {
  return {
    listeners: [{ address: '127.0.0.1:8080' }],
    upstreams: { origin: { endpoints: hosts.map((host) => `http://${host}:9000`) } },
    routes: [{ upstream: 'origin' }],
    accessLog: false,
    ...more,
  };
}

function withHooks(snapshot: Snapshot, hooks: MiddlewareHooks): Snapshot {
  return { ...snapshot, proxy: { ...snapshot.proxy, middleware: [hooksUse(hooks)] } };
}

const FIRST = configOf([HOSTS[0]]);
const SECOND = configOf([HOSTS[1]]);

test('DataPlane serves another snapshot from one request to the next of a connection', async () => {
  const bench = new PlaneBench(FIRST);
  const client = bench.send(get());
  assert.match(client.receivedText(), /10\.0\.0\.1$/);
  await bench.reload(SECOND);
  assert.match(bench.ask(client, get()), /10\.0\.0\.2$/);
  await bench.reload(configOf([HOSTS[1]], { routes: [{ path: '/a', respond: { body: 'here' } }] }));
  assert.match(bench.ask(client, get('/a')), /here$/);
  assert.match(bench.ask(client, get('/b')), /^HTTP\/1.1 404 /);
  bench.finish();
});

test('DataPlane keeps connections to endpoints that stay', async () => {
  const bench = new PlaneBench(FIRST);
  const client = bench.send(get());
  for (let i = 0; i < 5; i++) {
    await bench.reload(configOf([HOSTS[0]], { via: `via-${i}` }));
    assert.match(bench.ask(client, get()), /10\.0\.0\.1$/);
  }
  assert.equal(bench.peers.length, 1);
  bench.finish();
});

test('DataPlane lets exchanges and tunnels end on the snapshot that they began with', async () => {
  const bench = new PlaneBench(FIRST);
  bench.isAnswering = false;
  const plain = bench.send(get('/slow'));
  const tunnel = bench.send(get('/ws', 'Connection: upgrade\r\nUpgrade: websocket\r\n'));
  const [, second] = bench.peers;
  second!.peer.takeReceived();
  second!.peer.write('HTTP/1.1 101 Switching\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n');
  bench.network.run();
  await bench.reload(configOf([HOSTS[1]], { routes: [{ respond: { status: 503 } }] }));
  assert.match(bench.ask(tunnel, 'ping'), /^$/);
  assert.equal(second!.peer.receivedText(), 'ping');
  second!.peer.write('pong');
  bench.peers[0]!.peer.write('HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nslow');
  bench.network.run();
  assert.match(plain.receivedText(), /slow$/);
  assert.match(tunnel.receivedText(), /pong$/);
  assert.match(bench.ask(plain, get('/next')), /^HTTP\/1.1 503 /);
  tunnel.close();
  second!.peer.close();
  bench.network.run();
  assert.equal(bench.plane.upstreamConnectionsCount, 0, 'what is gone is closed after its use');
  bench.finish();
});

test('DataPlane closes middleware of a snapshot once its last exchange is over', async () => {
  const events: string[] = [];
  const hooksOf = (name: string): MiddlewareHooks => ({
    onRequest: () => void events.push(`${name} request`),
    onComplete: () => void events.push(`${name} complete`),
    close: () => void events.push(`${name} close`),
  });
  const bench = new PlaneBench(FIRST);
  const snapshot = compileSnapshot(FIRST);
  await bench.commit(await bench.prepareSnapshot(withHooks(snapshot, hooksOf('a'))));
  bench.isAnswering = false;
  const client = bench.send(get());
  await bench.commit(await bench.prepareSnapshot(withHooks(snapshot, hooksOf('b'))));
  assert.deepEqual(events.splice(0), ['a request']);
  bench.isAnswering = true;
  bench.answer();
  assert.deepEqual(events.splice(0), ['a complete', 'a close']);
  bench.ask(client, get());
  bench.finish();
  await bench.plane.close();
  assert.deepEqual(events, ['b request', 'b complete', 'b close']);
});

test('DataPlane.prepare() refuses middleware that throws, and leaves all as it was', async () => {
  const bench = new PlaneBench(FIRST);
  const client = bench.send(get());
  let closed = 0;
  const snapshot = compileSnapshot(configOf([HOSTS[1]], { upstreams: upstreamsOf(20) }));
  const good = hooksUse({ close: () => closed++ });
  const source = { file: '/zproxy.yaml', line: 4, column: 2, path: 'middleware[1]' };
  const unknown = { name: 'none', module: 'file:///nowhere.ts', options: {}, source };
  const bad = { ...snapshot, proxy: { ...snapshot.proxy, middleware: [good, unknown] } };
  await assert.rejects(bench.plane.prepare(bad), {
    code: 'ZP_MIDDLEWARE_UNKNOWN',
    location: source,
  });
  assert.equal(closed, 1);
  assert.match(bench.ask(client, get()), /10\.0\.0\.1$/);
  assert.equal(bench.peers.length, 1);
  bench.finish();
});

function upstreamsOf(count: number): NonNullable<Config['upstreams']> {
  const upstreams: Record<string, { endpoints: string[] }> = {
    origin: { endpoints: [`http://${HOSTS[1]}:9000`] },
  };
  for (let i = 0; i < count; i++) upstreams[`u${i}`] = { endpoints: [`http://10.1.0.${i}:80`] };
  return upstreams;
}

test('DataPlane.prepare() is given up at any point, abandon() drops the rest', async () => {
  const bench = new PlaneBench(FIRST);
  const routes = Array.from({ length: 5_000 }, (_, i) => ({ path: `/${i}`, upstream: 'origin' }));
  const snapshot = compileSnapshot(configOf([HOSTS[1]], { routes }));
  for (const looks of [0, 1, 2]) {
    let left = looks;
    const prepared = await bench.plane.prepare(snapshot, () => left-- > 0);
    assert.ok(prepared === null, `given up after ${looks} looks`);
  }
  bench.plane.abandon(await bench.prepareSnapshot(snapshot));
  assert.match(bench.send(get()).receivedText(), /10\.0\.0\.1$/);
  bench.finish();
});

test('DataPlane takes sockets in and lets go of others', async () => {
  const two = configOf([HOSTS[0]], {
    listeners: [{ address: '127.0.0.1:8080' }, { address: '127.0.0.1:8081' }],
  });
  const bench = new PlaneBench(FIRST);
  const kept = bench.send(get(), 3);
  await bench.reload(two, [socket(3, 0), socket(4, 1)]);
  const onNew = bench.send(get(), 4);
  assert.match(onNew.receivedText(), /10\.0\.0\.1$/);
  const idle = bench.send(get(), 4);
  bench.isAnswering = false;
  bench.ask(onNew, get('/slow'));
  const queued = bench.network.connect(bench.listeners.get(4)!);
  queued.write(get('/queued'));
  let isStopped = false;
  const stopped = bench.commit(await bench.prepare(FIRST), [socket(3, 0)]);
  void stopped.then(() => {
    isStopped = true;
  });
  assert.equal(isStopped, false);
  bench.network.run();
  await stopped;
  bench.isAnswering = true;
  bench.answer();
  assert.match(onNew.receivedText(), /Connection: close\r\n/, 'its answer is the last one');
  assert.match(queued.receivedText(), /10\.0\.0\.1$/, 'it was in the queue before');
  assert.equal(idle.isEnded, false);
  bench.network.advance(6_000);
  assert.equal(idle.isEnded, true, 'it was given a while for a last request');
  assert.doesNotMatch(bench.ask(kept, get()), /Connection: close/);
  bench.finish();
  assert.equal(bench.cells[Cell.CONNECTIONS_OPEN], 0);
});

test('DataPlane.drain() waits for a socket that a snapshot has just lost', async () => {
  const bench = new PlaneBench(FIRST);
  const prepared = await bench.prepare(FIRST);
  const queued = bench.network.connect(bench.listeners.get(3)!);
  queued.write(get());
  void bench.plane.commit(prepared, []);
  let isDrained = false;
  bench.plane.drain(() => {
    isDrained = true;
  });
  assert.equal(isDrained, false);
  bench.network.run();
  assert.match(queued.receivedText(), /10\.0\.0\.1$/);
  bench.network.advance(10_000);
  assert.equal(isDrained, true);
  bench.sockets = [];
});

test('DataPlane serves sockets that come after it was made', () => {
  const bench = new PlaneBench(FIRST);
  bench.plane.serve([socket(9)]);
  assert.match(bench.send(get(), 9).receivedText(), /10\.0\.0\.1$/);
  bench.finish();
});

test('DataPlane counts in the end what it counted before: nothing is open', async () => {
  const bench = new PlaneBench(FIRST);
  bench.isAnswering = false;
  const clients = [bench.send(get('/1')), bench.send(get('/2'))];
  await bench.reload(SECOND);
  clients.push(bench.send(get('/3')));
  assert.equal(bench.cells[Cell.EXCHANGES_OPEN], 3);
  bench.answer();
  for (const client of clients) assert.match(client.receivedText(), /200 OK/);
  assert.equal(bench.cells[Cell.EXCHANGES_OPEN], 0);
  assert.equal(bench.cells[Cell.REQUESTS], 3);
  assert.equal(bench.cells[Cell.RESPONSES_2XX], 3);
  bench.finish();
});

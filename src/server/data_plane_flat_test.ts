// Any number of reloads in one process costs no memory: not of the heap, not of the arena, not a
// buffer. In every cycle something else changes, a client asks, an exchange outlives its snapshot,
// and every tenth snapshot is dropped; a tunnel stays open on the first one.

import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { queryObjects } from 'node:v8';
import { compileSnapshot } from '../../tests/support/compile_snapshot.ts';
import { get, HOSTS, PlaneBench, socket } from '../../tests/support/plane_bench.ts';
import type { Config } from '../config/config.ts';
import type { Snapshot } from '../config/snapshot.ts';
import { Http1Connection } from '../downstream/http1_connection.ts';
import { Http1Server } from '../downstream/http1_server.ts';
import { ListenerSettings } from '../downstream/listener_settings.ts';
import { CompiledRoute } from '../proxy/compiled_route.ts';
import { Exchange } from '../proxy/exchange.ts';
import { ProxyState } from '../proxy/proxy_state.ts';
import { EndpointSet } from '../upstream/endpoint_set.ts';
import { Http1Client } from '../upstream/http1_client.ts';
import { Upstream } from '../upstream/upstream.ts';
import type { WorkerListener } from './worker_protocol.ts';

/** Of a round, whole turns of what changes; there are two, behind one that warms up. */
const CYCLES: number = process.env['ZPROXY_TEST_FULL'] === '1' ? 3_500 : 350;
/** Of a round: 300 bytes per cycle; V8's own notes are a third of it. */
const GROWTH_BYTES_MAX: number = 300 * CYCLES;

const KINDS: readonly Partial<Config>[] = [
  {},
  { via: 'another' },
  { upstreams: { origin: { endpoints: [`http://${HOSTS[1]}:9000`] } } },
  { upstreams: { origin: { endpoints: [`http://${HOSTS[0]}:9000`], hostHeader: 'endpoint' } } },
  { limits: { requestHead: '16KiB', upstreamIdleConnections: 4 }, forwarded: 'both' },
  { middleware: [{ headers: { response: { set: { 'X-Served': '{route}' } } } }] },
  { trustedProxies: ['10.0.0.0/8'], timeouts: { keepAliveIdle: '20s' } },
];

function snapshots(): Snapshot[] {
  return KINDS.map((more) => {
    const routes = Array.from({ length: 50 }, (_, i) => ({
      path: `/${i}/:id/*rest`,
      upstream: 'origin',
    }));
    return compileSnapshot({
      listeners: [{ address: '127.0.0.1:8080' }],
      upstreams: { origin: { endpoints: HOSTS.map((host) => `http://${host}:9000`) } },
      routes: [...routes, { upstream: 'origin' }],
      accessLog: { format: 'combined', to: 'stdout' },
      ...more,
    });
  });
}

/** What must not become more: per class, as many as there are at the end of a cycle. */
const CLASSES = [
  ProxyState,
  CompiledRoute,
  Upstream,
  EndpointSet,
  Http1Client,
  Http1Server,
  Http1Connection,
  ListenerSettings,
  Exchange,
] as const;

/** Counting collects all garbage before it, code that nobody needs included. */
function countObjects(): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const type of CLASSES) counts[type.name] = queryObjects(type, { format: 'count' });
  return counts;
}

function usedBytes(): number {
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

class Cycles {
  readonly bench: PlaneBench;
  readonly #snapshots: readonly Snapshot[] = snapshots();
  #count = 0;

  constructor() {
    this.bench = new PlaneBench({
      listeners: [{ address: '127.0.0.1:8080' }],
      upstreams: { origin: { endpoints: [`http://${HOSTS[0]}:9000`] } },
      routes: [{ upstream: 'origin' }],
    });
  }

  async run(cycles: number): Promise<void> {
    const { bench } = this;
    for (let i = 0; i < cycles; i++) {
      const count = this.#count++;
      // A worker has each snapshot from a message: an object of its own.
      const snapshot = structuredClone(this.#snapshots[count % this.#snapshots.length]!);
      bench.isAnswering = false;
      const client = bench.send(get('/7/a/b'));
      const prepared = await bench.prepareSnapshot(snapshot);
      if (count % 10 === 9) bench.plane.abandon(prepared);
      else await bench.commit(prepared, socketsOf(count));
      bench.isAnswering = true;
      bench.answer();
      assert.match(client.receivedText(), /^HTTP\/1.1 200 /);
      client.close();
      bench.network.advance(10);
      bench.lines.length = 0;
      bench.peers.splice(1, Math.max(0, bench.peers.length - 20));
    }
  }
}

/** Every third time the second socket is another one. */
function socketsOf(count: number): WorkerListener[] {
  return [socket(3), socket(10 + (Math.floor(count / 3) % 100))];
}

test(`DataPlane stays flat over ${3 * CYCLES} reloads`, async () => {
  const cycles = new Cycles();
  const { bench } = cycles;
  bench.isAnswering = false;
  const tunnel = bench.send(get('/ws', 'Connection: upgrade\r\nUpgrade: websocket\r\n'));
  const { peer } = bench.peers[0]!;
  peer.takeReceived();
  peer.write('HTTP/1.1 101 Switching\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n');
  bench.network.run();
  const { arena } = bench.network.pool;
  const measure = (): unknown => ({
    objects: countObjects(),
    statics: arena.staticBytes,
    buffers: bench.network.pool.ownedCount,
    connections: bench.network.transport.connectionsCount,
  });
  await cycles.run(CYCLES);
  const before = measure();
  await cycles.run(CYCLES);
  assert.deepEqual(measure(), before);
  // Counting has dropped V8's code and notes: the same work makes the same again.
  const bytesBefore = usedBytes();
  await cycles.run(CYCLES);
  assert.deepEqual(measure(), before);
  const growth = usedBytes() - bytesBefore;
  assert.ok(growth < GROWTH_BYTES_MAX, `${growth} bytes more after ${CYCLES} reloads`);
  peer.takeReceived();
  assert.equal(bench.ask(tunnel, 'still here'), '');
  assert.equal(peer.receivedText(), 'still here');
  bench.finish();
});

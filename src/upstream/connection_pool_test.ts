// The pool of an endpoint and the waiting queue of an upstream, by what their endpoints see.

import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { ADDRESS, UpstreamBench } from '../../tests/support/upstream_bench.ts';
import { Cell, EndpointCell, endpointCell } from '../base/metrics_cells.ts';
import type { TcpAddress } from '../base/socket_address.ts';
import { SocketError } from '../ring/transport.ts';

const OTHER: TcpAddress = { kind: 'tcp', host: '10.0.0.2', port: 9000, family: 4 };
const EMPTY = 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n';

/** Leaves `count` idle connections, the last one freshest. */
function warmMany(bench: UpstreamBench, count: number): void {
  const first = bench.peers.length;
  const exchanges = Array.from({ length: count }, () => bench.get());
  for (const peer of bench.peers.slice(first)) {
    peer.takeReceived();
    peer.write(EMPTY);
    bench.network.run();
  }
  for (const exchange of exchanges) assert.equal(exchange.outcome, 'end');
}

test('ConnectionPool uses the connection that became idle last', () => {
  const bench = new UpstreamBench();
  warmMany(bench, 3);
  const exchange = bench.get('/again');
  assert.equal(exchange.stream!.isReused, true);
  assert.match(bench.peers[2]!.receivedText(), /^GET \/again /);
  bench.get('/more');
  assert.match(bench.peers[1]!.receivedText(), /^GET \/more /);
  bench.finish();
});

test('ConnectionPool gives a fresh connection where one is asked for', () => {
  const bench = new UpstreamBench();
  warmMany(bench, 1);
  const exchange = bench.get('/', true);
  assert.equal(exchange.stream!.isReused, false);
  assert.equal(bench.peers.length, 2);
  bench.finish();
});

test('ConnectionPool keeps so many idle connections and closes the oldest of more', () => {
  const bench = new UpstreamBench({ pool: { idleConnectionsMax: 2 } });
  warmMany(bench, 3);
  assert.equal(bench.upstream.idleCount, 2);
  assert.equal(bench.peers[0]!.isEnded, true);
  assert.equal(bench.peers[2]!.isEnded, false);
  bench.finish();
  const none = new UpstreamBench({ pool: { idleConnectionsMax: 0 } });
  warmMany(none, 2);
  assert.equal(none.upstream.connectionsCount, 0);
  none.finish();
});

test('ConnectionPool closes what was idle too long', () => {
  const bench = new UpstreamBench({ pool: { idleTimeoutMs: 10_000 } });
  warmMany(bench, 2);
  bench.network.advance(9_900);
  const exchange = bench.get();
  bench.network.advance(200);
  assert.equal(bench.upstream.idleCount, 0);
  assert.equal(bench.upstream.connectionsCount, 1);
  bench.peers[1]!.write(EMPTY);
  bench.network.run();
  assert.equal(exchange.outcome, 'end');
  bench.network.advance(10_100);
  assert.equal(bench.upstream.connectionsCount, 0);
  bench.finish();
});

test('ConnectionPool does not use a connection past its age', () => {
  const bench = new UpstreamBench({ pool: { ageMsMax: 10_000 } });
  warmMany(bench, 1);
  bench.network.advance(10_100);
  const exchange = bench.get(); // idle and too old
  assert.equal(exchange.stream!.isReused, false);
  assert.equal(bench.peers[0]!.isEnded, true);
  bench.network.advance(10_100);
  bench.peer.write(EMPTY); // too old when it comes back
  bench.network.run();
  assert.equal(exchange.outcome, 'end');
  assert.equal(bench.upstream.connectionsCount, 0);
  bench.finish();
});

test('Upstream lets requests wait in order at the limit and serves them as slots come free', () => {
  const bench = new UpstreamBench({ pool: { connectionsMax: 2 } });
  const [a, b, c, d] = [bench.get('/a'), bench.get('/b'), bench.get('/c'), bench.get('/d')];
  assert.deepEqual([c.events, d.events], [['waiting'], ['waiting']]);
  assert.equal(bench.upstream.waitingCount, 2);
  bench.peers[1]!.write(EMPTY); // a connection that is given back
  bench.network.run();
  assert.equal(b.outcome, 'end');
  assert.match(bench.peers[1]!.receivedText(), /GET \/c /);
  bench.peers[0]!.reset(); // a slot that comes free
  bench.network.run();
  assert.equal(a.outcome, 'connection_reset');
  assert.match(bench.peers[2]!.receivedText(), /^GET \/d /);
  assert.equal(bench.upstream.waitingCount, 0);
  bench.finish();
});

test('Upstream does not let a new request pass those that wait', () => {
  const bench = new UpstreamBench({ pool: { connectionsMax: 1 } });
  const first = bench.get('/1');
  bench.get('/2');
  first.onEvent = (event): void => {
    if (event === 'end') bench.get('/3');
  };
  bench.peer.write(EMPTY);
  bench.network.run();
  assert.match(bench.peer.receivedText(), /GET \/1 [\s\S]*GET \/2 /);
  bench.peer.write(EMPTY);
  bench.network.run();
  assert.match(bench.peer.receivedText(), /GET \/2 [\s\S]*GET \/3 /);
  bench.finish();
});

test('Upstream gives up waiting after the connect timeout, and at once when cancelled', () => {
  const bench = new UpstreamBench({ pool: { connectionsMax: 1 }, timeouts: { connectMs: 2_000 } });
  bench.get();
  const early = bench.get();
  bench.network.advance(1_000);
  const late = bench.get();
  const cancelled = bench.get();
  bench.upstream.cancel(cancelled);
  bench.network.advance(1_050);
  assert.deepEqual(early.events, ['waiting', 'connection_limit_reached']);
  assert.deepEqual(late.events, ['waiting']);
  bench.network.advance(1_000);
  assert.deepEqual(late.events, ['waiting', 'connection_limit_reached']);
  assert.deepEqual(cancelled.events, ['waiting']);
  bench.finish();
});

test('Upstream lets at most 4096 requests wait', () => {
  const bench = new UpstreamBench({ pool: { connectionsMax: 1 } });
  bench.get();
  for (let i = 0; i < 4_096; i++) bench.exchange().acquire();
  const last = bench.exchange();
  last.acquire();
  assert.deepEqual(last.events, ['connection_limit_reached']);
  bench.upstream.close();
  bench.network.run();
  assert.equal(bench.upstream.waitingCount, 0);
  assert.deepEqual(bench.exchanges[7]!.events, ['waiting', 'draining']);
  bench.finish();
});

test('Upstream makes room for a fresh connection at the limit', () => {
  const bench = new UpstreamBench({ pool: { connectionsMax: 2 } });
  warmMany(bench, 2);
  const exchange = bench.get('/', true);
  assert.equal(exchange.stream!.isReused, false);
  assert.equal(bench.peers.length, 3);
  assert.equal(bench.upstream.idleCount, 1);
  bench.finish();
});

test('Upstream skips endpoints that do not resolve and says why there is none', () => {
  const named = { host: 'origin.test' };
  const bench = new UpstreamBench({ endpoints: [named, { ...named, weight: 0 }] });
  assert.deepEqual(bench.get().events, ['dns_error']);
  bench.upstream.setAddresses('origin.test', [ADDRESS]);
  assert.equal(bench.get().outcome, '');
  bench.upstream.setAddresses('origin.test', []);
  assert.deepEqual(bench.get().events, ['dns_error']);
  bench.finish();
  const weightless = new UpstreamBench({ endpoints: [{ weight: 0 }] });
  assert.deepEqual(weightless.get().events, ['destination_unavailable']);
  weightless.finish();
});

test('Upstream lets go of connections to addresses that are gone', () => {
  const bench = new UpstreamBench({ endpoints: [{ host: 'origin.test' }] });
  bench.network.serve(OTHER, (peer) => bench.peers.push(peer));
  bench.upstream.setAddresses('origin.test', [ADDRESS]);
  const busy = bench.get();
  warmMany(bench, 1);
  bench.upstream.setAddresses('origin.test', [OTHER]);
  bench.network.run();
  assert.equal(bench.upstream.idleCount, 0);
  bench.peers[0]!.write(EMPTY);
  bench.network.run();
  assert.equal(busy.outcome, 'end');
  assert.equal(bench.upstream.connectionsCount, 0);
  warmMany(bench, 1);
  assert.equal(bench.upstream.idleCount, 1);
  bench.finish();
});

test('Upstream serves on while draining but keeps nothing', () => {
  const bench = new UpstreamBench();
  warmMany(bench, 2);
  const busy = bench.get();
  bench.upstream.drain();
  bench.network.run();
  assert.equal(bench.upstream.connectionsCount, 1);
  bench.peers[1]!.write(EMPTY);
  bench.network.run();
  assert.equal(busy.outcome, 'end');
  assert.equal(bench.upstream.connectionsCount, 0);
  bench.finish();
});

test('Upstream closes idle connections when descriptors are used up', () => {
  const bench = new UpstreamBench({
    endpoints: [{}, { host: '10.0.0.2', slot: 1 }],
  });
  bench.network.serve(OTHER, (peer) => bench.peers.push(peer));
  warmMany(bench, 2);
  assert.equal(bench.upstream.idleCount, 2);
  bench.network.refuse(ADDRESS, SocketError.RESOURCES);
  bench.network.refuse(OTHER, SocketError.RESOURCES);
  assert.deepEqual(bench.get('/', true).events, ['overloaded']);
  assert.equal(bench.upstream.idleCount, 0);
  bench.finish();
});

test('Upstream spreads requests by weight, smoothly', () => {
  const hosts = ['10.0.0.1', '10.0.0.2', '10.0.0.3'];
  const bench = new UpstreamBench({
    endpoints: hosts.map((host, slot) => ({ host, slot, weight: slot === 0 ? 5 : 1 })),
  });
  const picked: number[] = [];
  for (let i = 0; i < 14; i++) {
    const exchange = bench.exchange();
    exchange.acquire();
    picked.push(exchange.stream!.endpointIndex);
    exchange.abort();
  }
  assert.deepEqual(picked, [0, 0, 1, 0, 2, 0, 0, 0, 0, 1, 0, 2, 0, 0]);
  bench.finish();
});

test('Upstream counts connections, requests and failures', () => {
  const bench = new UpstreamBench();
  warmMany(bench, 1);
  warmMany(bench, 0);
  const exchange = bench.get();
  const at = endpointCell(0);
  assert.equal(bench.cells[Cell.UPSTREAM_CONNECTS], 1);
  assert.equal(bench.cells[Cell.UPSTREAM_REUSES], 1);
  assert.equal(bench.cells[at + EndpointCell.REQUESTS], 2);
  assert.equal(bench.cells[at + EndpointCell.IN_FLIGHT], 1);
  assert.equal(bench.cells[at + EndpointCell.CONNECTIONS], 1);
  bench.peer.reset();
  bench.network.run();
  assert.equal(exchange.outcome, 'connection_reset');
  bench.network.refuse(ADDRESS);
  bench.get();
  assert.equal(bench.cells[Cell.UPSTREAM_CONNECT_FAILURES], 1);
  assert.equal(bench.cells[at + EndpointCell.FAILURES], 2);
  assert.equal(bench.cells[at + EndpointCell.IN_FLIGHT], 0);
  assert.equal(bench.cells[at + EndpointCell.CONNECTIONS], 0);
  bench.finish();
});

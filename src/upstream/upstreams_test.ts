// Upstreams over snapshots: what a new one keeps, lets go of and changes, by what endpoints see.

import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import {
  ADDRESS,
  type RecordedExchange,
  UpstreamBench,
} from '../../tests/support/upstream_bench.ts';
import { EndpointCell, endpointCell } from '../base/metrics_cells.ts';
import type { TcpAddress } from '../base/socket_address.ts';
import type { EndpointOptions, UpstreamOptions } from './options.ts';
import type { Upstream } from './upstream.ts';

const OTHER: TcpAddress = { kind: 'tcp', host: '10.0.0.2', port: 9000, family: 4 };
const EMPTY = 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n';
const A: Partial<EndpointOptions> = { url: 'http://a:9000', slot: 0 };
const B: Partial<EndpointOptions> = { url: 'http://b:9000', host: '10.0.0.2', slot: 1 };

type Change = Partial<Omit<UpstreamOptions, 'endpoints' | 'timeouts' | 'pool'>> & {
  readonly endpoints?: readonly Partial<EndpointOptions>[];
  readonly timeouts?: Partial<UpstreamOptions['timeouts']>;
  readonly pool?: Partial<UpstreamOptions['pool']>;
};

class ReloadBench extends UpstreamBench {
  constructor(endpoints: readonly Partial<EndpointOptions>[], pool = {}) {
    super({ endpoints, pool });
    this.network.serve(OTHER, (peer) => this.peers.push(peer));
  }

  optionsOf(change: Change): UpstreamOptions {
    const { options } = this;
    const endpoints = change.endpoints?.map((endpoint) => ({
      ...options.endpoints[0]!,
      ...endpoint,
    }));
    return {
      ...options,
      ...change,
      endpoints: endpoints ?? options.endpoints,
      timeouts: { ...options.timeouts, ...change.timeouts },
      pool: { ...options.pool, ...change.pool },
    };
  }

  /** Another snapshot serves; the one before has exchanges until it is ended. */
  reload(change: Change): Upstream {
    const before = this.upstream;
    this.upstream = this.upstreams.open(this.optionsOf(change));
    this.upstreams.begin([this.upstream]);
    this.network.run();
    return before;
  }

  answerAll(): void {
    for (const peer of this.peers) {
      if (!peer.receivedText().includes('\r\n\r\n')) continue;
      peer.takeReceived();
      peer.write(EMPTY);
    }
    this.network.run();
  }

  cell(slot: number, cell: number): number {
    return this.cells[endpointCell(slot) + cell]!;
  }
}

function indexOf(exchange: RecordedExchange): number {
  return exchange.streamLast!.endpointIndex;
}

test('Upstreams keep the connections of endpoints that stay, wherever they stand now', () => {
  const bench = new ReloadBench([A]);
  bench.warm();
  const before = bench.reload({ endpoints: [B, A] });
  bench.upstreams.end([before]);
  assert.equal(bench.upstream.idleCount, 1);
  const first = bench.get('/1');
  const second = bench.get('/2');
  const kept = indexOf(first) === 1 ? first : second;
  assert.equal(indexOf(kept), 1);
  assert.equal(kept.stream!.isReused, true);
  assert.equal(kept.stream!.endpointUrl, 'http://a:9000');
  assert.equal(bench.peers.length, 2);
  bench.finish();
});

test('Upstreams close what is idle of an endpoint that is gone, and what is busy after it', () => {
  const bench = new ReloadBench([A, B]);
  const onA = bench.get('/1');
  const onB = bench.get('/2');
  bench.answerAll();
  assert.equal(bench.upstream.idleCount, 2);
  const busyB = [bench.get('/3'), bench.get('/4')].find((exchange) => indexOf(exchange) === 1)!;
  assert.deepEqual([indexOf(onA), indexOf(onB)], [0, 1]);
  const before = bench.reload({ endpoints: [A] });
  assert.equal(busyB.outcome, '', 'it goes on');
  assert.equal(indexOf(busyB), 1, 'by the place that it had');
  bench.answerAll();
  assert.equal(busyB.outcome, 'end');
  assert.equal(bench.upstream.connectionsCount, 1, 'of b nothing is kept');
  assert.equal(bench.cell(1, EndpointCell.CONNECTIONS), 0);
  assert.equal(bench.cell(1, EndpointCell.IN_FLIGHT), 0);
  bench.upstreams.end([before]);
  bench.finish();
});

test('An exchange of a snapshot before has its endpoints as long as it lives', () => {
  const bench = new ReloadBench([A]);
  const before = bench.reload({ endpoints: [B] });
  const { upstream } = bench;
  bench.upstream = before;
  const retried = bench.get('/retried', true);
  assert.equal(retried.stream!.endpointUrl, 'http://a:9000');
  bench.answerAll();
  assert.equal(retried.outcome, 'end');
  assert.equal(bench.upstream.idleCount, 0, 'its connection is not kept');
  bench.upstream = upstream;
  bench.upstreams.end([before]);
  const fresh = bench.get('/fresh');
  assert.equal(fresh.stream!.endpointUrl, 'http://b:9000');
  bench.finish();
});

test('Requests that wait go on waiting, and get what a new limit makes room for', () => {
  const bench = new ReloadBench([A], { connectionsMax: 1 });
  const first = bench.get('/1');
  const waiting = bench.get('/2');
  assert.deepEqual(waiting.events, ['waiting']);
  const before = bench.reload({ pool: { connectionsMax: 2 } });
  assert.notEqual(waiting.stream, null, 'the limit is that of the new snapshot');
  assert.equal(bench.peers.length, 2);
  bench.answerAll();
  assert.deepEqual([first.outcome, waiting.outcome], ['end', 'end']);
  bench.upstreams.end([before]);
  bench.finish();
});

test('Requests that wait for an endpoint that is gone are served, oldest snapshot first', () => {
  const bench = new ReloadBench([A], { connectionsMax: 1 });
  const busy = bench.get('/busy');
  const old = bench.get('/old');
  const before = bench.reload({ endpoints: [A, B], pool: { connectionsMax: 1 } });
  const onB = bench.get('/b');
  const young = bench.get('/young');
  assert.deepEqual([old.events, young.events], [['waiting'], ['waiting']]);
  assert.equal(onB.stream!.endpointUrl, 'http://b:9000');
  bench.peers[0]!.write(EMPTY);
  bench.network.run();
  assert.equal(busy.outcome, 'end');
  assert.notEqual(old.stream, null, 'it has waited longer');
  assert.equal(young.stream, null);
  const last = bench.reload({ endpoints: [B] });
  bench.answerAll();
  bench.answerAll();
  assert.deepEqual([old.outcome, young.outcome], ['end', 'end']);
  bench.upstreams.end([before]);
  bench.upstreams.end([last]);
  bench.finish();
});

test('An exchange keeps the timeouts that it began with; the next one has the new', () => {
  const bench = new ReloadBench([A]);
  bench.warm();
  const old = bench.get('/old');
  const before = bench.reload({ timeouts: { firstByteMs: 1_000 } });
  bench.network.advance(30_000);
  assert.equal(old.outcome, '');
  bench.answerAll();
  assert.equal(old.outcome, 'end');
  bench.upstreams.end([before]);
  const young = bench.get('/young');
  assert.equal(young.stream!.isReused, true);
  bench.network.advance(1_100);
  assert.equal(young.outcome, 'http_response_timeout');
  bench.finish();
});

test('Idle connections follow the limits of the new snapshot at once', () => {
  const bench = new ReloadBench([A]);
  const exchanges = [bench.get('/1'), bench.get('/2'), bench.get('/3')];
  bench.answerAll();
  for (const exchange of exchanges) assert.equal(exchange.outcome, 'end');
  bench.network.advance(20_000);
  const first = bench.reload({ pool: { idleConnectionsMax: 2, idleTimeoutMs: 30_000 } });
  assert.equal(bench.upstream.idleCount, 2, 'fewer are kept');
  bench.network.advance(9_900);
  assert.equal(bench.upstream.idleCount, 2);
  const second = bench.reload({ pool: { idleTimeoutMs: 40_000 } });
  bench.network.advance(9_900);
  assert.equal(bench.upstream.idleCount, 2, 'idle for 39.8 of 40 s');
  bench.network.advance(300);
  assert.equal(bench.upstream.idleCount, 0);
  bench.upstreams.end([first, second]);
  bench.finish();
});

test('Upstreams know a response head limit per snapshot', () => {
  const bench = new ReloadBench([A]);
  const old = bench.get('/old');
  const before = bench.reload({ responseHeadBytesMax: 64 });
  const young = bench.get('/young');
  const long = `HTTP/1.1 200 OK\r\nX-Long: ${'x'.repeat(200)}\r\nContent-Length: 0\r\n\r\n`;
  for (const peer of bench.peers) peer.write(long);
  bench.network.run();
  assert.equal(old.outcome, 'end');
  assert.equal(young.outcome, 'http_response_header_section_size');
  bench.upstreams.end([before]);
  bench.finish();
});

test('Round robin goes on where it was: a reload gives no endpoint a turn more', () => {
  const bench = new ReloadBench([A, B]);
  const picked = [0, 0];
  for (let i = 0; i < 60; i++) {
    const exchange = bench.exchange();
    exchange.acquire();
    picked[indexOf(exchange)]!++;
    exchange.abort();
    bench.upstreams.end([bench.reload({})]);
  }
  assert.deepEqual(picked, [30, 30]);
  bench.finish();
});

test('Round robin is fair at once after weights have changed by much', () => {
  const bench = new ReloadBench([
    { ...A, weight: 1_000 },
    { ...B, weight: 999 },
  ]);
  const pick = (): number => {
    const exchange = bench.exchange();
    exchange.acquire();
    exchange.abort();
    bench.network.run();
    return indexOf(exchange);
  };
  for (let i = 0; i < 7; i++) pick();
  bench.upstreams.end([
    bench.reload({
      endpoints: [
        { ...A, weight: 1 },
        { ...B, weight: 2 },
      ],
    }),
  ]);
  const counts = [0, 0];
  for (let i = 0; i < 30; i++) counts[pick()]!++;
  assert.ok(Math.abs(counts[0]! - 10) <= 1, `${counts}`);
  bench.finish();
});

test('Upstreams give addresses of a name to endpoints that come later', () => {
  const named = { url: 'http://origin.test:9000', host: 'origin.test', slot: 3 };
  const bench = new ReloadBench([{ ...A, host: 'origin.test' }]);
  bench.upstreams.setAddresses('origin.test', [ADDRESS]);
  const before = bench.reload({ endpoints: [named] });
  bench.upstreams.end([before]);
  assert.equal(bench.get().outcome, '', 'it is resolved');
  const gone = bench.reload({ endpoints: [B] });
  bench.answerAll();
  bench.upstreams.end([gone]);
  bench.upstreams.end([bench.reload({ endpoints: [named] })]);
  assert.deepEqual(bench.get().events, ['dns_error'], 'nobody had the name any more');
  bench.finish();
});

test('An upstream that is gone ends with its last exchange, and may come back before that', () => {
  const bench = new ReloadBench([A]);
  bench.warm();
  const busy = bench.get('/busy');
  const first = bench.upstream;
  bench.upstreams.begin([]);
  bench.network.run();
  assert.equal(bench.upstreams.namesCount, 1);
  const second = bench.reload({});
  assert.equal(bench.upstreams.namesCount, 1, 'it is the same one');
  bench.answerAll();
  assert.equal(busy.outcome, 'end');
  assert.equal(bench.upstream.idleCount, 1, 'and its connection is kept after all');
  bench.upstreams.end([first]);
  assert.equal(second, first);
  const last = bench.upstream;
  bench.upstreams.begin([]);
  bench.network.run();
  bench.upstreams.end([last]);
  assert.equal(bench.upstreams.namesCount, 0);
  assert.equal(bench.upstreams.connectionsCount, 0);
  bench.finish();
});

test('Upstreams that were prepared and dropped leave nothing behind', () => {
  const bench = new ReloadBench([A]);
  bench.warm();
  const dropped = [
    bench.upstreams.open(bench.optionsOf({ endpoints: [B], pool: { connectionsMax: 1 } })),
    bench.upstreams.open({ ...bench.optionsOf({ endpoints: [B] }), name: 'another' }),
  ];
  bench.upstreams.end(dropped);
  assert.equal(bench.upstreams.namesCount, 1);
  const both = [bench.get('/1'), bench.get('/2')];
  assert.ok(
    both.every((exchange) => exchange.stream !== null),
    'the limit is what it was',
  );
  assert.equal(bench.upstream.connectionsCount, 2);
  bench.finish();
});

test('Upstreams.close() tells exchanges and waiting requests of all snapshots', () => {
  const bench = new ReloadBench([A], { connectionsMax: 1 });
  const old = bench.get('/old');
  const oldWaiting = bench.get('/old-waiting');
  bench.reload({ endpoints: [B], pool: { connectionsMax: 1 } });
  const young = bench.get('/young');
  const youngWaiting = bench.get('/young-waiting');
  bench.upstreams.close();
  bench.network.run();
  assert.deepEqual(
    [old, oldWaiting, young, youngWaiting].map((exchange) => exchange.events.at(-1)),
    ['draining', 'draining', 'draining', 'draining'],
  );
  assert.equal(bench.upstreams.connectionsCount, 0);
  bench.finish();
});

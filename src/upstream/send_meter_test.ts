// What is known of a request's bytes while the kernel has not answered for them.

import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { UpstreamBench } from '../../tests/support/upstream_bench.ts';

test('SendMeter counts a send that is under way as something sent', () => {
  const bench = new UpstreamBench();
  bench.warm();
  bench.peer.readPaused = true;
  const exchange = bench.exchange();
  exchange.acquire();
  bench.network.run();
  assert.equal(exchange.stream!.requestBytesSent, 1);
  bench.peer.end();
  bench.network.run();
  assert.deepEqual(exchange.events, ['connection_terminated']);
  assert.equal(exchange.bytesSentAtEnd, 1);
  bench.finish();
});

test('SendMeter counts from the beginning of each request on a connection', () => {
  const bench = new UpstreamBench();
  bench.warm().takeReceived();
  const exchange = bench.exchange();
  exchange.acquire();
  assert.equal(exchange.stream!.requestBytesSent, 1);
  bench.network.run();
  assert.equal(exchange.stream!.requestBytesSent, bench.peer.received.length);
  bench.finish();
});

test('SendMeter says 0 before anything was given to the connection', () => {
  const bench = new UpstreamBench();
  const exchange = bench.exchange();
  exchange.acquire();
  assert.equal(exchange.stream!.requestBytesSent, 0);
  exchange.abort();
  bench.finish();
});

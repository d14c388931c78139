// Limits, eviction and draining over all connections of a worker.

import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { DownstreamHarness } from '../../tests/support/scripted_exchanges.ts';
import { Cell } from '../base/metrics_cells.ts';

const GET = 'GET /a HTTP/1.1\r\nHost: x\r\n\r\n';

test('ConnectionAcceptor closes the connection that has idled longest at its limit', () => {
  const harness = new DownstreamHarness({ limits: { connectionsMax: 2 } });
  const first = harness.send(GET);
  const second = harness.send(GET);
  first.write(GET);
  harness.network.run();
  const third = harness.send(GET);
  assert.equal(second.isEnded, true, 'the first was active later');
  assert.equal(first.isEnded, false);
  assert.match(third.receivedText(), /\/a$/);
  assert.equal(harness.cells[Cell.CONNECTIONS_EVICTED], 1);
  assert.equal(harness.cells[Cell.CONNECTIONS_ACCEPTED], 3);
  assert.equal(harness.cells[Cell.CONNECTIONS_OPEN], 2);
  harness.finish();
});

test('ConnectionAcceptor pauses accepting while all connections are busy', () => {
  const harness = new DownstreamHarness({ limits: { connectionsMax: 2 } });
  harness.onExchange = () => {};
  const peers = [harness.send(GET), harness.send(GET)];
  const waiting = harness.connect();
  const later = harness.connect();
  assert.equal(harness.registry.openCount, 2);
  assert.equal(waiting.isOpen, false, 'it waits in the accept queue');
  harness.exchanges[0]!.answer('done');
  harness.network.run();
  assert.equal(waiting.isOpen, true);
  assert.equal(peers[0]!.isEnded, true, 'the idle one made room');
  assert.equal(waiting.isEnded, false);
  assert.equal(later.isOpen, false);
  harness.exchanges[1]!.answer('done');
  harness.network.run();
  assert.equal(later.isOpen, true);
  assert.equal(waiting.isEnded, false);
  harness.finish();
});

test('ConnectionAcceptor gives new connections a second before it closes them for others', () => {
  const harness = new DownstreamHarness({ limits: { connectionsMax: 2 } });
  const silent = [harness.connect(), harness.connect()];
  const waiting = harness.connect();
  harness.network.advance(900);
  assert.equal(waiting.isOpen, false);
  assert.equal(harness.cells[Cell.CONNECTIONS_EVICTED], 0);
  harness.network.advance(300);
  assert.equal(waiting.isOpen, true);
  assert.deepEqual(
    silent.map((peer) => peer.isEnded),
    [true, false],
  );
  assert.equal(harness.cells[Cell.CONNECTIONS_EVICTED], 1);
  harness.finish();
});

test('ConnectionAcceptor leaves half of the descriptors to the upstream side', () => {
  const harness = new DownstreamHarness({ connectionsMax: 4 });
  harness.onExchange = () => {};
  harness.send(GET);
  assert.equal(harness.acceptor.roomCount, 1);
  harness.send(GET);
  assert.equal(harness.acceptor.roomCount, 0);
  const waiting = harness.connect();
  assert.equal(waiting.isOpen, false);
  harness.exchanges[0]!.answer('done');
  harness.network.run();
  assert.equal(waiting.isOpen, true);
  harness.finish();
});

test('ConnectionAcceptor makes room where the transport has none', () => {
  const harness = new DownstreamHarness();
  harness.network.transport.connectionsMax = 2;
  const first = harness.send(GET);
  harness.send(GET);
  const third = harness.send(GET);
  harness.network.advance(200);
  assert.equal(first.isEnded, true);
  assert.match(third.receivedText(), /\/a$/);
  harness.finish();
});

test('ConnectionAcceptor drains: answers say close, idle connections go after a while', () => {
  const harness = new DownstreamHarness();
  const idle = harness.send(GET);
  const asking = harness.send(GET);
  harness.onExchange = () => {};
  const busy = harness.send(GET);
  const waiting = harness.network.connect(harness.listener);
  let isEmpty = false;
  harness.registry.onEmpty = () => {
    isEmpty = true;
  };
  harness.acceptor.beginDrain();
  harness.network.advance(1_000);
  harness.onExchange = (exchange) => {
    exchange.onEnd = () => exchange.answer('last');
  };
  asking.write(GET);
  waiting.write(GET);
  harness.network.run();
  for (const peer of [asking, waiting]) {
    assert.match(peer.receivedText(), /Connection: close\r\n.*last$/s);
    assert.equal(peer.isEnded, true);
    peer.end();
  }
  harness.exchanges[2]!.answer('done');
  harness.network.run();
  assert.match(busy.receivedText(), /Connection: close\r\n.*done$/s);
  busy.end();
  harness.network.run();
  assert.equal(idle.isEnded, false);
  assert.equal(isEmpty, false);
  harness.network.advance(4_100);
  assert.equal(idle.isEnded, true);
  assert.equal(isEmpty, true);
  assert.equal(harness.cells[Cell.DRAIN_RESETS], 0);
  harness.finish();
});

test('ConnectionAcceptor lets a connection that was promised more idle only shortly', () => {
  const harness = new DownstreamHarness();
  harness.onExchange = () => {};
  const peer = harness.connect();
  peer.readPaused = true;
  peer.write(GET);
  harness.network.run();
  harness.last.answer('kept');
  harness.acceptor.beginDrain();
  peer.readPaused = false;
  harness.network.advance(4_000);
  assert.match(peer.receivedText(), /kept$/);
  assert.equal(peer.isEnded, false);
  harness.network.advance(1_100);
  assert.equal(peer.isEnded, true);
  harness.finish();
});

test('ConnectionRegistry resets what is left at the deadline of the drain, and counts it', () => {
  const harness = new DownstreamHarness();
  harness.onExchange = () => {};
  const busy = harness.send(GET);
  const partial = harness.send('GET ');
  const idle = harness.connect();
  harness.acceptor.beginDrain();
  harness.registry.resetAll();
  harness.network.run();
  assert.deepEqual(harness.last.events, ['end', 'aborted:draining']);
  for (const peer of [busy, partial, idle]) assert.equal(peer.isReset, true);
  assert.equal(harness.cells[Cell.DRAIN_RESETS], 3);
  assert.equal(harness.registry.isEmpty, true);
  harness.finish();
});

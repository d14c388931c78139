// Tunnels behind a 101: raw bytes both ways, half close, breaking off.

import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { DownstreamHarness } from '../../tests/support/scripted_exchanges.ts';

const UPGRADE = 'GET /ws HTTP/1.1\r\nHost: x\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n';
const SWITCHED =
  'HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n';

function openTunnel(after = ''): {
  harness: DownstreamHarness;
  peer: ReturnType<DownstreamHarness['send']>;
} {
  const harness = new DownstreamHarness();
  harness.onExchange = () => {};
  const peer = harness.send(UPGRADE + after);
  harness.last.tunnel('websocket');
  harness.last.stream.releaseHead();
  harness.last.read();
  harness.network.run();
  assert.equal(peer.takeReceived().toString('latin1'), SWITCHED);
  return { harness, peer };
}

test('Http1Server carries raw bytes both ways after a 101', () => {
  const { harness, peer } = openTunnel();
  peer.write('to server');
  harness.network.run();
  assert.equal(harness.last.body, 'to server');
  harness.last.write('to client');
  harness.network.run();
  assert.equal(peer.receivedText(), 'to client');
  assert.deepEqual(harness.last.events, ['end', 'body:9', 'writable']);
  harness.finish();
});

test('Http1Server hands bytes that came with the upgrade request to the tunnel', () => {
  const { harness } = openTunnel('early bytes');
  assert.equal(harness.last.body, 'early bytes');
  harness.finish();
});

test('Http1Server moves much through a tunnel with back pressure', () => {
  const { harness, peer } = openTunnel();
  const text = 'w'.repeat(500_000);
  harness.last.readsOn = false;
  peer.write(text);
  harness.network.run();
  assert(peer.unreadBytes > 480_000);
  let reads = 0;
  for (; harness.last.body.length < text.length; reads++) {
    harness.last.read();
    harness.network.run();
  }
  assert.equal(harness.last.body, text);
  assert(reads < 20, `${reads} reads`);
  harness.finish();
});

test('Http1Server half-closes a tunnel in either order', () => {
  for (const isClientFirst of [false, true]) {
    const { harness, peer } = openTunnel();
    if (isClientFirst) {
      peer.write('last words');
      peer.end();
      harness.network.run();
      assert.deepEqual(harness.last.events, ['end', 'body:10', 'end']);
      harness.last.write('answer');
      harness.last.end();
      harness.network.run();
      assert.equal(peer.receivedText(), 'answer');
    } else {
      harness.last.write('goodbye', true);
      harness.last.end();
      harness.network.run();
      assert.equal(peer.receivedText(), 'goodbye');
      assert.equal(peer.isEnded, true);
      assert.equal(harness.last.isOver, false);
      peer.write('still talking');
      harness.network.run();
      assert.equal(harness.last.body, 'still talking');
      peer.end();
      harness.network.run();
    }
    assert.equal(harness.last.events.at(-1), 'sent');
    assert.equal(peer.isReset, false);
    assert.equal(harness.registry.count, 0);
    harness.finish();
  }
});

test('Http1Server leaves a silent tunnel alone, but not one that is shut on our side', () => {
  const { harness, peer } = openTunnel();
  harness.network.advance(3_600_000);
  assert.equal(harness.last.isOver, false);
  harness.last.end();
  harness.network.advance(61_000);
  assert.equal(harness.last.events.at(-1), 'aborted:tunnel_idle');
  assert.equal(peer.isReset, true);
  harness.finish();
});

test('Http1Server gives up a client that has shut its side of a tunnel and reads no more', () => {
  const { harness, peer } = openTunnel();
  peer.readPaused = true;
  harness.last.write('w'.repeat(4_000), true);
  harness.network.run();
  harness.network.advance(3_600_000);
  assert.equal(harness.last.isOver, false, 'the upstream side watches over an open tunnel');
  peer.end();
  harness.last.end();
  harness.network.advance(61_000);
  assert.equal(harness.last.events.at(-1), 'aborted:client_too_slow');
  harness.finish();
});

test('Http1Server resets a tunnel that is broken off, and tells when the client is gone', () => {
  const broken = openTunnel();
  broken.harness.last.abort();
  broken.harness.network.run();
  assert.equal(broken.peer.isReset, true);
  broken.harness.finish();
  const { harness, peer } = openTunnel();
  peer.reset();
  harness.network.run();
  assert.equal(harness.last.events.at(-1), 'aborted:client_closed');
  harness.finish();
});

test('Http1Server refuses to switch before the request is complete', () => {
  const harness = new DownstreamHarness();
  harness.onExchange = () => {};
  const peer = harness.send(UPGRADE.replace('\r\n\r\n', '\r\nContent-Length: 5\r\n\r\nabc'));
  harness.last.tunnel('websocket');
  harness.network.run();
  assert.equal(harness.last.events.at(-1), 'aborted:http_upgrade_failed');
  assert.match(peer.receivedText(), /^HTTP\/1.1 502 /);
  harness.finish();
});

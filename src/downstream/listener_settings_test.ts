// What connections make of other options for their listener while they are open.

import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { DownstreamHarness, makeListenerOptions } from '../../tests/support/scripted_exchanges.ts';

const GET = 'GET /a HTTP/1.1\r\nHost: x\r\n\r\n';
const LONG = `GET /${'a'.repeat(300)} HTTP/1.1\r\nHost: x\r\n\r\n`;
const trustsAll = (): boolean => true;
const trustsNone = (): boolean => false;

type Options = Parameters<typeof makeListenerOptions>[0];

function follow(harness: DownstreamHarness, options: Options, isTrusted = trustsNone): void {
  harness.acceptor.follow(makeListenerOptions(options), isTrusted);
  harness.network.run();
}

test('A connection takes new limits with its next request, not within one', () => {
  const harness = new DownstreamHarness();
  const within = harness.send(LONG.slice(0, 100));
  const between = harness.send(GET);
  follow(harness, { limits: { targetBytesMax: 200 } });
  within.write(LONG.slice(100));
  between.takeReceived();
  between.write(LONG);
  harness.network.run();
  assert.match(within.receivedText(), /^HTTP\/1.1 200 /);
  assert.match(between.receivedText(), /^HTTP\/1.1 414 /);
  within.takeReceived();
  within.write(LONG);
  harness.network.run();
  assert.match(within.receivedText(), /^HTTP\/1.1 414 /);
  harness.finish();
});

test('A request behind another one in the same bytes goes by the new limits, too', () => {
  const harness = new DownstreamHarness();
  harness.onExchange = () => {};
  const peer = harness.send(GET + LONG);
  follow(harness, { limits: { targetBytesMax: 200 } });
  harness.exchanges[0]!.answer('first');
  harness.network.run();
  assert.match(peer.receivedText(), /first/);
  assert.match(peer.receivedText(), /HTTP\/1.1 414 /);
  harness.finish();
});

test('A connection takes new timeouts with its next request', () => {
  const harness = new DownstreamHarness();
  const old = harness.send(GET);
  const young = harness.send(GET);
  follow(harness, { timeouts: { keepAliveIdleMs: 1_000 } });
  young.write(GET);
  harness.network.run();
  harness.network.advance(2_000);
  assert.equal(young.isEnded, true);
  assert.equal(old.isEnded, false, 'it idles by what it was told');
  harness.finish();
});

test('A body within its request is timed by the options that it began with', () => {
  const harness = new DownstreamHarness();
  harness.onExchange = (exchange) => exchange.read();
  const peer = harness.send('POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nabc');
  follow(harness, { timeouts: { bodyIdleMs: 500 } });
  harness.exchanges[0]!.read();
  harness.network.advance(5_000);
  assert.equal(peer.isEnded, false);
  assert.equal(peer.receivedText(), '');
  harness.finish();
});

test('Whether a client is trusted is settled when it connects', () => {
  const harness = new DownstreamHarness();
  const trust: boolean[] = [];
  let isAsked = false;
  harness.onExchange = (exchange) => {
    if (isAsked) trust.push(exchange.stream.connection.isTrusted);
    exchange.onEnd = () => exchange.answer('');
    exchange.read();
  };
  follow(harness, {}, trustsNone);
  const old = harness.send(GET);
  isAsked = true;
  follow(harness, {}, trustsAll);
  old.write(GET);
  harness.network.run();
  const young = harness.send(GET);
  follow(harness, {}, trustsNone);
  young.write(GET);
  harness.network.run();
  assert.deepEqual(trust, [false, true, true]);
  harness.finish();
});

test('A limit of connections that was raised lets those that wait in', () => {
  const harness = new DownstreamHarness({ limits: { connectionsMax: 1 } });
  harness.onExchange = () => {};
  harness.send(GET);
  const waiting = harness.connect();
  assert.equal(waiting.isOpen, false);
  follow(harness, { limits: { connectionsMax: 2 } });
  assert.equal(waiting.isOpen, true);
  follow(harness, { limits: { connectionsMax: 1 } });
  assert.equal(harness.registry.openCount, 2, 'nobody is closed for a lower limit');
  harness.finish();
});

test('Fields with underscores are dropped or kept by the options of the request', () => {
  const harness = new DownstreamHarness();
  const names: string[] = [];
  harness.onExchange = (exchange) => {
    const { fields } = exchange.stream.head;
    const { bytes } = harness.network.pool.arena;
    for (let i = 0; i < fields.count; i++) {
      const name = bytes.subarray(fields.nameStart(i), fields.nameEnd(i));
      if (name.includes(0x5f)) names.push(Buffer.from(name).toString());
    }
    exchange.onEnd = () => exchange.answer('');
    exchange.read();
  };
  const request = 'GET /a HTTP/1.1\r\nHost: x\r\nA_b: 1\r\n\r\n';
  const peer = harness.send(request);
  harness.acceptor.follow({ ...makeListenerOptions({}), allowUnderscores: true }, trustsNone);
  assert.deepEqual(names, []);
  peer.write(request);
  harness.network.run();
  assert.deepEqual(names, ['A_b']);
  harness.finish();
});

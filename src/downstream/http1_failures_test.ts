// The HTTP/1.1 server driver when things go wrong: refusals, timeouts, slow and vanished clients,
// broken answers, an empty pool.

import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { DownstreamHarness } from '../../tests/support/scripted_exchanges.ts';
import { type BufferHandle, NO_BUFFER, SizeClass } from '../base/buffer_pool.ts';
import { ExchangeError } from '../http/exchange_error.ts';
import { Framing } from '../http/message_head.ts';

const GET = 'GET /a HTTP/1.1\r\nHost: x\r\n\r\n';
const POST_10 = 'POST /p HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n';

/** Takes every free buffer; returns what gives them back. */
function emptyPool(harness: DownstreamHarness): () => void {
  const { pool } = harness.network;
  const taken: BufferHandle[] = [];
  for (const sizeClass of [SizeClass.SMALL, SizeClass.MEDIUM, SizeClass.LARGE]) {
    while (pool.freeCount(sizeClass) > 0) taken.push(pool.acquire(sizeClass));
  }
  return () => {
    for (const buffer of taken) if (buffer !== NO_BUFFER) pool.release(buffer);
  };
}

test('Http1Server refuses what its codec refuses, says why, and lingers', () => {
  const cases: readonly (readonly [string, string])[] = [
    ['GET / HTTP/1.1\r\n\r\n', 'request_head_invalid 400'],
    ['GET / HTTP/2.0\r\nHost: x\r\n\r\n', 'request_version_unsupported 505'],
    [`GET /${'t'.repeat(9_000)} HTTP/1.1\r\nHost: x\r\n\r\n`, 'request_target_too_long 414'],
    [`GET / HTTP/1.1\r\nHost: x\r\nC: ${'c'.repeat(17_000)}\r\n\r\n`, 'request_head_too_large 431'],
    [`GET / HTTP/1.1\r\nHost: x\r\n${'A: b\r\n'.repeat(200)}\r\n`, 'request_head_too_large 431'],
    [
      'POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n',
      'request_body_invalid 400',
    ],
    ['GET / HTTP/1.1\r\nHost: x\r\nExpect: tea\r\n\r\n', 'expectation_failed 417'],
  ];
  for (const [request, refusal] of cases) {
    const harness = new DownstreamHarness();
    const peer = harness.send(request);
    assert.deepEqual(harness.refused, [refusal]);
    const status = refusal.split(' ')[1];
    const answer = peer.receivedText();
    assert.match(answer, new RegExp(`^HTTP/1.1 ${status} [A-Z].*\r\nDate: Thu, 01 Jan 2026 `));
    assert.match(answer, /\r\nProxy-Status: zproxy; error=http_request_error\r\n/);
    const body = answer.slice(answer.indexOf('\r\n\r\n') + 4);
    assert.equal(Number(/Content-Length: (\d+)/.exec(answer)![1]), body.length);
    assert.equal(peer.isEnded, true, 'our side is shut');
    peer.write('x'.repeat(1_000));
    harness.network.run();
    assert.equal(peer.isReset, false, 'late bytes are thrown away');
    peer.end();
    harness.network.run();
    assert.equal(harness.registry.count, 0);
    harness.finish();
  }
});

test('Http1Server leaves out the body of a refusal to HEAD', () => {
  const harness = new DownstreamHarness();
  const peer = harness.send('HEAD / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n');
  assert.match(peer.receivedText(), /\r\n\r\n$/);
  harness.finish();
});

test('Http1Server answers what was pipelined before a bad request', () => {
  const harness = new DownstreamHarness();
  const peer = harness.send(`${GET}${GET}BAD\r\n\r\n${GET}`);
  assert.match(peer.receivedText(), /^HTTP\/1.1 200.*\/aHTTP\/1.1 200.*\/aHTTP\/1.1 400/s);
  assert.equal(harness.exchanges.length, 2);
  harness.finish();
});

test('Http1Server closes a connection without a byte silently, a partial head with 408', () => {
  const harness = new DownstreamHarness();
  const silent = harness.connect();
  const blank = harness.send('\r\n');
  const partial = harness.send('GET / HTTP/1.1\r\nHo');
  harness.network.advance(9_900);
  assert.equal(harness.registry.count, 3);
  harness.network.advance(200);
  assert.equal(silent.isEnded, true);
  assert.equal(silent.receivedText(), '');
  assert.equal(blank.receivedText(), '');
  assert.match(partial.receivedText(), /^HTTP\/1.1 408 Request Timeout\r\n.*Connection: close/s);
  assert.deepEqual(harness.refused, ['request_head_timeout 408']);
  harness.finish();
});

test('Http1Server times a later head from its first byte and closes idle connections', () => {
  const harness = new DownstreamHarness();
  const peer = harness.send(GET);
  const idle = harness.send(GET);
  harness.network.advance(60_000);
  peer.write('GET');
  harness.network.advance(9_900);
  assert.deepEqual(harness.refused, []);
  harness.network.advance(200);
  assert.deepEqual(harness.refused, ['request_head_timeout 408']);
  assert.equal(idle.isEnded, false);
  harness.network.advance(5_000);
  assert.equal(idle.isEnded, true, 'after 75 s');
  assert.match(idle.receivedText(), /\/a$/, 'and without a word');
  assert.equal(harness.network.transport.timers.count <= 1, true);
  harness.finish();
});

test('Http1Server cuts a body that stops arriving: 408, or a reset once an answer began', () => {
  for (const isBegun of [false, true]) {
    const harness = new DownstreamHarness({ limits: { bodyRateMin: 0 } });
    harness.onExchange = (exchange) => {
      exchange.read();
      if (isBegun) exchange.writeHead({ framing: Framing.LENGTH, contentLength: 3 });
    };
    const peer = harness.send(`${POST_10}123`);
    harness.network.advance(59_000);
    assert.deepEqual(harness.last.events, ['body:3']);
    harness.network.advance(1_100);
    assert.deepEqual(harness.last.events, ['body:3', 'aborted:request_body_timeout']);
    if (isBegun) {
      assert.equal(peer.isReset, true);
      assert.match(peer.receivedText(), /^HTTP\/1.1 200/);
    } else assert.match(peer.receivedText(), /^HTTP\/1.1 408 /);
    harness.finish();
  }
});

test('Http1Server cuts a body below the minimum rate after the grace', () => {
  const harness = new DownstreamHarness();
  const peer = harness.send(`POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n`);
  for (let i = 0; i < 9; i++) {
    peer.write('x'.repeat(200));
    harness.network.advance(1_000);
  }
  assert.equal(harness.last.isOver, false, 'within the grace');
  peer.write('x'.repeat(200));
  harness.network.advance(1_100);
  assert.equal(harness.last.events.at(-1), 'aborted:request_body_too_slow');
  assert.match(peer.receivedText(), /^HTTP\/1.1 408 /);
  harness.finish();
});

test('Http1Server does not hold its own back pressure against a client', () => {
  const harness = new DownstreamHarness();
  harness.onExchange = (exchange) => {
    exchange.readsOn = false;
  };
  harness.send(`${POST_10}12345`);
  harness.network.advance(300_000);
  assert.deepEqual(harness.last.events, []);
  harness.last.read();
  harness.network.advance(5_000);
  assert.deepEqual(harness.last.events, ['body:5']);
  harness.network.advance(300_000);
  assert.equal(harness.last.isOver, false);
  harness.finish();
});

test('Http1Server keeps a body that is fast enough, for hours', () => {
  const harness = new DownstreamHarness();
  const peer = harness.send(`POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n`);
  for (let i = 0; i < 300; i++) {
    peer.write('x'.repeat(260 * 10));
    harness.network.advance(10_000);
  }
  assert.equal(harness.last.isOver, false);
  harness.finish();
});

test('Http1Server resets a client that reads its answer too slowly', () => {
  const harness = new DownstreamHarness();
  harness.onExchange = (exchange) => exchange.answer('z'.repeat(20_000));
  const peer = harness.connect();
  peer.readPaused = true;
  peer.write(GET);
  harness.network.advance(9_900);
  assert.equal(harness.last.isOver, false);
  harness.network.advance(200);
  assert.equal(harness.last.events.at(-1), 'aborted:client_too_slow');
  assert.equal(peer.isReset, true);
  harness.finish();
});

test('Http1Server resets a client that stops reading, however much it has read before', () => {
  const harness = new DownstreamHarness();
  harness.onExchange = (exchange) => {
    exchange.writeHead({ framing: Framing.LENGTH, contentLength: 1_000_000, bodyFollows: true });
    exchange.onWritable = () => exchange.write('z'.repeat(50_000));
    exchange.onWritable();
  };
  const peer = harness.connect();
  peer.onReceive = () => {
    if (peer.received.length > 500_000) peer.readPaused = true;
  };
  peer.write(GET);
  harness.network.advance(59_000);
  assert.equal(harness.last.isOver, false);
  harness.network.advance(1_100);
  assert.equal(harness.last.events.at(-1), 'aborted:client_too_slow');
  harness.finish();
});

test('Http1Server tells the exchange when a client is gone, in every state', () => {
  const scripts: Record<string, (harness: DownstreamHarness) => void> = {
    waiting: (harness) => {
      harness.onExchange = () => {};
    },
    reading: (harness) => {
      harness.onExchange = (exchange) => exchange.read();
    },
    answering: (harness) => {
      harness.onExchange = (exchange) => {
        exchange.writeHead({ framing: Framing.CHUNKED });
        exchange.write('abc');
      };
    },
  };
  for (const [name, script] of Object.entries(scripts)) {
    for (const way of ['end', 'reset'] as const) {
      const harness = new DownstreamHarness();
      script(harness);
      const peer = harness.send(name === 'reading' ? `${POST_10}123` : GET);
      peer[way]();
      harness.network.run();
      assert.equal(harness.last.events.at(-1), 'aborted:client_closed', `${name} ${way}`);
      assert.equal(harness.registry.count, 0);
      harness.finish();
    }
  }
});

test('Http1Server answers a client that has sent its FIN where halfClose is set', () => {
  const harness = new DownstreamHarness({ halfClose: true });
  harness.onExchange = () => {};
  const peer = harness.send(`${GET}${GET}`);
  peer.end();
  harness.network.run();
  for (let i = 0; i < 2; i++) {
    harness.last.answer(`answer ${i}`);
    harness.network.run();
  }
  assert.match(peer.receivedText(), /answer 0.*Connection: close.*answer 1$/s);
  assert.equal(peer.isEnded, true);
  assert.equal(harness.registry.count, 0);
  harness.finish();
});

test('Http1Server cuts a body that ends with the FIN even where halfClose is set', () => {
  const harness = new DownstreamHarness({ halfClose: true });
  const peer = harness.send(`${POST_10}123`);
  peer.end();
  harness.network.run();
  assert.equal(harness.last.events.at(-1), 'aborted:client_closed');
  harness.finish();
});

test('Http1Server closes idle connections and unfinished heads with the client', () => {
  for (const text of ['', 'GET / HT', GET]) {
    const harness = new DownstreamHarness();
    const peer = harness.send(text);
    peer.end();
    harness.network.run();
    assert.equal(harness.registry.count, 0);
    harness.finish();
  }
});

test('Http1Server breaks off so that no cut answer looks whole', () => {
  const cases: readonly (readonly [string, Framing, boolean])[] = [
    ['1.1', Framing.CHUNKED, false],
    ['1.1', Framing.LENGTH, false],
    ['1.0', Framing.CHUNKED, true],
    ['1.0', Framing.LENGTH, true],
  ];
  for (const [version, framing, isReset] of cases) {
    const harness = new DownstreamHarness();
    harness.onExchange = (exchange) => {
      const contentLength = framing === Framing.LENGTH ? 6 : -1;
      exchange.writeHead({ framing, contentLength });
      exchange.write('abc');
    };
    const peer = harness.send(`GET / HTTP/${version}\r\nHost: x\r\n\r\n`);
    harness.last.abort();
    harness.network.run();
    assert.match(peer.receivedText(), /abc(\r\n)?$/);
    assert.equal(peer.isReset, isReset);
    assert.equal(peer.isEnded, !isReset);
    harness.finish();
  }
});

test('Http1Server drops what it holds when a response is broken off, from any place', () => {
  for (const isHeld of [false, true]) {
    for (const isInside of [false, true]) {
      const harness = new DownstreamHarness();
      harness.onExchange = (exchange) => {
        if (isHeld) {
          exchange.writeHead({ framing: Framing.CHUNKED, bodyFollows: true });
          exchange.write('abc', true);
        }
        if (isInside) exchange.abort();
      };
      const peer = harness.send(`${POST_10}1234567890${GET}`);
      if (!isInside) harness.last.abort();
      harness.network.run();
      assert.equal(peer.receivedText(), '');
      assert.equal(harness.registry.count, 0);
      assert.equal(harness.exchanges.length, 1);
      harness.finish();
    }
  }
});

test('Http1Server breaks a response off that ends before its length', () => {
  const harness = new DownstreamHarness();
  harness.onExchange = (exchange) => {
    exchange.writeHead({ framing: Framing.LENGTH, contentLength: 6 });
    exchange.write('abc', true);
    exchange.end();
  };
  const peer = harness.send(GET);
  assert.equal(harness.last.events.at(-1), 'aborted:http_response_incomplete');
  assert.equal(peer.isReset, true);
  harness.finish();
});

test('Http1Server keeps the connection after an early answer if little is missing', () => {
  const harness = new DownstreamHarness();
  harness.onExchange = (exchange) => exchange.answer('early', { status: 404 });
  const peer = harness.send(`${POST_10}123`);
  assert.match(peer.receivedText(), /early$/);
  assert.doesNotMatch(peer.receivedText(), /close/);
  assert.deepEqual(harness.last.events, ['sent']);
  peer.write(`4567890${GET}`);
  harness.network.run();
  assert.equal(harness.last.target, '/a');
  assert.equal(peer.isEnded, false);
  harness.finish();
});

test('Http1Server closes where the rest of an answered request does not come', () => {
  const harness = new DownstreamHarness();
  harness.onExchange = (exchange) => exchange.answer('early');
  const peer = harness.send(`${POST_10}123`);
  harness.network.advance(2_100);
  assert.equal(peer.isEnded, true);
  assert.equal(harness.registry.count, 0);
  harness.finish();
});

test('Http1Server lets a client read a 413 in the middle of a large upload', () => {
  const harness = new DownstreamHarness();
  harness.onExchange = (exchange) => exchange.answer('too large', { status: 413 });
  const peer = harness.connect();
  peer.write('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10485760\r\n\r\n');
  for (let i = 0; i < 160; i++) peer.write('u'.repeat(65_536));
  harness.network.run();
  assert.match(peer.receivedText(), /^HTTP\/1.1 413 .*Connection: close\r\n.*too large$/s);
  assert.deepEqual(harness.last.events, ['sent']);
  assert.equal(peer.isEnded, true);
  assert.equal(peer.isReset, false, 'not yet: the client has time to read');
  assert(peer.unreadBytes > 10_000_000, 'no more than the limit is read');
  harness.network.advance(600);
  assert.equal(peer.isReset, true);
  assert.equal(harness.registry.count, 0);
  harness.finish();
});

test('Http1Server lingers at most so long', () => {
  const harness = new DownstreamHarness();
  const peer = harness.send('BAD\r\n\r\n');
  for (let i = 0; i < 19; i++) {
    harness.network.advance(100);
    peer.write('more');
  }
  harness.network.run();
  assert.equal(harness.registry.count, 1);
  harness.network.advance(200);
  assert.equal(harness.registry.count, 0);
  harness.finish();
});

test('Http1Server waits for buffers to gather a head', () => {
  const harness = new DownstreamHarness();
  const peer = harness.connect();
  peer.write(`GET /late HTTP/1.1\r\nHost: x\r\nA: ${'a'.repeat(4_000)}`);
  harness.network.run();
  peer.write(`${'a'.repeat(3_000)}\r\n\r\n`);
  const { pool } = harness.network;
  const small = pool.acquire(SizeClass.SMALL); // the one that the second part is received into
  const refill = emptyPool(harness);
  pool.release(small);
  harness.network.advance(500);
  assert.equal(harness.exchanges.length, 0);
  refill();
  harness.network.advance(50);
  assert.equal(harness.last.target, '/late');
  assert.match(peer.receivedText(), /\/late$/);
  harness.finish();
});

test('Http1Server waits for a buffer to copy a body chunk to', () => {
  const harness = new DownstreamHarness();
  harness.onExchange = () => {};
  harness.send(`${POST_10}1234567890`);
  const refill = emptyPool(harness);
  harness.last.read();
  harness.network.advance(100);
  assert.deepEqual(harness.last.events, []);
  harness.last.stream.releaseHead();
  harness.network.advance(100);
  assert.deepEqual(harness.last.events, ['body:10:last', 'end'], 'the head gave way');
  refill();
  harness.last.answer('ok');
  harness.network.run();
  harness.finish();
});

test('Http1Server delays a 100 and the end of a chunked body while the pool is empty', () => {
  const harness = new DownstreamHarness();
  harness.onExchange = () => {};
  const peer = harness.send(
    'POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n',
  );
  let refill = emptyPool(harness);
  harness.last.read();
  harness.network.advance(100);
  assert.equal(peer.receivedText(), '');
  refill();
  harness.network.advance(50);
  assert.match(peer.receivedText(), /100 Continue/);
  peer.write('abc');
  harness.network.run();
  harness.last.writeHead({ framing: Framing.CHUNKED });
  harness.last.write('answer');
  harness.network.run();
  refill = emptyPool(harness);
  harness.last.end();
  harness.network.advance(100);
  assert.match(peer.receivedText(), /answer\r\n$/);
  refill();
  harness.network.advance(50);
  assert.match(peer.receivedText(), /answer\r\n0\r\n\r\n$/);
  assert.equal(harness.last.events.at(-1), 'sent');
  harness.finish();
});

test('Http1Server answers 503 in the buffer of the request where the pool is empty', () => {
  for (const isHeadReleased of [false, true]) {
    const harness = new DownstreamHarness();
    harness.onExchange = () => {};
    const peer = harness.send(GET);
    if (isHeadReleased) harness.last.stream.releaseHead();
    const refill = emptyPool(harness);
    harness.last.writeHead({ framing: Framing.CHUNKED });
    harness.last.end();
    harness.network.run();
    assert.deepEqual(harness.last.events, ['end', 'aborted:overloaded']);
    if (isHeadReleased) assert.equal(peer.isReset, true);
    else assert.match(peer.receivedText(), /^HTTP\/1.1 503 .*error=proxy_internal_response/s);
    refill();
    harness.finish();
  }
});

test('Http1Server gives a pipelined request up where there is no buffer for it', () => {
  const harness = new DownstreamHarness();
  harness.onExchange = (exchange) => {
    exchange.stream.releaseHead();
  };
  const peer = harness.send(`${POST_10}1234567890GET / HT`);
  const refill = emptyPool(harness);
  harness.last.read();
  harness.network.run();
  assert.equal(harness.last.body, '1234567890');
  refill();
  harness.last.answer('ok');
  harness.network.run();
  assert.match(peer.receivedText(), /ok$/);
  assert.equal(peer.isEnded, true);
  harness.finish();
});

test('Http1Server survives a transport that closes everything', async () => {
  const harness = new DownstreamHarness();
  harness.onExchange = (exchange) => exchange.writeHead({ framing: Framing.CHUNKED });
  harness.send(GET);
  harness.connect();
  await harness.network.transport.close();
  assert.equal(harness.last.error, ExchangeError.DRAINING);
  assert.equal(harness.registry.count, 0);
  harness.finish();
});

// The HTTP/1.1 server driver against scripted clients and exchanges on a simulated network:
// requests, keep-alive, pipelining, bodies, framing of answers.

import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { DownstreamHarness } from '../../tests/support/scripted_exchanges.ts';
import { Cell } from '../base/metrics_cells.ts';
import { Framing } from '../http/message_head.ts';

const GET = 'GET /a HTTP/1.1\r\nHost: x\r\n\r\n';

test('Http1Server answers a request in one send and keeps the connection', () => {
  const harness = new DownstreamHarness();
  const peer = harness.send(GET);
  assert.equal(peer.receivedText(), 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n/a');
  assert.deepEqual(harness.last.events, ['end', 'sent']);
  peer.takeReceived();
  peer.write(GET.replace('/a', '/b'));
  harness.network.run();
  assert.match(peer.receivedText(), /\/b$/);
  assert.equal(peer.isEnded, false);
  assert.equal(harness.cells[Cell.BYTES_RECEIVED], 2 * GET.length);
  assert.equal(harness.registry.idleCount, 1);
  harness.finish();
});

test('Http1Server serves a request that is split at every byte', () => {
  const request =
    'POST /p HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello' +
    'POST /q HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n' +
    '3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\n' +
    GET;
  for (let at = 1; at < request.length; at++) {
    const harness = new DownstreamHarness();
    const peer = harness.connect();
    peer.write(request, { splitAt: [at] });
    harness.network.run();
    assert.deepEqual(
      harness.exchanges.map((exchange) => exchange.body),
      ['hello', 'abcde', ''],
      `${at}`,
    );
    assert.match(peer.receivedText(), /\/pHTTP.*\/qHTTP.*\/a$/s);
    harness.finish();
  }
});

test('Http1Server serves requests that come byte by byte', () => {
  const harness = new DownstreamHarness();
  const peer = harness.connect();
  const request = `POST /p HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc${GET}`;
  for (const byte of request) {
    peer.write(byte);
    harness.network.run();
  }
  assert.deepEqual(
    harness.exchanges.map((exchange) => exchange.target),
    ['/p', '/a'],
  );
  assert.equal(harness.exchanges[0]!.body, 'abc');
  harness.finish();
});

test('Http1Server gathers a head that is larger than a receive buffer', () => {
  for (const cookieBytes of [3_000, 5_000, 15_000]) {
    const harness = new DownstreamHarness();
    const fields = `Cookie: ${'c'.repeat(cookieBytes)}\r\nX-A: ${'a'.repeat(12_000)}\r\n`;
    const peer = harness.connect();
    peer.write(`POST /big HTTP/1.1\r\nHost: x\r\n${fields}Content-Length: 4\r\n\r\nbody${GET}`);
    harness.network.run();
    assert.deepEqual(
      harness.exchanges.map((exchange) => exchange.target),
      ['/big', '/a'],
    );
    assert.equal(harness.exchanges[0]!.body, 'body');
    harness.finish();
  }
});

test('Http1Server answers pipelined requests in order, one at a time, and reads no further', () => {
  const harness = new DownstreamHarness();
  harness.onExchange = () => {};
  const peer = harness.connect();
  for (let i = 0; i < 400; i++)
    peer.write(`GET /${i} HTTP/1.1\r\nHost: x\r\nX: ${'x'.repeat(500)}\r\n\r\n`);
  harness.network.run();
  assert.equal(harness.exchanges.length, 1);
  assert(peer.unreadBytes > 180_000, 'two buffers are held, the rest stays in the kernel');
  for (let i = 0; i < 400; i++) {
    assert.equal(harness.last.target, `/${i}`);
    harness.last.answer(`body ${i}.`);
    harness.network.run();
  }
  const bodies = peer.receivedText().match(/body \d+\./g)!;
  assert.deepEqual(
    bodies,
    Array.from({ length: 400 }, (_, i) => `body ${i}.`),
  );
  harness.finish();
});

test('Http1Server reads a large body in large pieces and only when asked', () => {
  const harness = new DownstreamHarness();
  harness.onExchange = (exchange) => {
    exchange.readsOn = false;
  };
  const body = 'b'.repeat(1_000_000);
  const peer = harness.send(
    `POST /up HTTP/1.1\r\nHost: x\r\nContent-Length: ${body.length}\r\n\r\n${body}${GET}`,
  );
  const exchange = harness.last;
  assert.equal(exchange.events.length, 0);
  assert(peer.unreadBytes > 980_000);
  let chunks = 0;
  for (; !exchange.events.includes('end'); chunks++) {
    exchange.read();
    harness.network.run();
  }
  assert(chunks < 24, `${chunks} chunks`);
  assert.equal(exchange.body, body);
  assert.equal(exchange.stream.requestBodyBytes, body.length);
  exchange.answer('ok');
  harness.network.run();
  harness.last.answer('next');
  harness.network.run();
  assert.match(peer.receivedText(), /ok.*next$/s);
  harness.finish();
});

test('Http1Server hands body bytes over without a copy once the head is released', () => {
  const harness = new DownstreamHarness();
  harness.onExchange = (exchange) => {
    exchange.stream.releaseHead();
    exchange.read();
  };
  const owned = harness.network.pool.ownedCount;
  const peer = harness.send(`POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc`);
  assert.deepEqual(harness.last.events, ['body:3:last', 'end']);
  assert.equal(
    harness.network.pool.ownedCount,
    owned,
    'no buffer is held while the answer is awaited',
  );
  harness.last.answer('ok');
  harness.network.run();
  assert.match(peer.receivedText(), /ok$/);
  harness.finish();
});

test('Http1Server hands trailers over, also when the body is asked for later', () => {
  for (const isLate of [false, true]) {
    const harness = new DownstreamHarness();
    harness.onExchange = (exchange) => {
      if (!isLate) exchange.read();
    };
    const message = (value: string) =>
      'POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n' +
      `3\r\nabc\r\n0\r\nX-Sum: ${value}\r\n\r\n`;
    harness.send(message('1'));
    harness.send(message('2'));
    for (const exchange of isLate ? harness.exchanges : []) exchange.read();
    harness.network.run();
    assert.deepEqual(
      harness.exchanges.map((exchange) => exchange.trailers),
      ['X-Sum: 1\n', 'X-Sum: 2\n'],
    );
    harness.finish();
  }
});

test('Http1Server says 100 once, when the body is first asked for', () => {
  const harness = new DownstreamHarness();
  harness.onExchange = () => {};
  const peer = harness.send(
    'POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n',
  );
  assert.equal(peer.receivedText(), '');
  harness.last.read();
  harness.network.run();
  assert.equal(peer.receivedText(), 'HTTP/1.1 100 Continue\r\n\r\n');
  peer.write('abc');
  harness.network.run();
  assert.deepEqual(harness.last.events, ['body:3:last', 'end']);
  harness.last.answer('ok');
  harness.network.run();
  assert.equal(peer.receivedText().match(/100 Continue/g)!.length, 1);
  assert.equal(peer.isEnded, false);
  harness.finish();
});

test('Http1Server says no 100 of its own after one was relayed, or with the body at hand', () => {
  const harness = new DownstreamHarness();
  harness.onExchange = (exchange) => exchange.writeInterim({ status: 100 });
  const expecting =
    'POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n';
  const peer = harness.send(expecting);
  harness.last.read();
  harness.network.run();
  assert.equal(peer.receivedText(), 'HTTP/1.1 100 Continue\r\n\r\n');
  peer.reset();
  harness.onExchange = (exchange) => exchange.read();
  const eager = harness.send(`${expecting}abc`);
  assert.deepEqual(harness.last.events, ['body:3:last', 'end']);
  assert.equal(eager.receivedText(), '');
  harness.finish();
});

test('Http1Server closes where a client waits for a 100 and gets a final answer', () => {
  const harness = new DownstreamHarness();
  harness.onExchange = (exchange) => exchange.answer('no', { status: 413 });
  const peer = harness.send(
    'POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n',
  );
  assert.match(peer.receivedText(), /^HTTP\/1.1 413 .*Connection: close/s);
  assert.doesNotMatch(peer.receivedText(), /100 Continue/);
  assert.equal(peer.isEnded, true);
  harness.finish();
});

test('Http1Server relays interim responses in order, none to HTTP/1.0', () => {
  for (const version of ['1.1', '1.0']) {
    const harness = new DownstreamHarness();
    harness.onExchange = (exchange) => {
      exchange.writeInterim({ status: 103, fields: [['Link', '</a>']] });
      exchange.writeInterim({ status: 103, fields: [['Link', '</b>']] });
      exchange.answer('ok');
    };
    const peer = harness.send(`GET / HTTP/${version}\r\nHost: x\r\n\r\n`);
    const interim =
      'HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n' +
      'HTTP/1.1 103 Early Hints\r\nLink: </b>\r\n\r\n';
    const text = peer.receivedText();
    assert.equal(text.startsWith(version === '1.1' ? interim : 'HTTP/1.1 200'), true, text);
    assert.match(text, /ok$/);
    harness.finish();
  }
});

test('Http1Server frames bodies of unknown length by the version of the client', () => {
  const harness = new DownstreamHarness();
  harness.onExchange = (exchange) => {
    exchange.writeHead({ framing: Framing.CHUNKED, bodyFollows: true });
    exchange.write('abc');
    exchange.onWritable = () => {
      exchange.onWritable = null;
      exchange.write('0123456789abcdefX', true);
      exchange.end();
    };
  };
  const modern = harness.send(GET);
  assert.equal(
    modern.receivedText(),
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n' +
      '3\r\nabc\r\n11\r\n0123456789abcdefX\r\n0\r\n\r\n',
  );
  assert.equal(modern.isEnded, false);
  const old = harness.send('GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n');
  assert.match(old.receivedText(), /Connection: close\r\n\r\nabc0123456789abcdefX$/);
  assert.doesNotMatch(old.receivedText(), /chunked/);
  assert.equal(old.isEnded, true);
  assert.equal(old.isReset, false);
  harness.finish();
});

test('Http1Server keeps an HTTP/1.0 connection only when asked to', () => {
  const harness = new DownstreamHarness();
  const asking = harness.send('GET /k HTTP/1.0\r\nConnection: keep-alive\r\n\r\n');
  assert.match(asking.receivedText(), /Connection: keep-alive\r\n/);
  assert.equal(asking.isEnded, false);
  const plain = harness.send('GET /p HTTP/1.0\r\n\r\n');
  assert.match(plain.receivedText(), /Connection: close\r\n.*\/p$/s);
  assert.equal(plain.isEnded, true);
  harness.finish();
});

test('Http1Server sends trailers behind a chunked body', () => {
  const harness = new DownstreamHarness();
  harness.onExchange = (exchange) => {
    exchange.writeHead({ framing: Framing.CHUNKED, bodyFollows: true });
    exchange.write('abc', true);
    exchange.end(harness.makeTrailers('X-Sum', '7'));
  };
  const peer = harness.send(GET);
  assert.match(peer.receivedText(), /\r\n\r\n3\r\nabc\r\n0\r\nX-Sum: 7\r\n\r\n$/);
  harness.finish();
});

test('Http1Server ends a chunked body whose end comes long after its last chunk', () => {
  const harness = new DownstreamHarness();
  harness.onExchange = (exchange) => {
    exchange.writeHead({ framing: Framing.CHUNKED });
    exchange.write('abc');
  };
  const peer = harness.send(GET);
  assert.deepEqual(harness.last.events, ['end', 'writable']);
  harness.last.end();
  harness.network.run();
  assert.match(peer.receivedText(), /3\r\nabc\r\n0\r\n\r\n$/);
  assert.deepEqual(harness.last.events, ['end', 'writable', 'sent']);
  harness.finish();
});

test('Http1Server completes a response with a length whose end comes in a later turn', () => {
  const harness = new DownstreamHarness();
  harness.onExchange = (exchange) => {
    exchange.writeHead({ framing: Framing.LENGTH, contentLength: 3 });
    exchange.write('abc');
  };
  const peer = harness.send(GET);
  harness.last.end();
  assert.deepEqual(harness.last.events, ['end', 'writable']);
  harness.network.run();
  assert.deepEqual(harness.last.events, ['end', 'writable', 'sent']);
  assert.match(peer.receivedText(), /abc$/);
  harness.finish();
});

test('Http1Server sends no body where none may be sent', () => {
  const harness = new DownstreamHarness();
  harness.onExchange = (exchange) => {
    const isHead = exchange.method === 'HEAD';
    exchange.writeHead({ status: isHead ? 200 : 304, contentLength: 10 });
  };
  const peer = harness.send(`HEAD / HTTP/1.1\r\nHost: x\r\n\r\n${GET}`);
  assert.equal(
    peer.receivedText(),
    'HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n' +
      'HTTP/1.1 304 Not Modified\r\nContent-Length: 10\r\n\r\n',
  );
  harness.finish();
});

test('Http1Server puts an error answer in the place of a head that it still holds', () => {
  const harness = new DownstreamHarness();
  harness.onExchange = (exchange) => {
    exchange.writeHead({ framing: Framing.CHUNKED, bodyFollows: true });
    exchange.write('lost', true);
    assert.equal(exchange.stream.isResponseStarted, false);
    exchange.answer('bad', { status: 502 });
  };
  const peer = harness.send(GET);
  assert.equal(peer.receivedText(), 'HTTP/1.1 502 Bad Gateway\r\nContent-Length: 3\r\n\r\nbad');
  assert.deepEqual(harness.last.events, ['end', 'sent']);
  harness.finish();
});

test('Http1Server sends large bodies as they come, one chunk at a time', () => {
  const harness = new DownstreamHarness();
  const chunk = 'z'.repeat(60_000);
  harness.onExchange = (exchange) => {
    let left = 20;
    exchange.writeHead({
      framing: Framing.LENGTH,
      contentLength: left * chunk.length,
      bodyFollows: true,
    });
    exchange.onWritable = () => {
      exchange.write(chunk, --left === 0);
      if (left === 0) exchange.end();
    };
    exchange.onWritable();
  };
  const peer = harness.connect();
  peer.readPaused = true;
  peer.write(GET);
  harness.network.run();
  assert.deepEqual(harness.last.events, ['end'], 'a stalled client stops the writer');
  peer.readPaused = false;
  harness.network.run();
  assert.equal(
    peer.received.length,
    'HTTP/1.1 200 OK\r\nContent-Length: 1200000\r\n\r\n'.length + 1_200_000,
  );
  assert.equal(harness.last.events.at(-1), 'sent');
  harness.finish();
});

test('Http1Server closes at the limit of requests per connection', () => {
  const harness = new DownstreamHarness({ limits: { requestsPerConnectionMax: 2 } });
  const peer = harness.send(GET);
  assert.doesNotMatch(peer.receivedText(), /close/);
  peer.write(GET + GET);
  harness.network.run();
  assert.equal(harness.exchanges.length, 2, 'the third is not served');
  assert.match(peer.receivedText(), /Connection: close\r\n\r\n\/a$/);
  assert.equal(peer.isEnded, true);
  peer.end();
  harness.network.run();
  assert.equal(harness.registry.count, 0);
  assert.equal(peer.isReset, false);
  harness.finish();
});

test('Http1Server tells what it knows of the client', () => {
  const harness = new DownstreamHarness();
  const peer = harness.network.connect(harness.listener);
  peer.host = '10.0.0.1';
  peer.write(GET);
  harness.network.run();
  const { connection } = harness.last.stream;
  assert.equal(connection.remoteHost, '10.0.0.1');
  assert.equal(connection.remotePort, peer.port);
  assert.equal(connection.localPort, 80);
  assert.equal(connection.scheme, 'http');
  assert.equal(connection.isTrusted, true);
  harness.finish();
});

import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { type RecordedExchange, UpstreamBench } from '../../tests/support/upstream_bench.ts';
import { SizeClass } from '../base/buffer_pool.ts';
import { Framing } from '../http/message_head.ts';

const EMPTY = 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n';
const HOST = 'Host: example.test\r\n';

/** What an answer comes to, whole and cut at each of its bytes. */
function eachSplit(
  answer: string,
  check: (bench: UpstreamBench, got: RecordedExchange) => void,
): void {
  for (let cut = 0; cut < answer.length; cut++) {
    const bench = new UpstreamBench();
    const exchange = bench.get();
    bench.peer.write(answer, { splitAt: cut === 0 ? [] : [cut] });
    bench.network.run();
    check(bench, exchange);
    bench.finish();
  }
  const bench = new UpstreamBench();
  const exchange = bench.get();
  bench.peer.write(answer, { splitAt: Array.from(answer, (_, at) => at) });
  bench.network.run();
  check(bench, exchange);
  bench.finish();
}

/** Events without how the body was cut. */
function outline(exchange: RecordedExchange): string {
  return exchange.events.filter((event) => event !== 'body' && event !== 'last').join(', ');
}

test('Http1Client sends a GET in one piece and tells its answer', () => {
  const bench = new UpstreamBench();
  const exchange = bench.get('/path?x=1');
  assert.equal(bench.peer.receivedText(), `GET /path?x=1 HTTP/1.1\r\n${HOST}\r\n`);
  bench.peer.write('HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-A: b\r\n\r\nhello');
  bench.network.run();
  assert.deepEqual(exchange.events, ['head 200', 'last', 'end']);
  assert.equal(exchange.body, 'hello');
  assert.equal(exchange.fields['X-A'], 'b');
  assert.equal(exchange.bytesSentAtEnd, bench.peer.received.length);
  assert.equal(exchange.streamLast!.responseBodyBytes, 5);
  assert.equal(bench.upstream.idleCount, 1);
  bench.finish();
});

test('Http1Client takes a response with a length split anywhere', () => {
  eachSplit('HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello', (bench, exchange) => {
    assert.equal(outline(exchange), 'head 200, end');
    assert.equal(exchange.body, 'hello');
    assert.equal(bench.upstream.idleCount, 1);
  });
});

test('Http1Client takes a chunked response with trailers split anywhere', () => {
  const answer =
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n' +
    '5;a=b\r\nhello\r\n6\r\n world\r\n0\r\nX-Sum: 7\r\n\r\n';
  eachSplit(answer, (bench, exchange) => {
    assert.equal(outline(exchange), 'head 200, end');
    assert.equal(exchange.body, 'hello world');
    assert.deepEqual(exchange.trailers, { 'X-Sum': '7' });
    assert.equal(bench.upstream.idleCount, 1);
  });
});

test('Http1Client passes interim responses on in their order, split anywhere', () => {
  const answer =
    'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n' +
    'HTTP/1.1 204 No Content\r\n\r\n';
  eachSplit(answer, (bench, exchange) => {
    assert.deepEqual(exchange.events, ['100', '103', 'head 204', 'end']);
    assert.equal(bench.upstream.idleCount, 1);
  });
});

test('Http1Client reads a close-delimited body to the FIN and closes', () => {
  const bench = new UpstreamBench();
  const exchange = bench.get();
  bench.peer.write('HTTP/1.1 200 OK\r\n\r\nall of');
  bench.network.run();
  assert.equal(exchange.outcome, '');
  bench.peer.write(' it');
  bench.peer.end();
  bench.network.run();
  assert.equal(exchange.outcome, 'end');
  assert.equal(exchange.body, 'all of it');
  assert.equal(bench.upstream.connectionsCount, 0);
  bench.finish();
});

test('Http1Client expects no body after HEAD, 204 and 304', () => {
  const bench = new UpstreamBench();
  for (const [method, status] of [
    ['HEAD', 200],
    ['GET', 204],
    ['GET', 304],
  ] as const) {
    const exchange = bench.exchange();
    exchange.spec = { method };
    exchange.acquire();
    bench.network.run();
    bench.peer.write(
      `HTTP/1.1 ${status} X\r\n${status === 204 ? '' : 'Content-Length: 9\r\n'}\r\n`,
    );
    bench.network.run();
    assert.deepEqual(exchange.events, [`head ${status}`, 'end']);
  }
  assert.equal(bench.peers.length, 1);
  bench.finish();
});

test('Http1Client serves the next request in onResponseEnd on the same connection', () => {
  const bench = new UpstreamBench();
  const first = bench.get('/1');
  const second = bench.exchange();
  first.onEvent = (event): void => {
    if (event === 'end') second.acquire();
  };
  bench.peer.write('HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na');
  bench.network.run();
  assert.equal(second.stream!.isReused, true);
  bench.peer.write('HTTP/1.1 201 Created\r\nContent-Length: 1\r\n\r\nb');
  bench.network.run();
  assert.deepEqual(first.events, ['head 200', 'last', 'end']);
  assert.deepEqual(second.events, ['head 201', 'last', 'end']);
  assert.equal(second.body, 'b');
  assert.equal(bench.peers.length, 1);
  bench.finish();
});

test('Http1Client does not reuse a connection that the response closes', () => {
  for (const line of ['HTTP/1.1 200 OK\r\nConnection: close', 'HTTP/1.0 200 OK']) {
    const bench = new UpstreamBench();
    const exchange = bench.get();
    bench.peer.write(`${line}\r\nContent-Length: 0\r\n\r\n`);
    bench.network.run();
    assert.equal(exchange.outcome, 'end');
    assert.equal(bench.upstream.connectionsCount, 0);
    assert.equal(bench.peer.isEnded, true);
    bench.finish();
  }
});

test('Http1Client closes a connection with bytes behind a response', () => {
  const bodies = [
    'Content-Length: 2\r\n\r\nokX',
    'Content-Length: 0\r\n\r\nX',
    'Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\nX',
  ];
  for (const body of bodies) {
    const bench = new UpstreamBench();
    const exchange = bench.get();
    bench.peer.write(`HTTP/1.1 200 OK\r\n${body}`);
    bench.network.run();
    assert.equal(exchange.outcome, 'end', body);
    assert.equal(bench.upstream.connectionsCount, 0, body);
    bench.finish();
  }
});

test('Http1Client closes an idle connection on a byte, a FIN or a RST', () => {
  const events = [
    (bench: UpstreamBench): void => bench.peer.write('HTTP/1.1 408 Timeout\r\n\r\n'),
    (bench: UpstreamBench): void => bench.peer.end(),
    (bench: UpstreamBench): void => bench.peer.reset(),
  ];
  for (const event of events) {
    const bench = new UpstreamBench();
    bench.warm();
    assert.equal(bench.upstream.idleCount, 1);
    event(bench);
    bench.network.run();
    assert.equal(bench.upstream.connectionsCount, 0);
    bench.finish();
  }
});

test('Http1Client takes no bytes for an answer before it has asked', () => {
  const bench = new UpstreamBench();
  bench.warm();
  const exchange = bench.exchange();
  exchange.writesHead = false;
  exchange.acquire();
  bench.peer.write(EMPTY);
  bench.network.run();
  assert.deepEqual(exchange.events, ['connection_terminated']);
  assert.equal(exchange.bytesSentAtEnd, 0);
  bench.finish();
});

test('Http1Client gathers a head that comes in many pieces up to its limit', () => {
  for (const [byteCount, outcome] of [
    [4_000, 'end'],
    [15_000, 'end'],
    [30_000, 'end'],
    [33_000, 'http_response_header_section_size'],
  ] as const) {
    const bench = new UpstreamBench();
    const exchange = bench.get();
    let head = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n';
    for (let i = 0; head.length < byteCount - 500; i++) head += `X-${i}: ${'v'.repeat(490)}\r\n`;
    head += '\r\nok';
    bench.peer.write(head, { splitAt: Array.from({ length: 80 }, (_, i) => i * 700) });
    bench.network.run();
    assert.equal(exchange.outcome, outcome);
    assert.equal(exchange.body, outcome === 'end' ? 'ok' : '');
    bench.finish();
  }
});

test('Http1Client refuses a malformed head and a malformed body', () => {
  for (const [answer, outcome] of [
    ['HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n', 'http_protocol_error'],
    ['SSH-2.0-OpenSSH\r\n\r\n', 'http_protocol_error'],
    ['HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n', 'http_response_body_invalid'],
  ] as const) {
    const bench = new UpstreamBench();
    const exchange = bench.get();
    bench.peer.write(answer);
    bench.network.run();
    assert.deepEqual(exchange.events, [outcome]);
    assert.equal(bench.upstream.connectionsCount, 0);
    bench.finish();
  }
});

test('Http1Client hands on what came before a malformed chunk, and no end', () => {
  const bench = new UpstreamBench();
  const exchange = bench.get();
  bench.peer.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n');
  bench.peer.write('zz\r\n');
  bench.network.run();
  assert.deepEqual(exchange.events, ['head 200', 'body', 'http_response_body_invalid']);
  bench.finish();
});

test('Http1Client takes at most 16 interim responses', () => {
  for (const [count, outcome] of [
    [16, 'end'],
    [17, 'http_protocol_error'],
  ] as const) {
    const bench = new UpstreamBench();
    const exchange = bench.get();
    bench.peer.write('HTTP/1.1 102 Processing\r\n\r\n'.repeat(count) + EMPTY);
    bench.network.run();
    assert.equal(exchange.events.filter((event) => event === '102').length, 16);
    assert.equal(exchange.outcome, outcome);
    bench.finish();
  }
});

test('Http1Client reads no large body before it is asked for', () => {
  for (const framing of ['Content-Length: 400000\r\n\r\n', '\r\n']) {
    const bench = new UpstreamBench();
    const exchange = bench.exchange({ reads: false });
    exchange.acquire();
    bench.network.run();
    bench.peer.write(`HTTP/1.1 200 OK\r\n${framing}`);
    for (let i = 0; i < 40; i++) bench.peer.write('x'.repeat(10_000));
    bench.network.run();
    const unread = bench.peer.unreadBytes;
    assert.ok(unread > 380_000, `${unread} bytes wait at the peer`);
    assert.deepEqual(exchange.events, ['head 200']);
    bench.network.advance(1_000_000); // our own back pressure runs into no deadline
    assert.equal(bench.peer.unreadBytes, unread);
    let reads = 0;
    while (exchange.body.length < 400_000) {
      const before = exchange.body.length;
      exchange.read();
      bench.network.run();
      assert.ok(exchange.body.length > before, 'each read brings a chunk');
      assert.ok(bench.network.pool.ownedCount <= 3);
      reads++;
    }
    assert.ok(reads <= 60, `${reads} reads`);
    if (framing === '\r\n') {
      bench.peer.end();
      exchange.read();
      bench.network.run();
    }
    assert.equal(exchange.outcome, 'end');
    bench.finish();
  }
});

test('Http1Client keeps small buffers for a stream that trickles', () => {
  const bench = new UpstreamBench();
  const exchange = bench.get();
  bench.peer.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n');
  for (let i = 0; i < 200; i++) {
    bench.peer.write(`c8\r\n${'e'.repeat(200)}\r\n`);
    bench.network.run();
    assert.equal(bench.network.pool.ownedCount, 0);
  }
  bench.peer.write('0\r\n\r\n');
  bench.network.run();
  assert.equal(exchange.body.length, 40_000);
  assert.equal(exchange.outcome, 'end');
  bench.finish();
});

test('Http1Client holds trailers for whoever reads late', () => {
  const bench = new UpstreamBench();
  const late = bench.exchange({ reads: false });
  late.acquire();
  bench.network.run();
  const chunked = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n';
  bench.peer.write(`${chunked}X-Who: late\r\n\r\n`);
  bench.network.run();
  const other = bench.get();
  bench.peer.write(`${chunked}X-Who: other\r\n\r\n`);
  bench.network.run();
  late.read();
  bench.network.run();
  assert.deepEqual(late.events, ['head 200', 'last', 'end']);
  assert.deepEqual(late.trailers, { 'X-Who': 'late' });
  assert.deepEqual(other.trailers, { 'X-Who': 'other' });
  bench.finish();
});

test('Http1Client joins two ways for an upgrade that was asked for', () => {
  const bench = new UpstreamBench();
  const exchange = bench.exchange();
  exchange.spec = { upgrade: 'websocket' };
  exchange.acquire();
  bench.network.run();
  assert.match(bench.peer.takeReceived().toString(), /Upgrade: websocket\r\n/);
  bench.peer.write(
    'HTTP/1.1 101 Switching Protocols\r\n' + 'Connection: upgrade\r\nUpgrade: WebSocket\r\n\r\nraw',
  );
  bench.network.run();
  assert.deepEqual(exchange.events, ['head 101', 'body']);
  exchange.write('there');
  bench.network.run();
  assert.equal(bench.peer.takeReceived().toString(), 'there');
  bench.network.advance(90_000);
  bench.peer.write(' back');
  bench.network.run();
  bench.network.advance(90_000);
  exchange.end();
  bench.network.run();
  assert.equal(bench.peer.isEnded, true);
  bench.peer.end();
  bench.network.run();
  assert.deepEqual(exchange.events, ['head 101', 'body', 'writable', 'body', 'end']);
  assert.equal(exchange.body, 'raw back');
  assert.equal(bench.upstream.connectionsCount, 0);
  bench.finish();
});

test('Http1Client ends a tunnel that is idle', () => {
  const bench = new UpstreamBench({ timeouts: { tunnelIdleMs: 10_000 } });
  const exchange = bench.exchange();
  exchange.spec = { upgrade: 'websocket' };
  exchange.acquire();
  bench.network.run();
  bench.peer.write('HTTP/1.1 101 X\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n');
  bench.network.advance(9_900);
  exchange.write('x');
  bench.network.advance(9_900);
  assert.equal(exchange.outcome, '');
  bench.network.advance(200);
  assert.equal(exchange.outcome, 'tunnel_idle');
  bench.finish();
});

test('Http1Client refuses a 101 that was not asked for', () => {
  for (const [asked, answered] of [
    ['', 'websocket'],
    ['websocket', 'h2c'],
    ['websocket', ''],
  ] as const) {
    const bench = new UpstreamBench();
    const exchange = bench.exchange();
    exchange.spec = { upgrade: asked };
    exchange.acquire();
    bench.network.run();
    const fields = answered === '' ? '' : `Connection: upgrade\r\nUpgrade: ${answered}\r\n`;
    bench.peer.write(`HTTP/1.1 101 X\r\n${fields}\r\n`);
    bench.network.run();
    assert.equal(exchange.outcome, 'http_upgrade_failed');
    bench.finish();
  }
});

test('Http1Client delivers an early answer and does not use the connection again', () => {
  const bench = new UpstreamBench();
  const exchange = bench.exchange();
  exchange.spec = { method: 'POST', framing: Framing.LENGTH, contentLength: 10 };
  exchange.acquire();
  bench.network.run();
  exchange.write('01234');
  bench.network.run();
  bench.peer.write('HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\nno');
  bench.network.run();
  assert.deepEqual(exchange.events, ['writable', 'head 413', 'last', 'end']);
  exchange.write('56789', true);
  bench.network.run();
  exchange.end();
  bench.network.run();
  assert.equal(bench.upstream.connectionsCount, 0);
  assert.match(bench.peer.receivedText(), /\r\n\r\n0123456789$/);
  bench.finish();
});

test('Http1Client resets when an early answer makes the rest of the request pointless', () => {
  const bench = new UpstreamBench();
  const exchange = bench.exchange();
  exchange.spec = { method: 'POST', framing: Framing.CHUNKED };
  exchange.onEvent = (event): void => {
    if (event === 'end') exchange.abort();
  };
  exchange.acquire();
  bench.network.run();
  bench.peer.write(EMPTY);
  bench.network.run();
  assert.deepEqual(exchange.events, ['head 200', 'end']);
  assert.equal(bench.peer.isReset, true);
  bench.finish();
});

test('Http1Client connects to a Unix socket by its path', () => {
  const bench = new UpstreamBench({ endpoints: [{ host: '', port: 0, unixPath: '/run/a.sock' }] });
  bench.network.serve({ kind: 'unix', path: '/run/a.sock' }, (peer) => bench.peers.push(peer));
  const exchange = bench.get();
  assert.equal(exchange.stream!.endpointAuthority, 'localhost');
  bench.peer.write(EMPTY);
  bench.network.run();
  assert.equal(exchange.outcome, 'end');
  bench.finish();
});

test('Http1Client takes large chunks from large buffers', () => {
  const bench = new UpstreamBench();
  const exchange = bench.exchange();
  exchange.spec = { method: 'PUT', framing: Framing.CHUNKED };
  exchange.acquire();
  bench.network.run();
  exchange.write('x'.repeat(60_000), false, SizeClass.LARGE);
  bench.network.run();
  assert.match(bench.peer.receivedText(), /\r\n\r\nea60\r\nx{60000}\r\n$/);
  exchange.end();
  bench.network.run();
  assert.match(bench.peer.receivedText(), /x\r\n0\r\n\r\n$/);
  bench.finish();
});

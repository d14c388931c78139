// The proxy between the real drivers, on the simulated network: what client and endpoint see as
// bytes.

import { strict as assert } from 'node:assert';
import { describe, it } from 'node:test';
import { ENDPOINT, SimulatedProxy } from '../../tests/support/simulated_proxy.ts';
import { Cell } from '../base/metrics_cells.ts';

const GET = 'GET /a HTTP/1.1\r\nHost: h\r\n\r\n';
const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';
const POST = 'POST /a HTTP/1.1\r\nHost: h\r\n';
const CHUNKED = `${POST}Transfer-Encoding: chunked\r\n\r\n`;

describe('Proxy', () => {
  it('serves two requests over one connection on each side', () => {
    const t = new SimulatedProxy();
    const client = t.send(GET);
    assert.match(t.peer.takeReceived().toString(), /^GET \/a HTTP\/1\.1\r\nHost: h\r\n/);
    t.peer.write(OK);
    t.network.run();
    assert.match(client.takeReceived().toString(), /^HTTP\/1\.1 200 OK\r\n.*\r\n\r\nok$/s);
    client.write(GET);
    t.network.run();
    t.peer.write(OK);
    t.network.run();
    assert.match(client.receivedText(), /\r\n\r\nok$/);
    assert.equal(t.peers.length, 1);
    assert.equal(t.cells[Cell.UPSTREAM_REUSES], 1);
    assert.deepEqual(t.lines, ['200 -', '200 -']);
    t.finish();
  });

  it('answers pipelined requests in order', () => {
    const t = new SimulatedProxy();
    t.onEndpoint = (peer) => {
      peer.onReceive = () => {
        for (const [, path] of peer
          .takeReceived()
          .toString()
          .matchAll(/GET (\S+) HTTP/g)) {
          peer.write(`HTTP/1.1 200 OK\r\nContent-Length: ${path!.length}\r\n\r\n${path}`);
        }
      };
    };
    const requests = ['/1', '/2', '/3', '/4'].map((path) => GET.replace('/a', path)).join('');
    const client = t.send(requests);
    assert.deepEqual(
      client.receivedText().match(/\r\n\r\n\/\d/g),
      ['/1', '/2', '/3', '/4'].map((path) => `\r\n\r\n${path}`),
    );
    t.finish();
  });

  it('passes a chunked request and its trailers', () => {
    const t = new SimulatedProxy();
    t.send(`${CHUNKED}3\r\nabc\r\n4\r\ndefg\r\n0\r\nX-Sum: 7\r\n\r\n`);
    const received = t.peer.receivedText();
    assert.match(received, /\r\nTransfer-Encoding: chunked\r\n/);
    assert.match(received, /\r\nX-Sum: 7\r\n\r\n$/);
    assert.equal(bodyOf(received), 'abcdefg');
    t.peer.write(OK);
    t.network.run();
    t.finish();
  });

  it('passes a large response to a slow reader without holding more than a few buffers', () => {
    const t = new SimulatedProxy();
    const client = t.send(GET);
    client.readPaused = true;
    const body = 'x'.repeat(4_000_000);
    t.peer.write(`HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n`);
    for (let i = 0; i < body.length; i += 50_000) t.peer.write(body.slice(i, i + 50_000));
    t.network.run();
    assert(t.peer.unreadBytes > body.length - 500_000, 'the endpoint is held up');
    assert(t.network.pool.ownedCount < 10);
    client.readPaused = false;
    t.network.run();
    assert.equal(client.received.length - client.receivedText().indexOf('\r\n\r\n') - 4, 4_000_000);
    t.finish();
  });

  it('passes a large request to a slow endpoint without holding more than a few buffers', () => {
    const t = new SimulatedProxy();
    t.onEndpoint = (peer) => {
      peer.readPaused = true;
    };
    const body = 'y'.repeat(4_000_000);
    const client = t.send(`${POST}Content-Length: ${body.length}\r\n\r\n`);
    for (let i = 0; i < body.length; i += 50_000) client.write(body.slice(i, i + 50_000));
    t.network.run();
    assert(client.unreadBytes > body.length - 500_000, 'the client is held up');
    assert(t.network.pool.ownedCount < 10);
    t.peer.readPaused = false;
    t.network.run();
    assert.equal(bodyOf(t.peer.receivedText()).length, body.length);
    t.peer.write(OK);
    t.network.run();
    assert.match(client.receivedText(), /ok$/);
    t.finish();
  });

  it('repeats a request on a fresh connection when the idle one was closed', () => {
    const t = new SimulatedProxy();
    const client = t.send(GET);
    const [first] = t.peers;
    first!.write(OK);
    t.network.run();
    // The FIN is under way when the next request is sent.
    client.write(GET);
    first!.onReceive = () => first!.close();
    t.network.run();
    assert.equal(t.peers.length, 2);
    t.peer.write(OK);
    t.network.run();
    assert.equal(client.receivedText().match(/ok/g)!.length, 2);
    assert.equal(t.cells[Cell.RETRIES], 1);
    t.finish();
  });

  it('relays 100 (Continue) once and then the body', () => {
    const t = new SimulatedProxy();
    const client = t.send(`${POST}Content-Length: 4\r\nExpect: 100-continue\r\n\r\n`);
    assert.match(t.peer.receivedText(), /\r\nExpect: 100-continue\r\n/);
    assert.equal(client.receivedText(), '');
    t.peer.write('HTTP/1.1 100 Continue\r\n\r\n');
    t.network.run();
    assert.match(client.takeReceived().toString(), /^HTTP\/1\.1 100 Continue\r\n(.+\r\n)?\r\n$/);
    client.write('data');
    t.network.run();
    assert.match(t.peer.receivedText(), /\r\n\r\ndata$/);
    t.peer.write(OK);
    t.network.run();
    assert.match(client.receivedText(), /^HTTP\/1\.1 200 OK/);
    t.finish();
  });

  it('asks for the body itself where the endpoint knows no 100 (Continue)', () => {
    const t = new SimulatedProxy();
    const client = t.send(`${POST}Content-Length: 4\r\nExpect: 100-continue\r\n\r\n`);
    t.network.advance(1_100);
    assert.equal(client.takeReceived().toString(), 'HTTP/1.1 100 Continue\r\n\r\n');
    client.write('data');
    t.network.run();
    t.peer.write(`HTTP/1.1 100 Continue\r\n\r\n${OK}`);
    t.network.run();
    assert.match(client.receivedText(), /^HTTP\/1\.1 200 OK/);
    t.finish();
  });

  it('delivers a refusal that comes before the request is sent whole, then closes', () => {
    const t = new SimulatedProxy();
    const client = t.send(`${POST}Content-Length: 100000000\r\n\r\n${'z'.repeat(10_000)}`);
    t.peer.write('HTTP/1.1 413 Content Too Large\r\nContent-Length: 4\r\n\r\nlate');
    t.network.run();
    assert.match(client.receivedText(), /^HTTP\/1\.1 413 .*\r\nConnection: close\r\n.*late$/s);
    client.write('z'.repeat(10_000));
    t.network.run();
    assert.equal(client.isReset, false, 'what still comes is read, so that the answer is not lost');
    assert.equal(t.peer.isEnded || t.peer.isReset, true);
    client.close();
    t.network.advance(3_000);
    t.finish();
  });

  it('answers 413 to a body that grows beyond the limit', () => {
    const t = new SimulatedProxy({ route: { requestBodyBytesMax: 1_000 } });
    const client = t.send(`${CHUNKED}64\r\n${'z'.repeat(100)}\r\n`);
    client.write(`400\r\n${'z'.repeat(1_024)}\r\n`);
    t.network.run();
    assert.match(client.receivedText(), /^HTTP\/1\.1 413 .*request_body_too_large/s);
    assert.equal(t.peer.isEnded || t.peer.isReset, true);
    assert.deepEqual(t.lines, ['413 request_body_too_large']);
    client.close();
    t.network.advance(3_000);
    t.finish();
  });

  it('cancels the request when the client closes', () => {
    const t = new SimulatedProxy();
    const client = t.send(GET);
    client.end();
    t.network.run();
    assert.equal(t.peer.isEnded || t.peer.isReset, true);
    assert.deepEqual(t.lines, ['- client_closed']);
    t.finish();
  });

  it('serves a client that has half-closed, where that is wanted', () => {
    const t = new SimulatedProxy({ halfClose: true });
    const client = t.send(GET);
    client.end();
    t.network.run();
    t.peer.write(OK);
    t.network.run();
    assert.match(client.receivedText(), /ok$/);
    t.finish();
  });

  const cuts: readonly [string, string][] = [
    ['Content-Length', 'HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf'],
    ['chunked', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nhalf'],
  ];
  for (const version of ['1.0', '1.1']) {
    for (const [framing, text] of cuts) {
      it(`does not let a cut ${framing} response look complete to HTTP/${version}`, () => {
        const t = new SimulatedProxy();
        const client = t.send(GET.replace('1.1', version));
        t.peer.write(text);
        t.network.run();
        t.peer.close();
        t.network.run();
        const received = client.receivedText();
        assert.match(received, /half(\r\n)?$/);
        assert.doesNotMatch(received, /\r\n0\r\n\r\n/);
        const isDelimited = /Content-Length: 9|Transfer-Encoding: chunked/.test(received);
        assert(client.isReset || (isDelimited && client.isEnded));
        assert.deepEqual(t.lines, ['200 http_response_incomplete']);
        t.finish();
      });
    }
  }

  it('answers 502 to an endpoint that refuses, and logs why', () => {
    const t = new SimulatedProxy();
    t.network.refuse(ENDPOINT);
    const client = t.send(GET);
    assert.match(client.receivedText(), /^HTTP\/1\.1 502 Bad Gateway\r\n/);
    assert.match(client.receivedText(), /\r\nProxy-Status: zproxy; error=connection_refused\r\n/);
    assert.deepEqual(t.lines, ['502 connection_refused']);
    t.finish();
  });

  it('answers 504 to an endpoint that is silent', () => {
    const t = new SimulatedProxy();
    const client = t.send(GET);
    t.network.advance(61_000);
    assert.match(client.receivedText(), /^HTTP\/1\.1 504 Gateway Timeout\r\n/);
    assert.deepEqual(t.lines, ['504 http_response_timeout']);
    t.finish();
  });

  it('tunnels after a 101, and closes each direction on its own', () => {
    const t = new SimulatedProxy();
    const upgrade = 'Connection: upgrade\r\nUpgrade: websocket\r\n';
    const client = t.send(`GET / HTTP/1.1\r\nHost: h\r\n${upgrade}\r\n`);
    t.peer.takeReceived();
    t.peer.write(`HTTP/1.1 101 Switching Protocols\r\n${upgrade}\r\nhello`);
    t.network.run();
    assert.match(client.takeReceived().toString(), /^HTTP\/1\.1 101 .*\r\n\r\nhello$/s);
    assert.equal(t.cells[Cell.TUNNELS_OPEN], 1);
    client.write('to endpoint');
    client.end();
    t.network.run();
    assert.equal(t.peer.takeReceived().toString(), 'to endpoint');
    assert.equal(t.peer.isEnded, true);
    t.peer.write('to client');
    t.network.run();
    assert.equal(client.receivedText(), 'to client');
    t.peer.end();
    t.network.run();
    assert.equal(client.isEnded, true);
    assert.equal(t.cells[Cell.TUNNELS_OPEN], 0);
    assert.deepEqual(t.lines, ['101 -']);
    t.finish();
  });

  it('logs and counts a request that the codec refuses', () => {
    const t = new SimulatedProxy();
    const client = t.send('GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n');
    assert.match(client.receivedText(), /^HTTP\/1\.1 400 /);
    assert.deepEqual(t.lines, ['400 request_head_invalid']);
    assert.equal(t.cells[Cell.RESPONSES_4XX], 1);
    t.network.advance(3_000);
    t.finish();
  });
});

/** The body of a chunked or plain message, chunk framing taken away. */
function bodyOf(message: string): string {
  const start = message.indexOf('\r\n\r\n') + 4;
  if (!/\r\nTransfer-Encoding: chunked\r\n/.test(message)) return message.slice(start);
  let body = '';
  let at = start;
  for (;;) {
    const lineEnd = message.indexOf('\r\n', at);
    const size = Number.parseInt(message.slice(at, lineEnd), 16);
    if (size === 0) return body;
    body += message.slice(lineEnd + 2, lineEnd + 2 + size);
    at = lineEnd + 2 + size + 2;
  }
}

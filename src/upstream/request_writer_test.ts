// What the endpoint receives of a request, and in how many sends.

import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import {
  type RecordedExchange,
  type RequestSpec,
  UpstreamBench,
} from '../../tests/support/upstream_bench.ts';
import { SizeClass } from '../base/buffer_pool.ts';
import { FieldId } from '../http/field_names.ts';
import { HeaderBlock } from '../http/header_block.ts';
import { Framing } from '../http/message_head.ts';

const HEAD = 'POST / HTTP/1.1\r\nHost: example.test\r\n';
const CHUNKED: RequestSpec = { method: 'POST', framing: Framing.CHUNKED };
const EMPTY = 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n';

function ofLength(contentLength: number): RequestSpec {
  return { method: 'POST', framing: Framing.LENGTH, contentLength };
}

/** Runs a request on a connection that is open (or still to be opened); returns the sends. */
function sendsOf(
  spec: RequestSpec,
  isWarm: boolean,
  script: (exchange: RecordedExchange, bench: UpstreamBench) => void,
): string[] {
  const bench = new UpstreamBench();
  if (isWarm) bench.warm().takeReceived();
  const sends: string[] = [];
  const exchange = bench.exchange();
  exchange.spec = spec;
  bench.network.serve({ kind: 'tcp', host: '10.0.0.1', port: 9000, family: 4 }, (peer) => {
    bench.peers.push(peer);
    peer.onReceive = (bytes): void => void sends.push(bytes.toString('latin1'));
  });
  if (isWarm) bench.peer.onReceive = (bytes): void => void sends.push(bytes.toString('latin1'));
  exchange.acquire();
  script(exchange, bench);
  bench.network.run();
  bench.peer.write(EMPTY);
  bench.network.run();
  assert.equal(exchange.outcome, 'end');
  assert.equal(bench.upstream.idleCount, 1, 'a request that was sent whole leaves its connection');
  bench.finish();
  return sends;
}

for (const isWarm of [true, false]) {
  const where = isWarm ? 'an open connection' : 'a connection that opens';

  test(`RequestWriter sends head and small body at once on ${where}`, () => {
    const spec = { ...ofLength(5), bodyFollows: true };
    const sends = sendsOf(spec, isWarm, (exchange) => {
      exchange.write('hello', true);
      exchange.end();
    });
    assert.deepEqual(sends, [`${HEAD}Content-Length: 5\r\n\r\nhello`]);
  });

  test(`RequestWriter sends head, chunk and end at once on ${where}`, () => {
    const sends = sendsOf({ ...CHUNKED, bodyFollows: true }, isWarm, (exchange) => {
      exchange.write('hello', true);
      exchange.end();
    });
    const body = '5\r\nhello\r\n0\r\n\r\n';
    assert.deepEqual(sends, [`${HEAD}Transfer-Encoding: chunked\r\n\r\n${body}`]);
  });

  test(`RequestWriter sends an empty chunked body with its head on ${where}`, () => {
    const sends = sendsOf({ ...CHUNKED, bodyFollows: true }, isWarm, (exchange) => exchange.end());
    assert.deepEqual(sends, [`${HEAD}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n`]);
  });

  test(`RequestWriter sends trailers behind the last chunk on ${where}`, () => {
    const sends = sendsOf({ ...CHUNKED, bodyFollows: true }, isWarm, (exchange, bench) => {
      const { buffer, start } = bench.chunk('X-Sum7');
      const trailers = new HeaderBlock();
      trailers.add(start, start + 5, start + 5, start + 6, FieldId.UNKNOWN);
      exchange.write('hello', true);
      exchange.end(trailers);
      bench.network.pool.release(buffer);
    });
    const body = '5\r\nhello\r\n0\r\nX-Sum: 7\r\n\r\n';
    assert.equal(sends.join(''), `${HEAD}Transfer-Encoding: chunked\r\n\r\n${body}`);
  });

  test(`RequestWriter sends a large body from its own buffer on ${where}`, () => {
    const spec = { ...ofLength(50_000), bodyFollows: true };
    const sends = sendsOf(spec, isWarm, (exchange) => {
      exchange.write('x'.repeat(50_000), true, SizeClass.LARGE);
      exchange.end();
    });
    const head = `${HEAD}Content-Length: 50000\r\n\r\n`;
    assert.deepEqual(
      sends.map((send) => send.length),
      [head.length, 50_000],
    );
  });
}

test('RequestWriter takes chunks one by one, each told once', () => {
  const bench = new UpstreamBench();
  const exchange = bench.exchange();
  exchange.spec = CHUNKED;
  let written = 0;
  exchange.onEvent = (event): void => {
    if (event !== 'writable') return;
    written++;
    if (written < 20) exchange.write('0123456789');
    else exchange.end();
  };
  exchange.acquire();
  exchange.write('0123456789');
  bench.network.run();
  const body = 'a\r\n0123456789\r\n'.repeat(20);
  assert.equal(
    bench.peer.receivedText(),
    `${HEAD}Transfer-Encoding: chunked\r\n\r\n${body}0\r\n\r\n`,
  );
  bench.peer.write(EMPTY);
  bench.network.run();
  assert.equal(bench.upstream.idleCount, 1);
  bench.finish();
});

test('RequestWriter holds at most two chunks while the endpoint does not read', () => {
  const bench = new UpstreamBench();
  bench.warm();
  bench.peer.readPaused = true;
  const exchange = bench.exchange();
  exchange.spec = CHUNKED;
  exchange.acquire();
  exchange.write('a'.repeat(100));
  bench.network.run();
  assert.deepEqual(exchange.events, []);
  assert.equal(bench.network.pool.ownedCount, 2);
  bench.peer.readPaused = false;
  bench.network.run();
  assert.deepEqual(exchange.events, ['writable']);
  exchange.abort();
  bench.finish();
});

test('RequestWriter does not wait for ever for what was announced', () => {
  const bench = new UpstreamBench();
  const exchange = bench.exchange();
  exchange.spec = { ...CHUNKED, bodyFollows: true };
  exchange.acquire();
  bench.network.run();
  assert.equal(bench.peer.receivedText(), '');
  bench.network.advance(50);
  assert.equal(bench.peer.receivedText(), `${HEAD}Transfer-Encoding: chunked\r\n\r\n`);
  exchange.write('hello', true);
  bench.network.run();
  bench.network.advance(50);
  assert.match(bench.peer.receivedText(), /\r\n\r\n5\r\nhello\r\n$/);
  exchange.end();
  bench.network.run();
  assert.match(bench.peer.receivedText(), /hello\r\n0\r\n\r\n$/);
  exchange.abort();
  bench.finish();
});

test('RequestWriter uses larger buffers for a larger head', () => {
  for (const byteCount of [2_000, 12_000, 40_000]) {
    const bench = new UpstreamBench();
    const exchange = bench.exchange();
    const value = 'v'.repeat(byteCount);
    exchange.spec = { fields: [['X-Long', value]] };
    exchange.acquire();
    bench.network.run();
    assert.ok(bench.peer.receivedText().endsWith(`X-Long: ${value}\r\n\r\n`));
    bench.peer.write(EMPTY);
    bench.network.run();
    assert.equal(exchange.outcome, 'end');
    bench.finish();
  }
});

test('RequestWriter fails with overloaded, from the next turn, where there is no buffer', () => {
  const bench = new UpstreamBench();
  bench.warm();
  const { pool } = bench.network;
  const held: number[] = [];
  for (let i = 0; i < 64; i++) held.push(pool.acquire(SizeClass.SMALL));
  const exchange = bench.exchange();
  exchange.acquire();
  assert.deepEqual(exchange.events, []);
  bench.network.run();
  assert.deepEqual(exchange.events, ['overloaded']);
  assert.equal(exchange.bytesSentAtEnd, 0);
  for (const buffer of held) if (buffer !== 0) pool.release(buffer);
  bench.finish();
});

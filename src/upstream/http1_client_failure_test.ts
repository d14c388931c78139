// What goes wrong between a client and its endpoint: refusals, ends, resets, silence and giving
// up, at each point of an exchange.

import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import {
  ADDRESS,
  type RecordedExchange,
  UpstreamBench,
  type UpstreamBenchOptions,
} from '../../tests/support/upstream_bench.ts';
import { SizeClass } from '../base/buffer_pool.ts';
import type { TcpAddress } from '../base/socket_address.ts';
import { Framing } from '../http/message_head.ts';
import { SocketError } from '../ring/transport.ts';

const OTHER: TcpAddress = { kind: 'tcp', host: '10.0.0.2', port: 9000, family: 4 };
const EMPTY = 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n';
const POST = { method: 'POST', framing: Framing.LENGTH, contentLength: 10 };

test('Http1Client translates each way in which connecting fails', () => {
  for (const [error, outcome] of [
    [SocketError.REFUSED, 'connection_refused'],
    [SocketError.RESET, 'connection_refused'],
    [SocketError.UNREACHABLE, 'destination_ip_unroutable'],
    [SocketError.TIMED_OUT, 'connection_timeout'],
    [SocketError.RESOURCES, 'overloaded'],
  ] as const) {
    const bench = new UpstreamBench();
    bench.network.refuse(ADDRESS, error);
    const exchange = bench.get();
    assert.deepEqual(exchange.events, [outcome]);
    assert.equal(exchange.bytesSentAtEnd, 0);
    bench.finish();
  }
});

test('Http1Client gives up connecting after the connect timeout', () => {
  const bench = new UpstreamBench({ timeouts: { connectMs: 5_000 } });
  bench.network.blackhole(ADDRESS);
  const exchange = bench.get();
  bench.network.advance(4_900);
  assert.equal(exchange.outcome, '');
  bench.network.advance(200);
  assert.equal(exchange.outcome, 'connection_timeout');
  bench.finish();
});

test('Http1Client tries the next address of a name, within one connect timeout', () => {
  for (const fail of ['refuse', 'blackhole'] as const) {
    const bench = new UpstreamBench({ endpoints: [{ host: 'origin.test' }] });
    if (fail === 'refuse') bench.network.refuse(OTHER);
    else bench.network.blackhole(OTHER);
    bench.upstream.setAddresses('origin.test', [OTHER, ADDRESS]);
    const exchange = bench.get();
    bench.network.advance(2_600);
    bench.peer.write(EMPTY);
    bench.network.run();
    assert.equal(exchange.outcome, 'end');
    bench.finish();
  }
});

test('Http1Client reports the last address when none can be reached', () => {
  const bench = new UpstreamBench({ endpoints: [{ host: 'origin.test' }] });
  bench.network.blackhole(OTHER);
  bench.network.blackhole(ADDRESS);
  bench.upstream.setAddresses('origin.test', [OTHER, ADDRESS]);
  const exchange = bench.get();
  bench.network.advance(4_900);
  assert.equal(exchange.outcome, '');
  bench.network.advance(200);
  assert.equal(exchange.outcome, 'connection_timeout');
  bench.finish();
});

test('Http1Client says whether anything was sent when a reused connection was closed', () => {
  for (const end of ['end', 'reset'] as const) {
    const bench = new UpstreamBench();
    bench.warm();
    const exchange = bench.exchange();
    exchange.acquire();
    bench.peer[end]();
    bench.network.run();
    assert.equal(exchange.streamLast!.isReused, true);
    if (end === 'end') {
      assert.deepEqual(exchange.events, ['connection_terminated']);
      assert.ok(exchange.bytesSentAtEnd > 0);
    } else {
      assert.deepEqual(exchange.events, ['connection_write_failed']);
      assert.equal(exchange.bytesSentAtEnd, 0);
    }
    bench.finish();
  }
});

/** Points of an answer and what an end or a reset there comes to. */
const POINTS: readonly (readonly [string, string, string])[] = [
  ['', 'connection_terminated', 'connection_reset'],
  ['HTTP/1.1 20', 'http_response_incomplete', 'http_response_incomplete'],
  ['HTTP/1.1 103 X\r\n\r\n', 'http_response_incomplete', 'http_response_incomplete'],
  [
    'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n',
    'http_response_incomplete',
    'http_response_incomplete',
  ],
  [
    'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel',
    'http_response_incomplete',
    'http_response_incomplete',
  ],
  [
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n',
    'http_response_incomplete',
    'http_response_incomplete',
  ],
  [
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n',
    'http_response_incomplete',
    'http_response_incomplete',
  ],
  ['HTTP/1.1 200 OK\r\n\r\nhel', 'end', 'http_response_incomplete'],
  ['HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello', 'end', 'end'],
];

test('Http1Client tells an end and a reset at each point of an answer from a whole one', () => {
  for (const [written, atEnd, atReset] of POINTS) {
    for (const reads of [true, false]) {
      for (const isReset of [false, true]) {
        const bench = new UpstreamBench();
        const exchange = bench.exchange({ reads });
        exchange.acquire();
        bench.network.run();
        if (written !== '') bench.peer.write(written);
        if (isReset) bench.peer.reset();
        else bench.peer.end();
        bench.network.run();
        if (!reads) {
          while (exchange.outcome === '' && exchange.stream !== null) {
            exchange.read();
            bench.network.run();
          }
        }
        assert.equal(exchange.outcome, isReset ? atReset : atEnd, JSON.stringify(written));
        if (written.includes('hel')) assert.ok(exchange.body.startsWith('hel'), 'bytes come first');
        assert.equal(bench.upstream.connectionsCount, 0);
        bench.finish();
      }
    }
  }
});

test('Http1Client delivers the answer of an endpoint that closed while the body was sent', () => {
  const bench = new UpstreamBench();
  const exchange = bench.exchange();
  exchange.spec = { method: 'POST', framing: Framing.LENGTH, contentLength: 30 };
  exchange.acquire();
  bench.network.run();
  bench.peer.readPaused = true;
  exchange.write('0123456789');
  bench.network.run();
  bench.peer.write('HTTP/1.1 413 Too Large\r\nConnection: close\r\nContent-Length: 2\r\n\r\nno');
  bench.peer.reset();
  bench.network.run();
  const told = exchange.events.filter((event) => event !== 'writable');
  assert.deepEqual(told, ['head 413', 'last', 'end', 'connection_write_failed']);
  assert.equal(exchange.body, 'no');
  assert.equal(bench.upstream.connectionsCount, 0);
  bench.finish();
});

test('Http1Client drops what is written after sending failed', () => {
  const bench = new UpstreamBench();
  const exchange = bench.exchange({ reads: false });
  exchange.spec = { method: 'POST', framing: Framing.LENGTH, contentLength: 30 };
  exchange.acquire();
  bench.network.run();
  bench.peer.write('HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\nno');
  bench.network.run();
  exchange.write('0123456789');
  bench.peer.reset();
  bench.network.run();
  assert.deepEqual(exchange.events, ['head 413']);
  exchange.write('0123456789');
  exchange.read();
  bench.network.run();
  const told = ['head 413', 'last', 'end', 'connection_write_failed'];
  assert.deepEqual(exchange.events, told);
  bench.finish();
});

test('Http1Client fails with write_failed when sending failed and no answer comes', () => {
  const bench = new UpstreamBench();
  const exchange = bench.exchange();
  exchange.spec = POST;
  exchange.acquire();
  bench.network.run();
  exchange.write('01234');
  bench.peer.reset();
  bench.network.run();
  assert.equal(exchange.outcome, 'connection_write_failed');
  assert.ok(exchange.bytesSentAtEnd > 0);
  bench.finish();
});

/** Runs an exchange to `answered`, then lets time pass to just before and just after `ms`. */
function expectTimeout(
  options: UpstreamBenchOptions,
  ms: number,
  outcome: string,
  script: (bench: UpstreamBench) => RecordedExchange,
): void {
  const bench = new UpstreamBench(options);
  const exchange = script(bench);
  bench.network.run();
  bench.network.advance(ms - 50);
  assert.equal(exchange.outcome, '', `${outcome} comes not before its time`);
  bench.network.advance(100);
  assert.equal(exchange.outcome, outcome);
  assert.equal(bench.peer.isReset, true);
  bench.finish();
}

test('Http1Client waits for the first byte from the end of the request', () => {
  const options = { timeouts: { firstByteMs: 1_000 } };
  expectTimeout(options, 1_000, 'http_response_timeout', (bench) => bench.get());
  expectTimeout(options, 1_000, 'http_response_timeout', (bench) => {
    const exchange = bench.exchange();
    exchange.spec = POST;
    exchange.acquire();
    bench.network.advance(5_000); // the request waits for its own client
    exchange.write('0123456789', true);
    exchange.end();
    return exchange;
  });
});

test('Http1Client waits for the first byte anew after an interim response', () => {
  expectTimeout({ timeouts: { firstByteMs: 1_000 } }, 1_000, 'http_response_timeout', (bench) => {
    const exchange = bench.get();
    bench.network.advance(900);
    bench.peer.write('HTTP/1.1 102 Processing\r\n\r\n');
    return exchange;
  });
});

test('Http1Client gives up an endpoint that takes no byte of the request', () => {
  expectTimeout({ timeouts: { firstByteMs: 1_000 } }, 1_000, 'http_response_timeout', (bench) => {
    bench.warm();
    bench.peer.readPaused = true;
    const exchange = bench.exchange();
    exchange.acquire();
    return exchange;
  });
});

test('Http1Client waits between bytes of head and body, while it is asked to', () => {
  const options = { timeouts: { betweenBytesMs: 1_000 } };
  for (const part of ['HTTP/1.1 200', 'HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhel']) {
    expectTimeout(options, 1_000, 'connection_read_timeout', (bench) => {
      const exchange = bench.get();
      bench.network.advance(10_000);
      bench.peer.write(part);
      return exchange;
    });
  }
});

test('Http1Client does not count time under our own back pressure', () => {
  const bench = new UpstreamBench({ timeouts: { betweenBytesMs: 1_000, firstByteMs: 1_000 } });
  const exchange = bench.exchange({ reads: false });
  exchange.acquire();
  bench.network.run();
  bench.peer.write('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhel');
  bench.network.advance(100_000);
  assert.deepEqual(exchange.events, ['head 200']);
  exchange.read();
  bench.network.advance(100_000);
  assert.deepEqual(exchange.events, ['head 200', 'body']);
  exchange.read();
  bench.network.advance(1_100);
  assert.equal(exchange.outcome, 'connection_read_timeout');
  bench.finish();
});

test('Http1Client gives up when the rest of the request is not taken after the answer', () => {
  const bench = new UpstreamBench({ timeouts: { betweenBytesMs: 1_000 } });
  const exchange = bench.exchange();
  exchange.spec = POST;
  exchange.acquire();
  bench.network.run();
  bench.peer.readPaused = true;
  exchange.write('01234');
  bench.peer.write(EMPTY);
  bench.network.advance(1_100);
  assert.deepEqual(exchange.events, ['head 200', 'end', 'connection_write_failed']);
  bench.finish();
});

/** Ways to bring an exchange to a state in which it may be given up. */
const STATES: Readonly<Record<string, (bench: UpstreamBench, exchange: RecordedExchange) => void>> =
  {
    connecting: (bench, exchange) => {
      bench.network.blackhole(ADDRESS);
      exchange.acquire();
      bench.network.run();
    },
    'connecting with a body': (bench, exchange) => {
      bench.network.blackhole(ADDRESS);
      exchange.spec = POST;
      exchange.acquire();
      exchange.write('0123456789', true);
      exchange.end();
      bench.network.run();
    },
    'between two addresses': (bench, exchange) => {
      bench.network.refuse(ADDRESS);
      exchange.acquire();
      bench.network.transport.turn();
    },
    'before its head': (_bench, exchange) => {
      exchange.writesHead = false;
      exchange.acquire();
    },
    'with a held head': (bench, exchange) => {
      exchange.spec = { ...POST, bodyFollows: true };
      exchange.acquire();
      bench.network.run();
    },
    awaiting: (bench, exchange) => {
      exchange.acquire();
      bench.network.run();
    },
    sending: (bench, exchange) => {
      bench.warm();
      bench.peer.readPaused = true;
      exchange.spec = POST;
      exchange.acquire();
      exchange.write('0123456789', true);
      exchange.end();
      bench.network.run();
    },
    'in the head': (bench, exchange) => {
      exchange.acquire();
      bench.network.run();
      bench.peer.write('HTTP/1.1 200 OK\r\nCont');
      bench.network.run();
    },
    'in the body': (bench, exchange) => {
      exchange.acquire();
      bench.network.run();
      bench.peer.write('HTTP/1.1 200 OK\r\nContent-Length: 90000\r\n\r\nabc');
      bench.network.run();
    },
    'with chunks and trailers at hand': (bench, exchange) => {
      exchange.acquire();
      bench.network.run();
      bench.peer.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n');
      bench.peer.write('1\r\nb\r\n0\r\nX-A: b\r\n\r\n');
      bench.network.run();
    },
    'in a tunnel': (bench, exchange) => {
      exchange.spec = { upgrade: 'websocket' };
      exchange.acquire();
      bench.network.run();
      bench.peer.write('HTTP/1.1 101 X\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\nabc');
      bench.network.run();
    },
    'after an early answer': (bench, exchange) => {
      exchange.spec = POST;
      exchange.acquire();
      bench.network.run();
      bench.peer.write(EMPTY);
      bench.network.run();
    },
  };

test('Http1Client is given up in each state without another call or a leak', () => {
  for (const [name, script] of Object.entries(STATES)) {
    const bench = new UpstreamBench({ endpoints: [{ host: 'origin.test' }] });
    bench.upstream.setAddresses('origin.test', [ADDRESS, OTHER]);
    const exchange = bench.exchange({ reads: false });
    script(bench, exchange);
    const events = exchange.events.slice();
    assert.notEqual(exchange.stream, null, name);
    exchange.abort();
    bench.network.advance(200_000);
    assert.deepEqual(exchange.events, events, name);
    assert.equal(bench.upstream.connectionsCount, 0, name);
    bench.finish();
  }
});

test('Http1Client is closed by its upstream in each state with one error', () => {
  for (const [name, script] of Object.entries(STATES)) {
    const bench = new UpstreamBench({ endpoints: [{ host: 'origin.test' }] });
    bench.upstream.setAddresses('origin.test', [ADDRESS, OTHER]);
    const exchange = bench.exchange({ reads: false });
    script(bench, exchange);
    const events = exchange.events.slice();
    bench.upstream.close();
    assert.deepEqual(exchange.events, events, name);
    bench.network.run();
    assert.deepEqual(exchange.events, [...events, 'draining'], name);
    bench.finish();
  }
});

test('Http1Client may be given up inside each of its callbacks', () => {
  const answer =
    'HTTP/1.1 103 X\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n' +
    '1\r\na\r\n0\r\nX-A: b\r\n\r\n';
  for (const at of ['writable', '103', 'head 200', 'body', 'last', 'end']) {
    const bench = new UpstreamBench();
    const exchange = bench.exchange();
    exchange.spec = { method: 'POST', framing: Framing.CHUNKED };
    exchange.onEvent = (event): void => {
      if (event === at) exchange.abort();
    };
    exchange.acquire();
    exchange.write('abc');
    bench.network.run();
    bench.peer.write(answer, { splitAt: at === 'body' ? [answer.indexOf('0\r\nX')] : [] });
    bench.network.run();
    assert.equal(exchange.events.at(-1), at);
    assert.equal(bench.upstream.connectionsCount, 0);
    bench.finish();
  }
});

test('Http1Client tells an error that is due instead of an end in the same turn', () => {
  const bench = new UpstreamBench();
  bench.warm();
  const { pool } = bench.network;
  const exchange = bench.exchange();
  exchange.spec = { method: 'POST', framing: Framing.CHUNKED };
  exchange.acquire();
  exchange.write('hello');
  bench.network.run();
  const held: number[] = [];
  exchange.onEvent = (event): void => {
    if (event !== 'head 200') return;
    while (pool.freeCount(SizeClass.SMALL) > 0) held.push(pool.acquire(SizeClass.SMALL));
    exchange.end(); // finds no buffer for the last chunk
  };
  bench.peer.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi');
  bench.network.run();
  assert.deepEqual(exchange.events, ['writable', 'head 200', 'last', 'overloaded']);
  for (const buffer of held) pool.release(buffer);
  bench.finish();
});

test('Http1Client does not wait longer for a head because its bytes come one by one', () => {
  const bench = new UpstreamBench({ timeouts: { betweenBytesMs: 30_000 } });
  const exchange = bench.get();
  const { peer } = bench;
  for (const byte of 'HTTP/1.1 103 Early Hints\r\n') {
    if (exchange.outcome !== '') break;
    peer.write(byte);
    bench.network.advance(10_000);
  }
  assert.equal(exchange.outcome, 'connection_read_timeout');
  bench.finish();
  const next = new UpstreamBench({ timeouts: { betweenBytesMs: 30_000 } });
  const patient = next.get();
  // A head of its own behind an interim one has its own time.
  next.peer.write('HTTP/1.1 103 E\r\n');
  next.network.advance(20_000);
  next.peer.write('\r\nHTTP/1.1 200 OK\r\n');
  next.network.advance(20_000);
  next.peer.write('Content-Length: 0\r\n\r\n');
  next.network.run();
  assert.deepEqual(patient.events, ['103', 'head 200', 'end']);
  next.finish();
});

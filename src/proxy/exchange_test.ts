// What an exchange does between its two streams, told as scripts.

import { strict as assert } from 'node:assert';
import { describe, it } from 'node:test';
import { ScriptedProxy } from '../../tests/support/scripted_proxy.ts';
import { CELL_ERRORS, Cell } from '../base/metrics_cells.ts';
import { ExchangeError } from '../http/exchange_error.ts';
import { Method } from '../http/methods.ts';

const GET = ['GET / HTTP/1.1', 'Host: h'];
const CHUNKED = ['PUT / HTTP/1.1', 'Host: h', 'Transfer-Encoding: chunked'];
const POST = ['POST / HTTP/1.1', 'Host: h', 'Content-Length: 6'];
const OK = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n';
const { CLIENT_CLOSED, UPSTREAM_CLOSED_EARLY, UPSTREAM_RESET } = ExchangeError;

describe('Exchange, forwarding', () => {
  it('joins a request and its response', () => {
    const world = new ScriptedProxy();
    const request = world.request(POST, { bodyFollows: true });
    const { server, exchange } = request;
    const { stream } = world.upstream;
    assert.equal(stream.bodyFollows, true);
    world.sendBody(request, 'abc');
    world.sendBody(request, 'def', true);
    exchange.onRequestWritable();
    exchange.onRequestEnd(null);
    assert.deepEqual(stream.takeCalls(), ['head', 'body abc', 'body def (last)', 'end']);
    stream.respond('HTTP/1.1 201 Created\r\nContent-Length: 4\r\nX-A: b\r\n\r\n');
    stream.deliver('done', true);
    exchange.onResponseEnd(null);
    assert.deepEqual(server.takeCalls(), ['read', 'read', 'head 201', 'body done (last)', 'end']);
    assert.match(server.headText, /^HTTP\/1\.1 201 Created\r\n/);
    assert.match(server.headText, /\r\nX-A: b\r\n/);
    exchange.onResponseSent();
    assert.equal(stream.isAborted, false);
    assert.equal(world.cells[Cell.RESPONSES_2XX], 1);
    assert.equal(world.cells[Cell.REQUESTS], 1);
    world.assertClean();
  });

  it('adds Via, and Date where there is none', () => {
    for (const [date, count] of [
      ['Date: yesterday\r\n', 0],
      ['', 1],
    ] as const) {
      const world = new ScriptedProxy();
      const { server, exchange } = world.request(GET);
      world.upstream.stream.respond(`HTTP/1.0 200 OK\r\n${date}Content-Length: 0\r\n\r\n`);
      const ours = server.headText.split('Date: Thu, 01 Jan 2026 00:00:00 GMT').length - 1;
      assert.equal(ours, count);
      assert.match(server.headText, /\r\nVia: 1\.0 edge\r\n/);
      exchange.onRequestAborted(CLIENT_CLOSED);
      world.assertClean();
    }
  });

  it('relays interim responses in order', () => {
    const world = new ScriptedProxy();
    const { server, exchange } = world.request(GET);
    const { stream } = world.upstream;
    stream.respond('HTTP/1.1 102 Processing\r\n\r\n');
    stream.respond('HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n');
    stream.respond('HTTP/1.1 204 No Content\r\n\r\n');
    exchange.onResponseEnd(null);
    assert.deepEqual(server.takeCalls(), ['interim 102', 'interim 103', 'head 204']);
    exchange.onResponseSent();
    assert.equal(world.cells[Cell.RESPONSES_1XX], 2);
    world.assertClean();
  });

  it('does not end a response that is its head alone', () => {
    const world = new ScriptedProxy();
    const { server, exchange } = world.request(['HEAD / HTTP/1.1', 'Host: h']);
    world.upstream.stream.respond('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n', Method.HEAD);
    exchange.onResponseEnd(null);
    assert.deepEqual(server.takeCalls(), ['head 200']);
    assert.match(server.headText, /\r\nContent-Length: 9\r\n/);
    exchange.onResponseSent();
    assert.equal(world.upstream.stream.isAborted, false);
    world.assertClean();
  });

  it('stops reading from the endpoint while the client takes nothing', () => {
    const world = new ScriptedProxy();
    const { server, exchange } = world.request(GET);
    const { stream } = world.upstream;
    stream.respond(OK);
    stream.deliver('a');
    stream.deliver('b');
    assert.equal(stream.readsOpen, 0);
    exchange.onResponseWritable();
    assert.equal(stream.readsOpen, 1);
    exchange.onResponseEnd(null);
    assert.deepEqual(server.takeCalls(), ['head 200', 'body a', 'body b', 'end']);
    exchange.onResponseSent();
    world.assertClean();
  });

  it('waits for a connection with the body of the request unread', () => {
    const world = new ScriptedProxy();
    world.upstream.mode = 'wait';
    const { server, exchange } = world.request(POST, { bodyFollows: true });
    assert.deepEqual(server.takeCalls(), []);
    world.upstream.waiters.length = 0;
    exchange.onStreamReady(world.upstream.makeStream(exchange));
    assert.equal(world.upstream.stream.bodyFollows, false);
    assert.deepEqual(server.takeCalls(), ['read']);
    exchange.onRequestAborted(CLIENT_CLOSED);
    world.assertClean();
  });

  it('ends an empty chunked request that ended while it waited for a connection', () => {
    const world = new ScriptedProxy();
    world.upstream.mode = 'wait';
    const { exchange } = world.request(CHUNKED, { bodyFollows: true });
    exchange.onRequestEnd(null);
    world.upstream.waiters.length = 0;
    exchange.onStreamReady(world.upstream.makeStream(exchange));
    assert.deepEqual(world.upstream.stream.takeCalls(), ['head', 'end']);
    exchange.onRequestAborted(CLIENT_CLOSED);
    world.assertClean();
  });
});

describe('Exchange, early ends', () => {
  it('delivers a response that comes while the request is being sent, drops the rest', () => {
    const world = new ScriptedProxy();
    const request = world.request(CHUNKED);
    const { stream } = world.upstream;
    world.sendBody(request, 'a');
    stream.respond('HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\n');
    world.sendBody(request, 'b');
    stream.deliver('no', true);
    request.exchange.onResponseEnd(null);
    assert.equal(stream.isAborted, true);
    assert.deepEqual(request.server.calls.slice(-3), ['head 413', 'body no (last)', 'end']);
    assert.equal(request.server.readsOpen, 0, 'the chunk that is held stops the reader');
    request.exchange.onResponseSent();
    world.assertClean();
  });

  it('releases a chunk that arrives after the response has ended', () => {
    const world = new ScriptedProxy();
    const request = world.request(CHUNKED);
    world.upstream.stream.respond('HTTP/1.1 204 No Content\r\n\r\n');
    request.exchange.onResponseEnd(null);
    world.sendBody(request, 'late');
    request.exchange.onRequestEnd(null);
    request.exchange.onResponseSent();
    assert.equal(world.upstream.stream.isAborted, true);
    world.assertClean();
  });

  it('cancels the request when the client has gone', () => {
    const world = new ScriptedProxy();
    const { exchange } = world.request(GET);
    exchange.onRequestAborted(CLIENT_CLOSED);
    assert.equal(world.upstream.stream.isAborted, true);
    assert.equal(world.cells[CELL_ERRORS + CLIENT_CLOSED], 1);
    assert.deepEqual(world.lines, ['- client_closed']);
    world.assertClean();
  });

  it('gives up its place in the queue when the client has gone', () => {
    const world = new ScriptedProxy();
    world.upstream.mode = 'wait';
    const { exchange } = world.request(GET);
    exchange.onRequestAborted(CLIENT_CLOSED);
    world.assertClean();
  });

  it("logs the driver's own answer to a body that is broken", () => {
    const world = new ScriptedProxy();
    const { exchange } = world.request(CHUNKED);
    exchange.onRequestAborted(ExchangeError.REQUEST_BODY_INVALID);
    assert.deepEqual(world.lines, ['400 request_body_invalid']);
    assert.equal(world.cells[Cell.RESPONSES_4XX], 1);
    world.assertClean();
  });

  it('breaks a response off when the endpoint dies in the middle of it', () => {
    const world = new ScriptedProxy();
    const { server, exchange } = world.request(GET);
    world.upstream.stream.respond(OK);
    world.upstream.stream.deliver('half');
    exchange.onUpstreamError(ExchangeError.RESPONSE_INCOMPLETE);
    assert.deepEqual(server.takeCalls(), [
      'head 200',
      'body half',
      `abort ${ExchangeError.RESPONSE_INCOMPLETE}`,
    ]);
    assert.deepEqual(world.lines, ['200 http_response_incomplete']);
    world.assertClean();
  });

  it('answers an error instead of a head that was still held back', () => {
    const world = new ScriptedProxy();
    const { server, exchange } = world.request(GET);
    server.startsAtOnce = false;
    world.upstream.stream.respond(OK);
    exchange.onUpstreamError(ExchangeError.RESPONSE_BODY_INVALID);
    assert.equal(server.takeCalls()[1], 'head 502');
    exchange.onResponseSent();
    assert.deepEqual(world.lines, ['502 http_response_body_invalid']);
    world.assertClean();
  });
});

describe('Exchange, limit of the request body', () => {
  const options = { route: { requestBodyBytesMax: 5 } };

  it('answers 413 while it counts, and cancels the request', () => {
    const world = new ScriptedProxy(options);
    const request = world.request(CHUNKED);
    world.sendBody(request, '12345');
    world.sendBody(request, '6');
    assert.equal(world.upstream.stream.isAborted, true);
    assert.equal(request.server.calls.includes('head 413'), true);
    request.exchange.onResponseSent();
    assert.deepEqual(world.lines, ['413 request_body_too_large']);
    world.assertClean();
  });

  it('breaks a response off that has begun', () => {
    const world = new ScriptedProxy(options);
    const request = world.request(CHUNKED);
    world.upstream.stream.respond(OK);
    world.sendBody(request, '123456');
    assert.equal(request.server.calls.at(-1), `abort ${ExchangeError.REQUEST_BODY_TOO_LARGE}`);
    assert.equal(world.upstream.stream.isAborted, true);
    world.assertClean();
  });

  it('counts a chunk that arrives while a second try waits', () => {
    const world = new ScriptedProxy(options);
    world.upstream.prepare = (stream) => {
      stream.isReused = true;
    };
    const request = world.request(CHUNKED);
    world.upstream.mode = 'wait';
    request.exchange.onUpstreamError(UPSTREAM_CLOSED_EARLY);
    world.sendBody(request, '123456');
    assert.equal(request.server.calls.includes('head 413'), true);
    request.exchange.onResponseSent();
    world.assertClean();
  });
});

describe('Exchange, trying again', () => {
  interface Attempt {
    readonly lines: readonly string[];
    readonly error?: ExchangeError;
    readonly isReused?: boolean;
    readonly sent?: number;
    readonly firstByteMs?: number;
    readonly body?: string;
  }
  const attempts: readonly [string, boolean, Attempt][] = [
    ['an idempotent request on a reused connection', true, { lines: GET, sent: 9 }],
    ['one on a fresh connection', false, { lines: GET, sent: 9, isReused: false }],
    ['one whose response had begun', false, { lines: GET, sent: 9, firstByteMs: 5 }],
    ['one that is not idempotent', false, { lines: POST, sent: 9 }],
    ['one that is not idempotent, of which nothing was sent', true, { lines: POST }],
    ['one whose body was handed over', false, { lines: CHUNKED, sent: 9, body: 'x' }],
    ['one whose body was not handed over', true, { lines: CHUNKED, sent: 9 }],
    ['one that was reset', true, { lines: GET, sent: 9, error: UPSTREAM_RESET }],
    [
      'one that was answered too late',
      false,
      { lines: GET, error: ExchangeError.UPSTREAM_FIRST_BYTE_TIMEOUT },
    ],
    [
      'one whose answer is malformed',
      false,
      { lines: GET, error: ExchangeError.RESPONSE_HEAD_INVALID },
    ],
  ];
  for (const [name, isRepeated, attempt] of attempts) {
    it(`${isRepeated ? 'repeats' : 'does not repeat'} ${name}`, () => {
      const world = new ScriptedProxy();
      const request = world.request(attempt.lines);
      const { stream } = world.upstream;
      stream.isReused = attempt.isReused ?? true;
      stream.requestBytesSent = attempt.sent ?? 0;
      stream.firstByteMs = attempt.firstByteMs ?? 0;
      if (attempt.body !== undefined) world.sendBody(request, attempt.body);
      request.exchange.onUpstreamError(attempt.error ?? UPSTREAM_CLOSED_EARLY);
      assert.deepEqual(world.upstream.freshOnly, isRepeated ? [false, true] : [false]);
      assert.equal(world.cells[Cell.RETRIES], isRepeated ? 1 : 0);
      assert.equal(stream.isAborted, false, 'a stream that is over is not touched');
      request.exchange.onRequestAborted(CLIENT_CLOSED);
      world.assertClean();
    });
  }

  it('repeats once', () => {
    const world = new ScriptedProxy();
    world.upstream.prepare = (stream) => {
      stream.isReused = true;
    };
    const { server, exchange } = world.request(GET);
    exchange.onUpstreamError(UPSTREAM_CLOSED_EARLY);
    exchange.onUpstreamError(UPSTREAM_CLOSED_EARLY);
    assert.equal(world.upstream.streams.length, 2);
    assert.equal(server.calls[0], 'head 502');
    exchange.onResponseSent();
    world.assertClean();
  });

  it('sends a chunk that was read meanwhile to the second endpoint', () => {
    const world = new ScriptedProxy();
    world.upstream.prepare = (stream) => {
      stream.isReused = true;
    };
    const request = world.request(CHUNKED);
    world.upstream.mode = 'wait';
    request.exchange.onUpstreamError(UPSTREAM_CLOSED_EARLY);
    world.sendBody(request, 'kept', true);
    request.exchange.onRequestEnd(null);
    world.upstream.waiters.length = 0;
    request.exchange.onStreamReady(world.upstream.makeStream(request.exchange));
    assert.deepEqual(world.upstream.stream.takeCalls(), ['head', 'body kept (last)', 'end']);
    request.exchange.onRequestAborted(CLIENT_CLOSED);
    world.assertClean();
  });
});

describe('Exchange, Expect: 100-continue', () => {
  const lines = [...POST, 'Expect: 100-continue'];

  it('reads the body when the endpoint says 100, and relays it once', () => {
    const world = new ScriptedProxy();
    const { server, exchange } = world.request(lines);
    assert.deepEqual(server.takeCalls(), []);
    world.upstream.stream.respond('HTTP/1.1 100 Continue\r\n\r\n');
    assert.deepEqual(server.takeCalls(), ['interim 100', 'read']);
    world.upstream.stream.respond('HTTP/1.1 100 Continue\r\n\r\n');
    assert.deepEqual(server.takeCalls(), []);
    exchange.onRequestAborted(CLIENT_CLOSED);
    world.assertClean();
  });

  it('reads the body after a second without a word of the endpoint', () => {
    const world = new ScriptedProxy();
    const { server, exchange } = world.request(lines);
    world.advance(900);
    assert.deepEqual(server.takeCalls(), []);
    world.advance(200);
    assert.deepEqual(server.takeCalls(), ['read']);
    world.upstream.stream.respond('HTTP/1.1 100 Continue\r\n\r\n');
    assert.deepEqual(server.takeCalls(), []);
    exchange.onRequestAborted(CLIENT_CLOSED);
    world.assertClean();
  });

  it('reads a body at once that came unasked', () => {
    const world = new ScriptedProxy();
    const { server, exchange } = world.request(lines, { bodyFollows: true });
    assert.deepEqual(server.takeCalls(), ['read']);
    exchange.onRequestAborted(CLIENT_CLOSED);
    world.assertClean();
  });

  it('relays a refusal without reading the body', () => {
    const world = new ScriptedProxy();
    const { server, exchange } = world.request(lines);
    world.upstream.stream.respond('HTTP/1.1 417 Expectation Failed\r\nContent-Length: 0\r\n\r\n');
    exchange.onResponseEnd(null);
    assert(!server.takeCalls().includes('read'));
    assert.equal(world.upstream.stream.isAborted, true);
    exchange.onResponseSent();
    world.assertClean();
  });
});

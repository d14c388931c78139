// Every row of the table of exchange errors that the proxy answers, and how each comes about here.

import { strict as assert } from 'node:assert';
import { describe, it } from 'node:test';
import { ScriptedProxy, type ScriptedProxyOptions } from '../../tests/support/scripted_proxy.ts';
import { NO_BUFFER, SizeClass } from '../base/buffer_pool.ts';
import { CELL_ERRORS, Cell } from '../base/metrics_cells.ts';
import { EXCHANGE_ERRORS, ExchangeError } from '../http/exchange_error.ts';

const GET = ['GET / HTTP/1.1', 'Host: h'];
const DATE = 'Thu, 01 Jan 2026 00:00:00 GMT';

interface Refusal {
  readonly error: ExchangeError;
  readonly lines: readonly string[];
  readonly options?: ScriptedProxyOptions;
}

const REFUSALS: Record<string, Refusal> = {
  CONNECT: {
    error: ExchangeError.METHOD_NOT_ALLOWED,
    lines: ['CONNECT h:443 HTTP/1.1', 'Host: h:443'],
  },
  'no route': {
    error: ExchangeError.ROUTE_NOT_FOUND,
    lines: GET,
    options: { route: { paths: ['/b'] } },
  },
  'our own Via': {
    error: ExchangeError.PROXY_LOOP,
    lines: [...GET, 'Via: 1.1 first, HTTP/1.1 EDGE (a, b), 1.0 last'],
  },
  'a Content-Length above the limit': {
    error: ExchangeError.REQUEST_BODY_TOO_LARGE,
    lines: ['POST / HTTP/1.1', 'Host: h', 'Content-Length: 11'],
    options: { route: { requestBodyBytesMax: 10 } },
  },
};

/** What an upstream can report of a request without an answer. */
const UPSTREAM_ERRORS: readonly ExchangeError[] = Object.values(ExchangeError).filter((error) => {
  const { origin, status } = EXCHANGE_ERRORS[error]!;
  return origin !== 'client' && status !== 0 && error !== ExchangeError.PROXY_LOOP;
});

describe('answerError()', () => {
  for (const [reason, { error, lines, options }] of Object.entries(REFUSALS)) {
    it(`answers ${reason} with ${EXCHANGE_ERRORS[error]!.status}, before any upstream`, () => {
      const world = new ScriptedProxy(options);
      const { server, exchange } = world.request(lines);
      assertAnswered(world, server.headText, server.calls, error);
      assert.equal(world.upstream.streams.length, 0);
      exchange.onResponseSent();
      assertCounted(world, error);
    });
  }

  for (const error of UPSTREAM_ERRORS) {
    const { code, status } = EXCHANGE_ERRORS[error]!;
    it(`answers ${code} of a stream with ${status}`, () => {
      const world = new ScriptedProxy();
      const { server, exchange } = world.request(GET);
      exchange.onUpstreamError(error);
      assertAnswered(world, server.headText, server.calls, error);
      assert.equal(world.upstream.stream.isAborted, false);
      exchange.onResponseSent();
      assertCounted(world, error);
    });

    it(`answers ${code} of an upstream without a stream with ${status}`, () => {
      const world = new ScriptedProxy();
      world.upstream.mode = error;
      const { server, exchange } = world.request(GET);
      assertAnswered(world, server.headText, server.calls, error);
      exchange.onResponseSent();
      assertCounted(world, error);
    });
  }

  it('lists the methods that are allowed in a 405 (RFC 9110 section 15.5.6)', () => {
    const world = new ScriptedProxy();
    const { server, exchange } = world.request(['CONNECT h:443 HTTP/1.1', 'Host: h:443']);
    const allow = /\r\nAllow: (.*)\r\n/.exec(server.headText)![1]!;
    assert.equal(allow, 'GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS, TRACE');
    exchange.onResponseSent();
    world.assertClean();
  });

  it('sends no body to HEAD, but its length', () => {
    const world = new ScriptedProxy({ route: { paths: ['/b'] } });
    const { server, exchange } = world.request(['HEAD / HTTP/1.1', 'Host: h']);
    assert.deepEqual(server.calls, ['head 404']);
    assert.match(server.headText, /\r\nContent-Length: [1-9][0-9]\r\n/);
    exchange.onResponseSent();
    world.assertClean();
  });

  it('answers without a body when there is no buffer for one', () => {
    const world = new ScriptedProxy({ route: { paths: ['/b'] } });
    const { pool } = world.memory;
    const taken = [];
    for (;;) {
      const buffer = pool.acquire(SizeClass.SMALL);
      if (buffer === NO_BUFFER) break;
      taken.push(buffer);
    }
    const { server, exchange } = world.request(GET);
    assert.deepEqual(server.calls, ['head 404', 'end']);
    assert.match(server.headText, /\r\nContent-Length: 0\r\n/);
    exchange.onResponseSent();
    for (const buffer of taken) pool.release(buffer);
    world.assertClean();
  });
});

function assertAnswered(
  world: ScriptedProxy,
  head: string,
  calls: readonly string[],
  error: ExchangeError,
): void {
  const { code, status, proxyStatus, text } = EXCHANGE_ERRORS[error]!;
  const body = `${code}: ${text}\n`;
  assert.deepEqual(calls.slice(-3), [`head ${status}`, `body ${body} (last)`, 'end']);
  assert.match(head, new RegExp(`^HTTP/1\\.1 ${status} [A-Z]`));
  assert(head.includes(`\r\nDate: ${DATE}\r\n`));
  assert(head.includes(`\r\nProxy-Status: zproxy; error=${proxyStatus}\r\n`));
  assert(head.includes('\r\nContent-Type: text/plain\r\n'));
  assert(head.includes(`\r\nContent-Length: ${body.length}\r\n`));
  assert.equal(world.proxy.openCount, 1);
}

function assertCounted(world: ScriptedProxy, error: ExchangeError): void {
  const { code, status } = EXCHANGE_ERRORS[error]!;
  assert.equal(world.cells[CELL_ERRORS + error], 1);
  assert.equal(world.cells[status < 500 ? Cell.RESPONSES_4XX : Cell.RESPONSES_5XX], 1);
  assert.deepEqual(world.lines, [`${status} ${code}`]);
  world.assertClean();
}

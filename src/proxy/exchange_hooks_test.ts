// Middleware around an exchange: what it changes is what is sent, what it answers ends the way up,
// and while it is waited for nothing is read, lost or sent.

import { strict as assert } from 'node:assert';
import { describe, it } from 'node:test';
import { hooksUse } from '../../tests/support/hooks_use.ts';
import {
  ScriptedProxy,
  type ScriptedProxyOptions,
  type ScriptedRequest,
} from '../../tests/support/scripted_proxy.ts';
import type { MiddlewareHooks, MiddlewareSummary } from '../middleware/middleware.ts';
import { ExchangeState } from './exchange_state.ts';

const GET = ['GET /a?q=1 HTTP/1.1', 'Host: h'];
const POST = ['POST /a HTTP/1.1', 'Host: h', 'Transfer-Encoding: chunked'];
const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 4\r\nX-Up: 1\r\n\r\n';

describe('Exchange, middleware of requests', () => {
  it('sends what was set, rewritten and chosen, and logs what the client asked for', () => {
    const world = proxyWith(
      {
        onRequest(request): void {
          request.headers.set('X-Set', request.clientIp);
          request.headers.delete('X-Gone');
          request.rewrite('/b?r=2');
          request.useUpstream('other');
        },
      },
      {
        moreUpstreams: ['other'],
        proxy: { accessLog: { format: { kind: 'template', template: '{target} {upstream}' } } },
      },
    );
    const request = world.request([...GET, 'X-Gone: 1']);
    const stream = world.upstreams[1]!.stream;
    assert.match(stream.headText, /^GET \/b\?r=2 HTTP\/1\.1\r\n/);
    assert.match(stream.headText, /\r\nX-Set: 192\.0\.2\.7\r\n/);
    assert.doesNotMatch(stream.headText, /X-Gone/);
    stream.respond('HTTP/1.1 204 No Content\r\n\r\n');
    stream.handler.onResponseEnd(null);
    finish(world, request);
    assert.deepEqual(world.lines, ['/a?q=1 other']);
  });

  it('answers in place of the upstream, with the body of the request unread', () => {
    const world = proxyWith({
      onRequest: () => ({ status: 401, headers: { 'WWW-Authenticate': 'Basic' }, body: 'no' }),
    });
    const request = world.request(POST);
    assert.deepEqual(request.server.takeCalls(), ['head 401', 'body no (last)', 'end']);
    assert.match(request.server.headText, /\r\nWWW-Authenticate: Basic\r\n/);
    assert.equal(world.upstream.streams.length, 0);
    finish(world, request);
  });

  it('runs for requests that no route matches, where it is for all', () => {
    const use = hooksUse({ onRequest: () => ({ status: 403 }) });
    const world = new ScriptedProxy({ route: { paths: ['/b'] }, proxy: { middleware: [use] } });
    const request = world.request(GET);
    assert.deepEqual(request.server.takeCalls(), ['head 403', 'end']);
    finish(world, request);
  });

  it('waits for a promise before anything is read or sent', async () => {
    const gate = Promise.withResolvers<void>();
    const world = proxyWith({ onRequest: () => gate.promise });
    const request = world.request(POST);
    assert.equal(request.exchange.state, ExchangeState.HOOKING);
    assert.deepEqual(request.server.takeCalls(), []);
    assert.equal(world.upstream.streams.length, 0);
    gate.resolve();
    await settle(world);
    assert.deepEqual(request.server.takeCalls(), ['read']);
    world.sendBody(request, 'body', true);
    request.exchange.onRequestEnd(null);
    assert.deepEqual(world.upstream.stream.takeCalls(), ['head', 'body body (last)', 'end']);
    world.upstream.stream.respond('HTTP/1.1 204 No Content\r\n\r\n');
    world.upstream.stream.handler.onResponseEnd(null);
    finish(world, request);
  });

  it('drops what a promise says after the client has left', async () => {
    const gate = Promise.withResolvers<{ status: number }>();
    const world = proxyWith({ onRequest: () => gate.promise });
    const request = world.request(POST);
    request.exchange.onRequestAborted(16);
    gate.resolve({ status: 200 });
    await settle(world);
    assert.deepEqual(request.server.takeCalls(), []);
    world.assertClean();
  });

  it('answers 500 for one that throws, rejects or never comes to an end', async () => {
    const failing: MiddlewareHooks['onRequest'][] = [
      () => {
        throw new Error('broken');
      },
      () => Promise.reject(new Error('broken')),
      () => new Promise(() => {}),
    ];
    for (const onRequest of failing) {
      const world = proxyWith({ onRequest: onRequest! });
      const request = world.request(GET);
      await settle(world);
      world.advance(60_000);
      assert.equal(request.server.takeCalls()[0], 'head 500');
      assert.equal(world.logged.length, 1, world.logged.join());
      finish(world, request);
      assert.deepEqual(world.lines, ['500 middleware_failed']);
    }
  });
});

describe('Exchange, middleware of responses', () => {
  it('sends what was changed', () => {
    const world = proxyWith({
      onUpstreamResponse(response): void {
        response.status = 203;
        response.headers.set('X-Up', '2');
        response.headers.append('X-New', 'n');
      },
    });
    const request = world.request(GET);
    world.upstream.stream.respond(OK);
    assert.match(request.server.headText, /^HTTP\/1\.1 203 /);
    assert.match(request.server.headText, /\r\nX-Up: 2\r\n/);
    assert.match(request.server.headText, /\r\nX-New: n\r\n/);
    deliver(world);
    finish(world, request);
  });

  it('waits with a copy of the head, while the body waits for its reader', async () => {
    const gate = Promise.withResolvers<void>();
    const world = proxyWith({
      async onUpstreamResponse(response): Promise<void> {
        await gate.promise;
        response.headers.set('X-Late', response.headers.get('x-up')!);
      },
    });
    const request = world.request(GET);
    const { stream } = world.upstream;
    stream.respond(OK);
    assert.equal(request.exchange.state, ExchangeState.HOLDING);
    assert.equal(stream.readsOpen, 0);
    gate.resolve();
    await settle(world);
    assert.match(request.server.headText, /\r\nX-Up: 1\r\n/);
    assert.match(request.server.headText, /\r\nX-Late: 1\r\n/);
    deliver(world);
    assert.deepEqual(request.server.takeCalls(), ['head 200', 'body data (last)', 'end']);
    finish(world, request);
  });

  it('forwards a response without a body that ended while it was waited for', async () => {
    for (const head of ['204 No Content\r\n', '200 OK\r\nContent-Length: 0\r\n']) {
      const gate = Promise.withResolvers<void>();
      const world = proxyWith({ onUpstreamResponse: () => gate.promise });
      const request = world.request(GET);
      world.upstream.stream.respond(`HTTP/1.1 ${head}\r\n`);
      world.upstream.stream.handler.onResponseEnd(null);
      gate.resolve();
      await settle(world);
      assert.equal(request.server.calls[0], `head ${head.slice(0, 3)}`);
      finish(world, request);
    }
  });

  it('answers an error when the upstream breaks off meanwhile, and drops the promise', async () => {
    const gate = Promise.withResolvers<void>();
    const world = proxyWith({ onUpstreamResponse: () => gate.promise });
    const request = world.request(GET);
    world.upstream.stream.respond(OK);
    request.exchange.onUpstreamError(24);
    gate.resolve();
    await settle(world);
    assert.deepEqual(
      request.server.takeCalls().filter((call) => call.startsWith('head')),
      ['head 502'],
    );
    finish(world, request);
  });

  it('sees the request as it was, and nothing of an exchange that was sent meanwhile', () => {
    const seen: string[][] = [];
    const world = proxyWith(
      {
        onUpstreamResponse(_response, request): void {
          seen.push(request.headers.entries().map(([name, value]) => `${name}: ${value}`));
        },
      },
      {
        upstream: { hostHeader: { kind: 'fixed', value: 'fixed.example' } },
        proxy: { requestId: true, forwarded: 'both' },
      },
    );
    const options = { connection: { isTrusted: true, remoteHost: '10.0.0.1' } };
    const first = world.request([...GET, 'X-Forwarded-For: 1.1.1.1'], options);
    const { stream } = world.upstream;
    assert.match(stream.headText, /\r\nHost: fixed\.example\r\n/);
    const second = world.request(['GET /b HTTP/1.1', 'Host: other', 'X-Forwarded-For: 2.2.2.2']);
    stream.respond('HTTP/1.1 204 No Content\r\n\r\n');
    stream.handler.onResponseEnd(null);
    assert.deepEqual(seen, [['host: h', 'x-forwarded-for: 1.1.1.1']]);
    second.exchange.onRequestAborted(16);
    first.exchange.onResponseSent();
    world.assertClean();
  });

  it('puts an answer in place of the response, and gives the upstream stream up', () => {
    const world = proxyWith({
      onUpstreamResponse: (response) =>
        response.status === 200 ? { status: 503, body: 'busy' } : undefined,
    });
    const request = world.request(GET);
    world.upstream.stream.respond(OK);
    assert.deepEqual(request.server.takeCalls(), ['head 503', 'body busy (last)', 'end']);
    assert(world.upstream.stream.isAborted);
    finish(world, request);
  });
});

describe('Exchange, middleware at the end', () => {
  it('is told what became of the exchange, whatever that was', () => {
    const summaries: MiddlewareSummary[] = [];
    const world = proxyWith({
      onRequest(request): void {
        request.state['seen'] = request.path;
      },
      onComplete: (summary) => void summaries.push(summary),
    });
    const request = world.request(GET);
    world.upstream.stream.respond(OK);
    deliver(world);
    finish(world, request);
    const other = world.request(GET);
    other.exchange.onUpstreamError(19);
    finish(world, other);
    const left = world.request(GET);
    left.exchange.onRequestAborted(16);
    world.assertClean();
    assert.deepEqual(
      summaries.map(({ status, error, upstream, state }) => [
        status,
        error,
        upstream,
        state['seen'],
      ]),
      [
        [200, '', 'origin', '/a'],
        [502, 'connection_refused', 'origin', '/a'],
        [0, 'client_closed', 'origin', '/a'],
      ],
    );
  });

  it('leaves a tunnel alone, and is told of its end', () => {
    let count = 0;
    const world = proxyWith({
      onRequest: (request) => request.headers.set('X-Set', '1'),
      onUpstreamResponse: () => assert.fail('not for 101'),
      onComplete: () => void count++,
    });
    const request = world.request([...GET, 'Connection: upgrade', 'Upgrade: websocket']);
    world.upstream.stream.respond(
      'HTTP/1.1 101 Switching\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n',
    );
    assert.equal(request.exchange.state, ExchangeState.TUNNEL);
    request.exchange.onRequestAborted(16);
    assert.equal(count, 1);
    world.assertClean();
  });
});

describe('ProxyState', () => {
  it('closes its middleware once the last exchange that began with it is over', () => {
    let closed = 0;
    const world = proxyWith({ onRequest: () => {}, close: () => void closed++ });
    const request = world.request(GET);
    let retired = 0;
    world.serve([{ paths: [] }], {}, () => retired++);
    assert.deepEqual([closed, retired], [0, 0]);
    world.upstream.stream.respond('HTTP/1.1 204 No Content\r\n\r\n');
    world.upstream.stream.handler.onResponseEnd(null);
    request.exchange.onResponseSent();
    assert.deepEqual([closed, retired], [1, 1]);
    world.assertClean();
  });
});

function proxyWith(hooks: MiddlewareHooks, options: ScriptedProxyOptions = {}): ScriptedProxy {
  return new ScriptedProxy({ ...options, route: { paths: [], middleware: [hooksUse(hooks)] } });
}

/** Lets promises settle, and the turn come that follows. */
async function settle(world: ScriptedProxy): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
  world.turn();
}

/** The body of OK. */
function deliver(world: ScriptedProxy): void {
  const { stream } = world.upstream;
  stream.deliver('data', true);
  stream.handler.onResponseEnd(null);
}

function finish(world: ScriptedProxy, request: ScriptedRequest): void {
  request.exchange.onResponseSent();
  world.assertClean();
}

// Mirrors: the copy gets head and body, its answer goes nowhere, and whatever happens to it the
// original neither waits nor changes.

import { strict as assert } from 'node:assert';
import { describe, it } from 'node:test';
import { forwardTo } from '../../tests/support/route_options.ts';
import { ScriptedProxy, type ScriptedRequest } from '../../tests/support/scripted_proxy.ts';
import { Cell } from '../base/metrics_cells.ts';
import { ExchangeError } from '../http/exchange_error.ts';

const GET = ['GET /a HTTP/1.1', 'Host: h'];
const POST = ['POST /a HTTP/1.1', 'Host: h', 'Transfer-Encoding: chunked'];

describe('Mirror', () => {
  it('is sent the head and the body, and its answer is read and dropped', () => {
    const world = mirrored();
    const request = world.request(POST);
    const copy = world.upstreams[1]!.stream;
    assert.match(copy.headText, /^POST \/a HTTP\/1\.1\r\n/);
    world.sendBody(request, 'one');
    world.upstream.stream.handler.onRequestWritable();
    copy.handler.onRequestWritable();
    world.sendBody(request, 'two', true);
    request.exchange.onRequestEnd(null);
    copy.handler.onRequestWritable();
    assert.deepEqual(copy.takeCalls(), ['head', 'body one', 'body two', 'end']);
    copy.respond('HTTP/1.1 500 Oops\r\nContent-Length: 4\r\n\r\n');
    assert.deepEqual(request.server.calls, ['read', 'read'], 'the client sees nothing of it');
    copy.deliver('oops', true);
    copy.handler.onResponseEnd(null);
    answer(world, request);
    assert.equal(world.cells[Cell.MIRRORS], 1);
    assert.equal(world.cells[Cell.MIRRORS_DROPPED], 0);
    world.assertClean();
  });

  it('finishes after the exchange that began it', () => {
    const world = mirrored();
    const request = world.request(GET);
    answer(world, request);
    const copy = world.upstreams[1]!.stream;
    assert(!copy.isAborted);
    copy.respond('HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n');
    copy.deliver('late', true);
    copy.handler.onResponseEnd(null);
    world.assertClean();
  });

  it('is given up when it does not take the body as fast as the original', () => {
    const world = mirrored();
    const request = world.request(POST);
    const copy = world.upstreams[1]!.stream;
    for (let i = 0; i < 10; i++) {
      world.sendBody(request, 'chunk');
      world.upstream.stream.handler.onRequestWritable();
    }
    assert(copy.isAborted);
    assert.equal(world.cells[Cell.MIRRORS_DROPPED], 1);
    request.exchange.onRequestAborted(ExchangeError.CLIENT_CLOSED);
    world.assertClean();
  });

  it('is left out where its upstream has no stream at once', () => {
    for (const mode of ['wait', ExchangeError.NO_ENDPOINT] as const) {
      const world = mirrored();
      world.upstreams[1]!.mode = mode;
      const request = world.request(GET);
      assert.equal(world.upstream.streams.length, 1);
      assert.equal(world.cells[Cell.MIRRORS_DROPPED], 1);
      answer(world, request);
      world.assertClean();
    }
  });

  it('ends with a request that is not sent whole', () => {
    const world = mirrored();
    const request = world.request(POST);
    world.sendBody(request, 'one');
    request.exchange.onRequestAborted(ExchangeError.CLIENT_CLOSED);
    assert(world.upstreams[1]!.stream.isAborted);
    world.assertClean();
  });

  it('has no effect on the original when its endpoint fails', () => {
    const world = mirrored();
    const request = world.request(POST);
    world.upstreams[1]!.stream.handler.onUpstreamError(ExchangeError.UPSTREAM_RESET);
    world.sendBody(request, 'one', true);
    request.exchange.onRequestEnd(null);
    assert.deepEqual(world.upstream.stream.takeCalls(), ['head', 'body one (last)', 'end']);
    answer(world, request);
    world.assertClean();
  });

  it('is one of as many requests as its percentage says, and never a tunnel or a retry', () => {
    const world = mirrored(25);
    for (let i = 0; i < 400; i++) {
      const request = world.request(GET);
      request.exchange.onRequestAborted(ExchangeError.CLIENT_CLOSED);
      request.server.releaseHead();
      const { streams } = world.upstreams[1]!;
      const copy = streams.splice(0)[0];
      copy?.handler.onUpstreamError(ExchangeError.UPSTREAM_RESET);
    }
    const count = world.cells[Cell.MIRRORS]!;
    assert(count > 50 && count < 160, `${count} of 400`);
    const all = mirrored();
    all
      .request([...GET, 'Connection: upgrade', 'Upgrade: websocket'])
      .exchange.onRequestAborted(16);
    all.upstream.prepare = (stream): void => {
      stream.isReused = true;
    };
    const request = all.request(GET);
    all.upstream.stream.handler.onUpstreamError(ExchangeError.UPSTREAM_RESET);
    assert.equal(all.upstreams[1]!.streams.length, 1);
    all.upstreams[1]!.stream.handler.onUpstreamError(ExchangeError.UPSTREAM_RESET);
    answer(all, request);
    all.assertClean();
  });
});

function mirrored(percent = 100): ScriptedProxy {
  const mirrors = [{ upstreamIndex: 1, percent }];
  return new ScriptedProxy({
    route: { paths: [], action: forwardTo(0, { mirrors }) },
    moreUpstreams: ['mirror'],
  });
}

function answer(world: ScriptedProxy, request: ScriptedRequest): void {
  const { stream } = world.upstream;
  stream.respond('HTTP/1.1 204 No Content\r\n\r\n');
  stream.handler.onResponseEnd(null);
  request.exchange.onResponseSent();
}

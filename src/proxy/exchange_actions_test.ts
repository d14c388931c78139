// What routes do with a request beside forwarding it as it is: rewrites, redirects, fixed
// responses, splits, pages for errors; and which requests are refused before that.

import { strict as assert } from 'node:assert';
import { describe, it } from 'node:test';
import { forwardTo } from '../../tests/support/route_options.ts';
import { ScriptedProxy, type ScriptedRequest } from '../../tests/support/scripted_proxy.ts';
import { PathDoubt } from '../http/target.ts';
import type { ErrorPage, RewriteOptions } from './options.ts';

const HOST = 'Host: h';

describe('Exchange, rewrite', () => {
  it('strips a prefix where a slash or the end follows it', () => {
    const cases = {
      '/api/x?q=1': '/x?q=1',
      '/api/': '/',
      '/api': '/',
      '/api?q=/y': '/?q=/y',
      '/apix': '/apix',
      '/other/api': '/other/api',
      '/api//x': '//x',
    };
    assertRewrites({ kind: 'strip-prefix', prefix: '/api/' }, cases);
  });

  it('adds a prefix', () => {
    const cases = { '/x?q=1': '/base/x?q=1', '/': '/base/' };
    assertRewrites({ kind: 'add-prefix', prefix: '/base' }, cases);
  });

  it('writes parameters into a template, and keeps the query', () => {
    const rewrite: RewriteOptions = {
      kind: 'template',
      template: '/v2/{params.id}/of/{params.rest}',
    };
    const cases = { '/a%20b/c/d?q=1': '/v2/a%20b/of/c/d?q=1', '/7/': '/v2/7/of/' };
    assertRewrites(rewrite, cases, '/:id/*rest');
  });

  it('replaces the query where the template has one', () => {
    const rewrite: RewriteOptions = { kind: 'template', template: '/find?id={params.id}' };
    assertRewrites(rewrite, { '/7?x=1': '/find?id=7' }, '/:id');
  });

  it('refuses a parameter that would change the path around it', () => {
    const rewrite: RewriteOptions = { kind: 'template', template: '/safe/{params.id}/x' };
    const world = new ScriptedProxy({
      route: { paths: ['/v:id'], action: forwardTo(0, { rewrite }) },
    });
    const request = world.request(['GET /v.. HTTP/1.1', HOST]);
    assert.deepEqual(request.server.takeCalls()[0], 'head 400');
    assert.equal(world.upstream.streams.length, 0);
    finish(world, request);
  });

  it('logs the target that the client asked for, and sends the same again at a retry', () => {
    const rewrite: RewriteOptions = { kind: 'strip-prefix', prefix: '/api' };
    const world = new ScriptedProxy({
      route: { paths: ['/api/*'], action: forwardTo(0, { rewrite }) },
      proxy: { accessLog: { format: { kind: 'template', template: '{target} {route}' } } },
    });
    world.upstream.prepare = (stream): void => {
      stream.isReused = true;
    };
    const request = world.request(['GET /api/x HTTP/1.1', HOST]);
    const first = world.upstream.stream;
    first.handler.onUpstreamError(24);
    assert.equal(world.upstream.streams.length, 2);
    for (const stream of world.upstream.streams) assert.match(stream.headText, /^GET \/x HTTP/);
    world.upstream.stream.respond('HTTP/1.1 204 No Content\r\n\r\n');
    world.upstream.stream.handler.onResponseEnd(null);
    finish(world, request);
    assert.deepEqual(world.lines, ['/api/x */api/*']);
  });
});

describe('Exchange, redirect', () => {
  it('sends the rendered location without a body', () => {
    const world = new ScriptedProxy({
      route: {
        paths: ['/old/:id'],
        action: {
          kind: 'redirect',
          status: 308,
          location: 'https://{host}/new/{params.id}?{query}',
        },
      },
    });
    const request = world.request(['POST /old/7?a=b HTTP/1.1', HOST, 'Content-Length: 3']);
    assert.deepEqual(request.server.takeCalls(), ['head 308', 'end']);
    assert.match(request.server.headText, /\r\nLocation: https:\/\/h\/new\/7\?a=b\r\n/);
    assert.match(request.server.headText, /\r\nContent-Length: 0\r\n/);
    finish(world, request);
  });

  it('never leads to another host by what the client wrote', () => {
    const world = new ScriptedProxy({
      route: { paths: [], action: { kind: 'redirect', status: 302, location: '{path}' } },
    });
    const request = world.request(['GET //evil.example/x HTTP/1.1', HOST]);
    assert.match(request.server.headText, /\r\nLocation: \/evil\.example\/x\r\n/);
    finish(world, request);
  });
});

describe('Exchange, respond', () => {
  it('sends status, fields and body', () => {
    const bytes = Buffer.from('hello');
    const world = respondWith(bytes, [
      ['X-One', '1'],
      ['Cache-Control', 'no-store'],
    ]);
    const request = world.request(['GET / HTTP/1.1', HOST]);
    assert.deepEqual(request.server.takeCalls(), ['head 200', 'body hello (last)', 'end']);
    assert.match(request.server.headText, /\r\nX-One: 1\r\nCache-Control: no-store\r\n/);
    assert.match(request.server.headText, /\r\nContent-Type: text\/x\r\n/);
    finish(world, request);
  });

  it('answers HEAD with the length and no body', () => {
    const world = respondWith(Buffer.alloc(100_000, 'x'));
    const request = world.request(['HEAD / HTTP/1.1', HOST]);
    assert.deepEqual(request.server.takeCalls(), ['head 200']);
    assert.match(request.server.headText, /\r\nContent-Length: 100000\r\n/);
    finish(world, request);
  });

  it('sends a large body piece by piece, as the client takes it', () => {
    const bytes = Buffer.from(Array.from({ length: 300_000 }, (_, i) => 97 + (i % 26)));
    const world = respondWith(bytes);
    const request = world.request(['GET / HTTP/1.1', HOST]);
    let text = '';
    for (let i = 0; i < 100; i++) {
      const calls = request.server.takeCalls();
      for (const call of calls) if (call.startsWith('body ')) text += call.slice(5);
      if (calls.includes('end')) break;
      assert(calls.length <= 2, 'one piece at a time');
      request.exchange.onResponseWritable();
    }
    assert.equal(text, `${bytes.toString()} (last)`);
    finish(world, request);
  });

  it('gives everything back when the client leaves in the middle of it', () => {
    const world = respondWith(Buffer.alloc(300_000));
    const request = world.request(['GET / HTTP/1.1', HOST]);
    request.exchange.onRequestAborted(16);
    world.assertClean();
  });

  it('waits for memory instead of cutting a body', () => {
    const world = respondWith(Buffer.alloc(200_000, 'y'));
    const { pool } = world.memory;
    const taken: number[] = [];
    for (const sizeClass of [0, 1, 2] as const) {
      for (let i = 0; i < 64; i++) {
        const buffer = pool.acquire(sizeClass);
        if (buffer !== 0 && !(sizeClass === 2 && i > 12)) taken.push(buffer);
        else if (buffer !== 0) pool.release(buffer);
      }
    }
    const request = world.request(['GET / HTTP/1.1', HOST]);
    let bytes = 0;
    for (let i = 0; i < 50 && !request.server.calls.includes('end'); i++) {
      for (const buffer of taken.splice(0)) pool.release(buffer);
      world.advance(20);
      request.exchange.onResponseWritable();
    }
    for (const call of request.server.calls) {
      if (call.startsWith('body ')) bytes += call.replace(' (last)', '').length - 5;
    }
    assert.equal(bytes, 200_000);
    finish(world, request);
  });

  it('has no content and no length in a 204', () => {
    const world = new ScriptedProxy({
      route: { paths: [], action: { kind: 'respond', status: 204, body: null, fields: [] } },
    });
    const request = world.request(['GET / HTTP/1.1', HOST]);
    assert.deepEqual(request.server.takeCalls(), ['head 204']);
    assert.doesNotMatch(request.server.headText, /Content-Length/);
    finish(world, request);
  });
});

describe('Exchange, split', () => {
  it('sends each key to one upstream, and uses all of them', () => {
    const upstreams = [
      { upstreamIndex: 0, weight: 50 },
      { upstreamIndex: 1, weight: 50 },
    ];
    const splitKey = { kind: 'header', name: 'x-user' } as const;
    const world = new ScriptedProxy({
      route: { paths: [], action: forwardTo(0, { upstreams, splitKey }) },
      moreUpstreams: ['second'],
    });
    for (let i = 0; i < 20; i++) {
      for (let round = 0; round < 2; round++) {
        const request = world.request(['GET / HTTP/1.1', HOST, `X-User: u${i}`]);
        request.exchange.onRequestAborted(16);
        request.server.releaseHead();
      }
    }
    const [first, second] = world.upstreams.map((upstream) => upstream.streams.length);
    assert.equal(first! + second!, 40);
    assert(first! > 0 && second! > 0 && first! % 2 === 0, 'both rounds of a user went together');
    world.assertClean();
  });
});

describe('Exchange, error pages', () => {
  const page: ErrorPage = {
    statusMin: 404,
    statusMax: 404,
    body: { bytes: Buffer.from('<p>gone</p>'), contentType: 'text/html' },
    isForUpstream: false,
  };

  it('have the body of our own errors, with the status and Proxy-Status that they have', () => {
    const world = new ScriptedProxy({ route: { paths: ['/b'] }, proxy: { errorPages: [page] } });
    const request = world.request(['GET / HTTP/1.1', HOST]);
    assert.deepEqual(request.server.takeCalls(), ['head 404', 'body <p>gone</p> (last)', 'end']);
    assert.match(request.server.headText, /\r\nContent-Type: text\/html\r\n/);
    assert.match(request.server.headText, /\r\nProxy-Status: /);
    finish(world, request);
  });

  it('leave the answers of an upstream alone, unless they are for those', () => {
    const answer = 'HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\n';
    const own = new ScriptedProxy({ route: { paths: [], errorPages: [page] } });
    const request = own.request(['GET / HTTP/1.1', HOST]);
    own.upstream.stream.respond(answer);
    assert.deepEqual(request.server.takeCalls(), ['head 404']);
    request.exchange.onRequestAborted(16);
    own.assertClean();
    const both = new ScriptedProxy({
      route: { paths: [], errorPages: [{ ...page, isForUpstream: true }] },
    });
    const other = both.request(['GET / HTTP/1.1', HOST]);
    both.upstream.stream.respond(answer);
    assert.deepEqual(other.server.takeCalls(), ['head 404', 'body <p>gone</p> (last)', 'end']);
    assert(both.upstream.stream.isAborted);
    finish(both, other);
  });
});

describe('Exchange, refusals', () => {
  it('answers 405 with the methods of the routes that match all else', () => {
    const world = new ScriptedProxy({
      routes: [
        { paths: ['/a'], methods: ['GET', 'HEAD'] },
        { paths: ['/a'], methods: ['POST'] },
      ],
    });
    const request = world.request(['DELETE /a HTTP/1.1', HOST]);
    assert.equal(request.server.takeCalls()[0], 'head 405');
    assert.match(request.server.headText, /\r\nAllow: GET, HEAD, POST\r\n/);
    finish(world, request);
    const other = world.request(['DELETE /b HTTP/1.1', HOST]);
    assert.equal(other.server.takeCalls()[0], 'head 404');
    finish(world, other);
  });

  const doubtful = ['/a/%2E%2E/b', '/a%2fb', '/a%5Cb', '/a%00b', '/a\\b', '/..;x/b'];
  it('refuses paths that servers read differently', () => {
    const world = new ScriptedProxy({ route: { paths: [] } });
    for (const path of doubtful) {
      const request = world.request([`GET ${path} HTTP/1.1`, HOST]);
      assert.equal(request.server.takeCalls()[0], 'head 400', path);
      finish(world, request);
    }
    assert.equal(world.upstream.streams.length, 0);
  });

  it('lets pass what the route allows', () => {
    const pathDoubtsAllowed = PathDoubt.ENCODED_SLASH;
    const world = new ScriptedProxy({ route: { paths: [], pathDoubtsAllowed } });
    const request = world.request(['GET /a%2fb HTTP/1.1', HOST]);
    assert.match(world.upstream.stream.headText, /^GET \/a%2Fb HTTP/);
    request.exchange.onRequestAborted(16);
    const refused = world.request(['GET /a%2fb%5c HTTP/1.1', HOST]);
    assert.equal(refused.server.takeCalls()[0], 'head 400');
    finish(world, refused);
  });

  it('merges slashes before it routes, where that is wanted', () => {
    const world = new ScriptedProxy({
      route: { paths: ['/a/b'] },
      proxy: { mergeSlashes: true },
    });
    const request = world.request(['GET //a///b?c=//d HTTP/1.1', HOST]);
    assert.match(world.upstream.stream.headText, /^GET \/a\/b\?c=\/\/d HTTP/);
    request.exchange.onRequestAborted(16);
    world.assertClean();
  });
});

function assertRewrites(
  rewrite: RewriteOptions,
  cases: Readonly<Record<string, string>>,
  path = '/*',
): void {
  for (const [given, wanted] of Object.entries(cases)) {
    const world = new ScriptedProxy({
      route: { paths: [path], action: forwardTo(0, { rewrite }) },
    });
    const request = world.request([`GET ${given} HTTP/1.1`, HOST]);
    assert.equal(world.upstream.stream.headText.split(' ')[1], wanted, given);
    request.exchange.onRequestAborted(16);
    world.assertClean();
  }
}

function respondWith(
  bytes: Uint8Array,
  fields: readonly (readonly [string, string])[] = [],
): ScriptedProxy {
  const body = { bytes, contentType: 'text/x' };
  return new ScriptedProxy({
    route: { paths: [], action: { kind: 'respond', status: 200, body, fields } },
  });
}

function finish(world: ScriptedProxy, request: ScriptedRequest): void {
  request.exchange.onResponseSent();
  world.assertClean();
}

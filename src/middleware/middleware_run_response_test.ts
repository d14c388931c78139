import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { FACTS, MiddlewareBench, notingHooks } from '../../tests/support/middleware_bench.ts';
import { Framing } from '../http/message_head.ts';
import { HookOutcome } from './hook_outcome.ts';
import type { MiddlewareHooks, MiddlewareRequest, MiddlewareResponse } from './middleware.ts';

const { DONE, ANSWER, SUSPENDED, OVERLOADED } = HookOutcome;

describe('MiddlewareRun on responses', () => {
  test('shows and changes status and fields', () => {
    const bench = new MiddlewareBench();
    bench.request();
    const head = bench.response(
      'HTTP/1.1 404 Gone Fishing',
      'Server: x',
      'Content-Length: 5',
      'Set-Cookie: a=1',
    );
    const run = bench.begin({
      onUpstreamResponse(response, request) {
        assert.equal(response.status, 404);
        assert.equal(request.path, '/a');
        response.status = 200;
        response.headers.delete('server');
        response.headers.append('set-cookie', 'b=2');
        assert.deepEqual(response.headers.getAll('set-cookie'), ['a=1', 'b=2']);
        const code = { code: 'ZP_MESSAGE_SENT' };
        assert.throws(() => request.headers.set('x-a', '1'), code);
        assert.throws(() => response.headers.set('content-length', '1'), {
          code: 'ZP_FIELD_INVALID',
        });
      },
    });
    run.runRequest();
    assert.equal(run.runResponse(head), DONE);
    assert.deepEqual(bench.responseLines(run.responseHead), [
      'HTTP/1.1 200 OK',
      'Content-Length: 5',
      'Set-Cookie: a=1',
      'set-cookie: b=2',
    ]);
    run.endResponse();
    assert.equal(bench.pool.ownedCount, 0);
    run.finish(FACTS);
    bench.assertClean();
  });

  for (const [from, to] of [
    [200, 204],
    [200, 304],
    [200, 101],
    [200, 199],
    [200, 600],
    [200, 200.5],
    [304, 200],
    [204, 500],
  ] as const) {
    test(`refuses to change the status ${from} to ${to}`, () => {
      const bench = new MiddlewareBench();
      bench.request();
      const head = bench.response(`HTTP/1.1 ${from} X`);
      const run = bench.begin({
        onUpstreamResponse(response) {
          assert.throws(
            () => {
              response.status = to;
            },
            { code: 'ZP_STATUS_INVALID' },
          );
        },
      });
      run.runRequest();
      assert.equal(run.runResponse(head), DONE);
      assert.equal(head.status, from);
      run.finish(FACTS);
    });
  }

  test('waits on a copy of the head, with the changes that were made before', async () => {
    const bench = new MiddlewareBench();
    bench.request();
    const head = bench.response('HTTP/1.1 200 Fine', 'Content-Length: 5', 'X-A: 1', 'Server: s');
    let kept: MiddlewareResponse | null = null;
    const slow: MiddlewareHooks = {
      async onUpstreamResponse(response) {
        kept = response;
        response.headers.set('x-before', '1');
        await Promise.resolve();
        assert.equal(response.headers.get('x-a'), '1');
        response.headers.set('x-after', '2');
      },
    };
    const first: MiddlewareHooks = {
      onUpstreamResponse({ headers }) {
        headers.delete('server');
      },
    };
    const run = bench.begin(slow, slow, first);
    run.runRequest();
    assert.equal(run.runResponse(head), SUSPENDED);
    bench.overwriteResponse();
    await bench.settle();
    assert.deepEqual(bench.outcomes, [DONE]);
    assert.notEqual(run.responseHead, head);
    assert.equal(run.responseHead.framing, Framing.LENGTH);
    assert.deepEqual(bench.responseLines(run.responseHead), [
      'HTTP/1.1 200 Fine',
      'Content-Length: 5',
      'X-A: 1',
      'x-before: 1',
      'x-after: 2',
    ]);
    const response: MiddlewareResponse = kept!;
    assert.throws(() => response.headers.set('x-late', '3'), { code: 'ZP_EXCHANGE_OVER' });
    assert.throws(() => response.status, { code: 'ZP_EXCHANGE_OVER' });
    run.endResponse();
    assert.equal(bench.pool.ownedCount, 0);
    run.finish(FACTS);
    bench.assertClean();
  });

  test('is overloaded where there is no buffer for the copy', async () => {
    const bench = new MiddlewareBench({ small: 0, medium: 0, large: 0 });
    bench.request();
    const run = bench.begin({ onUpstreamResponse: () => Promise.reject(new Error('late')) });
    run.runRequest();
    assert.equal(run.runResponse(bench.response()), OVERLOADED);
    await bench.settle();
    assert.deepEqual(bench.outcomes, []);
    run.finish(FACTS);
    bench.assertClean();
  });

  test('is given up with its copy when the client leaves', async () => {
    const bench = new MiddlewareBench();
    bench.request();
    const run = bench.begin({ onUpstreamResponse: async () => ({ status: 500 }) });
    run.runRequest();
    assert.equal(run.runResponse(bench.response()), SUSPENDED);
    run.finish(FACTS);
    bench.assertClean();
    await bench.settle();
    assert.deepEqual(bench.outcomes, []);
  });

  test('puts an answer in place of the response; the middleware before it does not see it', () => {
    const bench = new MiddlewareBench();
    const notes: string[] = [];
    bench.request();
    const run = bench.begin(notingHooks('a', notes), {
      onUpstreamResponse: () => ({ status: 502, body: 'no' }),
    });
    run.runRequest();
    assert.equal(run.runResponse(bench.response()), ANSWER);
    assert.equal(run.answer!.status, 502);
    run.finish({ ...FACTS, status: 502 });
    assert.deepEqual(notes, ['a request', 'a complete 502']);
    bench.assertClean();
  });

  test('closes all views for a tunnel, and completes at its end', () => {
    const bench = new MiddlewareBench();
    const notes: string[] = [];
    bench.request();
    let kept: MiddlewareRequest | null = null;
    const run = bench.begin(notingHooks('a', notes), {
      onRequest(request) {
        kept = request;
        request.headers.set('x-a', '1');
      },
    });
    run.runRequest();
    assert.equal(bench.pool.ownedCount, 1);
    run.closeViews();
    assert.equal(bench.pool.ownedCount, 0);
    assert.throws(() => kept!.path, { code: 'ZP_EXCHANGE_OVER' });
    run.finish({ ...FACTS, status: 101 });
    assert.deepEqual(notes, ['a request', 'a complete 101']);
    bench.assertClean();
  });
});

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { FACTS, MiddlewareBench, notingHooks } from '../../tests/support/middleware_bench.ts';
import { MIDDLEWARE_TIMEOUT_MS } from '../base/limits.ts';
import { HookOutcome } from './hook_outcome.ts';
import type { MiddlewareAnswer, MiddlewareHooks, MiddlewareRequest } from './middleware.ts';

const { DONE, ANSWER, SUSPENDED, FAILED } = HookOutcome;

describe('MiddlewareRun with hooks that return promises', () => {
  test('goes on from a turn of the loop, never from the call or a microtask', async () => {
    const bench = new MiddlewareBench();
    const notes: string[] = [];
    bench.request();
    const slow: MiddlewareHooks = {
      async onRequest({ headers }) {
        await Promise.resolve();
        headers.set('x-slow', '1');
      },
    };
    const run = bench.begin(notingHooks('a', notes), slow, slow, notingHooks('b', notes));
    assert.equal(run.runRequest(), SUSPENDED);
    assert.deepEqual(notes, ['a request']);
    await bench.settlePromises();
    assert.deepEqual(bench.outcomes, []);
    await bench.settle();
    assert.deepEqual(bench.outcomes, [DONE]);
    assert.deepEqual(notes, ['a request', 'b request']);
    assert.ok(bench.requestLines().includes('x-slow: 1'));
    run.finish(FACTS);
    bench.assertClean();
  });

  test('takes a thenable, and one that settles at once', async () => {
    const bench = new MiddlewareBench();
    bench.request();
    const thenable = {
      // biome-ignore lint/suspicious/noThenProperty: what is tested
      then(resolve: (value: MiddlewareAnswer) => void): void {
        resolve({ status: 418 });
      },
    } as unknown as Promise<MiddlewareAnswer>;
    const run = bench.begin({ onRequest: () => thenable });
    assert.equal(run.runRequest(), SUSPENDED);
    assert.deepEqual(bench.outcomes, []);
    await bench.settle();
    assert.deepEqual(bench.outcomes, [ANSWER]);
    assert.equal(run.answer!.status, 418);
    run.finish(FACTS);
    bench.assertClean();
  });

  test('fails where the promise is rejected', async () => {
    const bench = new MiddlewareBench();
    bench.request();
    const run = bench.begin({ onRequest: () => Promise.reject(new Error('no token')) });
    assert.equal(run.runRequest(), SUSPENDED);
    await bench.settle();
    assert.deepEqual(bench.outcomes, [FAILED]);
    assert.match(bench.log.lines[0]!, /failed in onRequest: Error: no token/);
    run.finish(FACTS);
    bench.assertClean();
  });

  test('fails where the promise never settles, and drops what comes too late', async () => {
    const bench = new MiddlewareBench();
    bench.request();
    const { promise, resolve } = Promise.withResolvers<MiddlewareAnswer>();
    const run = bench.begin({ onRequest: () => promise });
    assert.equal(run.runRequest(), SUSPENDED);
    bench.pass(MIDDLEWARE_TIMEOUT_MS - 100);
    assert.deepEqual(bench.outcomes, []);
    bench.pass(200);
    assert.deepEqual(bench.outcomes, [FAILED]);
    assert.match(bench.log.lines[0]!, /did not settle within 30000 ms/);
    resolve({ status: 200 });
    await bench.settle();
    assert.deepEqual(bench.outcomes, [FAILED]);
    assert.equal(run.answer, null);
    run.finish(FACTS);
    bench.assertClean();
  });

  test('gives each hook its own time', async () => {
    const bench = new MiddlewareBench();
    bench.request();
    const resolvers: (() => void)[] = [];
    const waiting: MiddlewareHooks = {
      onRequest: () => new Promise<void>((resolve) => resolvers.push(resolve)),
    };
    const run = bench.begin(waiting, waiting);
    run.runRequest();
    bench.pass(MIDDLEWARE_TIMEOUT_MS - 100);
    resolvers[0]!();
    await bench.settle();
    bench.pass(MIDDLEWARE_TIMEOUT_MS - 100);
    resolvers[1]!();
    await bench.settle();
    assert.deepEqual(bench.outcomes, [DONE]);
    run.finish(FACTS);
    bench.assertClean();
  });

  for (const way of ['cancel', 'finish'] as const) {
    for (const moment of ['waiting', 'settled'] as const) {
      test(`says nothing after ${way}() while ${moment}, rejected or not`, async () => {
        const bench = new MiddlewareBench();
        bench.request();
        for (const ending of ['resolve', 'reject'] as const) {
          const settlers = Promise.withResolvers<void>();
          const run = bench.begin({ onRequest: () => settlers.promise });
          assert.equal(run.runRequest(), SUSPENDED);
          if (moment === 'settled') settlers[ending](undefined as never);
          if (moment === 'settled') await bench.settlePromises();
          if (way === 'cancel') run.cancel();
          run.finish(FACTS);
          if (moment === 'waiting') settlers[ending](undefined as never);
          await bench.settle();
        }
        assert.deepEqual(bench.outcomes, []);
        assert.deepEqual(bench.log.lines, []);
        bench.assertClean();
      });
    }
  }

  test('never lets a late promise reach the exchange that the run serves next', async () => {
    const bench = new MiddlewareBench();
    bench.request();
    const first = Promise.withResolvers<MiddlewareAnswer>();
    const second = Promise.withResolvers<MiddlewareAnswer>();
    const promises = [first.promise, second.promise];
    const pipeline = bench.pipeline({ onRequest: () => promises.shift()! });
    const run = bench.runs.begin(pipeline, bench);
    run.runRequest();
    first.resolve({ status: 403 });
    await bench.settlePromises(); // settled, and its turn is still to come
    run.finish(FACTS);
    assert.equal(bench.runs.begin(pipeline, bench), run);
    assert.equal(run.runRequest(), SUSPENDED);
    await bench.settle();
    assert.deepEqual(bench.outcomes, []);
    second.resolve({ status: 204 });
    await bench.settle();
    assert.deepEqual(bench.outcomes, [ANSWER]);
    assert.equal(run.answer!.status, 204);
    run.finish(FACTS);
    bench.assertClean();
  });

  test('tells a promise of the exchange before from the one that is awaited', async () => {
    const bench = new MiddlewareBench();
    bench.request();
    for (const ending of ['resolve', 'reject'] as const) {
      const first = Promise.withResolvers<MiddlewareAnswer>();
      const second = Promise.withResolvers<MiddlewareAnswer>();
      const promises = [first.promise, second.promise];
      const pipeline = bench.pipeline({ onRequest: () => promises.shift()! });
      const run = bench.runs.begin(pipeline, bench);
      run.runRequest();
      run.finish(FACTS);
      assert.equal(bench.runs.begin(pipeline, bench), run);
      assert.equal(run.runRequest(), SUSPENDED);
      first[ending]({ status: 403 });
      await bench.settle();
      assert.deepEqual(bench.outcomes, []);
      second.resolve({ status: 204 });
      await bench.settle();
      assert.deepEqual(bench.outcomes.splice(0), [ANSWER]);
      assert.equal(run.answer!.status, 204);
      run.finish(FACTS);
    }
    bench.assertClean();
  });

  test('may be finished from inside the resumption', async () => {
    const bench = new MiddlewareBench();
    bench.request();
    const run = bench.begin({ onRequest: async () => undefined });
    run.runRequest();
    bench.onOutcome = () => run.finish(FACTS);
    await bench.settle();
    bench.assertClean();
  });

  test('refuses changes by a hook that timed out', async () => {
    const bench = new MiddlewareBench();
    bench.request();
    let kept: MiddlewareRequest | null = null;
    const run = bench.begin({
      onRequest(request) {
        kept = request;
        return new Promise(() => undefined);
      },
    });
    run.runRequest();
    (kept as unknown as MiddlewareRequest).headers.set('x-a', '1');
    bench.pass(MIDDLEWARE_TIMEOUT_MS + 100);
    const change = (): void => kept!.headers.set('x-a', '2');
    assert.throws(change, { code: 'ZP_MESSAGE_SENT' });
    run.finish(FACTS);
    assert.throws(change, { code: 'ZP_EXCHANGE_OVER' });
    bench.assertClean();
  });
});

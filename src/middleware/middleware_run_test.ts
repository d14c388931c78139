import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { FACTS, MiddlewareBench, notingHooks } from '../../tests/support/middleware_bench.ts';
import { assert as check } from '../base/assert.ts';
import { MIDDLEWARE_LOG_INTERVAL_MS } from '../base/limits.ts';
import { HookOutcome } from './hook_outcome.ts';
import type { MiddlewareAnswer, MiddlewareHooks } from './middleware.ts';

const { DONE, ANSWER, SUSPENDED, FAILED, OVERLOADED } = HookOutcome;

describe('MiddlewareRun', () => {
  test('runs requests in order, responses in reverse, and completes in order', () => {
    const bench = new MiddlewareBench();
    const notes: string[] = [];
    bench.request();
    const run = bench.begin(notingHooks('a', notes), {}, notingHooks('b', notes));
    assert.equal(run.runRequest(), DONE);
    const head = bench.response();
    assert.equal(run.runResponse(head), DONE);
    assert.equal(run.responseHead, head);
    run.endResponse();
    run.finish(FACTS);
    assert.deepEqual(notes, [
      'a request',
      'b request',
      'b response',
      'a response',
      'a complete 200',
      'b complete 200',
    ]);
    bench.assertClean();
  });

  test('does nothing for phases that nobody has', () => {
    const bench = new MiddlewareBench();
    bench.request();
    const run = bench.begin({});
    assert.equal(run.runRequest(), DONE);
    const head = bench.response();
    assert.equal(run.runResponse(head), DONE);
    assert.equal(run.responseHead, head);
    run.finish(FACTS);
    bench.assertClean();
  });

  test('calls hooks as methods', () => {
    class Counting implements MiddlewareHooks {
      #count = 0;
      onRequest(): void {
        this.#count++;
      }
      onUpstreamResponse(): MiddlewareAnswer {
        return { status: 200, body: String(++this.#count) };
      }
    }
    const bench = new MiddlewareBench();
    bench.request();
    const run = bench.begin(new Counting());
    run.runRequest();
    assert.equal(run.runResponse(bench.response()), ANSWER);
    assert.deepEqual(run.answer!.body!.bytes, new TextEncoder().encode('2'));
    run.finish(FACTS);
  });

  test('gives all hooks of an exchange one state, and the next exchange another', () => {
    const bench = new MiddlewareBench();
    const seen: unknown[] = [];
    bench.request();
    const pipeline = bench.pipeline({
      onRequest({ state }) {
        seen.push({ ...state });
        state['user'] = 'ann';
      },
      onUpstreamResponse(_, { state }) {
        seen.push({ ...state });
      },
      onComplete({ state }) {
        seen.push({ ...state });
      },
    });
    for (let i = 0; i < 2; i++) {
      const run = bench.runs.begin(pipeline, bench);
      run.runRequest();
      run.runResponse(bench.response());
      run.finish(FACTS);
    }
    const once = [{}, { user: 'ann' }, { user: 'ann' }];
    assert.deepEqual(seen, [...once, ...once]);
    bench.assertClean();
  });

  test('ends the way up with an answer: later middleware does not see the request', () => {
    const bench = new MiddlewareBench();
    const notes: string[] = [];
    bench.request();
    const headers = { 'X-A': ['1', '2'], 'x-b': ' 3 ' };
    const answering: MiddlewareHooks = {
      onRequest: () => ({ status: 403, headers, body: 'nö' }),
      onComplete: () => void notes.push('answering complete'),
    };
    const run = bench.begin({}, notingHooks('a', notes), answering, notingHooks('b', notes));
    assert.equal(run.runRequest(), ANSWER);
    assert.equal(run.answer!.status, 403);
    assert.deepEqual(run.answer!.fields, [
      ['X-A', '1'],
      ['X-A', '2'],
      ['x-b', '3'],
    ]);
    assert.equal(run.answer!.body!.contentType, 'text/plain; charset=utf-8');
    assert.equal(new TextDecoder().decode(run.answer!.body!.bytes), 'nö');
    run.finish({ ...FACTS, status: 403 });
    assert.deepEqual(notes, ['a request', 'a complete 403', 'answering complete']);
    bench.assertClean();
  });

  test('completes nobody where the request came to nobody', () => {
    const bench = new MiddlewareBench();
    const notes: string[] = [];
    bench.request();
    bench.begin(notingHooks('a', notes)).finish(FACTS);
    assert.deepEqual(notes, []);
    bench.assertClean();
  });

  test('completes middleware without onRequest that stands before one that ran', () => {
    const bench = new MiddlewareBench();
    const notes: string[] = [];
    const onComplete = (name: string) => ({ onComplete: () => void notes.push(name) });
    const list = [
      onComplete('first'),
      { onRequest: () => ({ status: 204 }), ...onComplete('second') },
      onComplete('third'),
    ];
    bench.request();
    const run = bench.begin(...list);
    assert.equal(run.runRequest(), ANSWER);
    assert.equal(run.answer!.body, null);
    run.finish(FACTS);
    assert.deepEqual(notes, ['first', 'second']);
    bench.assertClean();
  });

  const answers: [what: string, answer: unknown][] = [
    ['a number', 5],
    ['no status', {}],
    ['a status below 200', { status: 101 }],
    ['a status above 599', { status: 600 }],
    ['a status with a fraction', { status: 200.5 }],
    ['a status as text', { status: '200' }],
    ['a header name with a blank', { status: 200, headers: { 'a b': '1' } }],
    ['a header that frames', { status: 200, headers: { 'content-length': '1' } }],
    ['a header with a line break', { status: 200, headers: { a: '1\r\nb: 2' } }],
    ['a header that is a number', { status: 200, headers: { a: 1 } }],
    ['too many headers', { status: 200, headers: { a: new Array(101).fill('1') } }],
    ['a body that is an object', { status: 200, body: {} }],
  ];
  for (const [what, answer] of answers) {
    test(`fails on an answer with ${what}`, async () => {
      const bench = new MiddlewareBench();
      bench.request();
      const run = bench.begin({ onRequest: () => answer as MiddlewareAnswer });
      assert.equal(run.runRequest(), FAILED);
      run.finish(FACTS);
      const late = bench.begin({ onRequest: async () => answer as MiddlewareAnswer });
      assert.equal(late.runRequest(), SUSPENDED);
      await bench.settle();
      assert.deepEqual(bench.outcomes, [FAILED]);
      assert.equal(late.answer, null);
      late.finish(FACTS);
      bench.assertClean();
    });
  }

  test('keeps a body of bytes, and the type that headers give', () => {
    const bench = new MiddlewareBench();
    const body = new Uint8Array([1, 2]);
    bench.request();
    const typed = bench.begin({
      onRequest: () => ({ status: 200, headers: { 'content-TYPE': 'a/b' }, body }),
    });
    typed.runRequest();
    assert.deepEqual(typed.answer!.body, { bytes: body, contentType: '' });
    typed.finish(FACTS);
    const untyped = bench.begin({ onRequest: () => ({ status: 200, body }) });
    untyped.runRequest();
    assert.equal(untyped.answer!.body!.contentType, 'application/octet-stream');
    untyped.finish(FACTS);
  });

  test('fails where a hook throws, says so in the log, and still completes', () => {
    const bench = new MiddlewareBench();
    const notes: string[] = [];
    bench.request();
    const throwing: MiddlewareHooks = {
      onRequest() {
        throw new TypeError('no such user');
      },
    };
    const run = bench.begin(notingHooks('a', notes), throwing, notingHooks('b', notes));
    assert.equal(run.runRequest(), FAILED);
    run.finish({ ...FACTS, status: 500 });
    assert.deepEqual(notes, ['a request', 'a complete 500']);
    assert.equal(bench.log.lines.length, 1);
    const [line = ''] = bench.log.lines;
    assert.match(
      line,
      /^ZP_MIDDLEWARE_FAILED: the middleware "hooks\d+" of the route "test" failed/,
    );
    assert.match(line, / in onRequest: TypeError: no such user\n\s+at /);
    bench.assertClean();
  });

  test('fails where a response hook throws, whatever it throws', () => {
    const bench = new MiddlewareBench();
    bench.request();
    const run = bench.begin({
      onUpstreamResponse() {
        throw 'a text';
      },
    });
    run.runRequest();
    assert.equal(run.runResponse(bench.response()), FAILED);
    assert.match(bench.log.lines[0]!, /failed in onUpstreamResponse: it threw a text/);
    run.finish(FACTS);
    bench.assertClean();
  });

  test('logs what onComplete throws, at once or later, and runs the others', async () => {
    const bench = new MiddlewareBench();
    const notes: string[] = [];
    bench.request();
    const throwing: MiddlewareHooks = {
      onComplete() {
        throw new Error('at once');
      },
    };
    const rejecting: MiddlewareHooks = {
      onComplete: (async () => {
        throw new Error('later');
      }) as () => void,
    };
    const run = bench.begin(throwing, rejecting, notingHooks('a', notes));
    run.runRequest();
    run.finish(FACTS);
    await bench.settle();
    assert.deepEqual(notes, ['a request', 'a complete 200']);
    assert.equal(bench.log.lines.length, 2);
    assert.match(bench.log.lines[0]!, /failed in onComplete: Error: at once/);
    assert.match(bench.log.lines[1]!, /failed in onComplete: Error: later/);
    bench.assertClean();
  });

  test('logs failures once a second and counts the others', () => {
    const bench = new MiddlewareBench();
    bench.request();
    const pipeline = bench.pipeline({
      onRequest() {
        throw new Error('again');
      },
    });
    const fail = (): void => {
      const run = bench.runs.begin(pipeline, bench);
      assert.equal(run.runRequest(), FAILED);
      run.finish(FACTS);
    };
    for (let i = 0; i < 5; i++) fail();
    assert.equal(bench.log.lines.length, 1);
    bench.pass(MIDDLEWARE_LOG_INTERVAL_MS);
    fail();
    assert.equal(bench.log.lines.length, 2);
    assert.match(bench.log.lines[1]!, /\(and 4 more times since the last such line\)/);
    fail();
    pipeline.close();
    assert.equal(bench.log.lines.length, 3);
    assert.match(bench.log.lines[2]!, /failed \(and 1 more times/);
  });

  test('dies of an assertion of its own, in a hook or not', () => {
    const bench = new MiddlewareBench();
    bench.request();
    const run = bench.begin({ onRequest: () => check(false, 'ours') });
    assert.throws(() => run.runRequest(), { name: 'AssertionError', message: 'ours' });
  });

  test('is overloaded where there is no buffer for what a hook writes', () => {
    const bench = new MiddlewareBench({ small: 0, medium: 0, large: 0 });
    bench.request();
    const run = bench.begin({ onRequest: ({ headers }) => headers.set('x-a', '1') });
    assert.equal(run.runRequest(), OVERLOADED);
    assert.deepEqual(bench.log.lines, []);
    run.finish(FACTS);
    bench.assertClean();
  });
});

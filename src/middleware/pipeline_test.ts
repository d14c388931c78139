import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ListLog, useOf } from '../../tests/support/middleware_bench.ts';
import { ZProxyError } from '../base/errors.ts';
import type { MiddlewareHooks } from './middleware.ts';
import type { MiddlewareUse } from './middleware_use.ts';
import { compilePipeline, type Pipeline } from './pipeline.ts';

const SOURCE = { file: 'zproxy.config.ts', line: 3, column: 7, path: 'routes[0].middleware[0]' };

function compile(uses: readonly MiddlewareUse[], before: Pipeline | null = null, route = 'api') {
  const log = new ListLog();
  return { pipeline: compilePipeline(uses, { route, log }, before), log };
}

function errorOf(uses: readonly MiddlewareUse[], route = 'api'): ZProxyError {
  try {
    compile(uses, null, route);
  } catch (error) {
    assert.ok(error instanceof ZProxyError);
    return error;
  }
  return assert.fail('it compiled');
}

function closing(name: string, notes: string[]): MiddlewareUse {
  return useOf(name, () => ({
    close(): void {
      notes.push(name);
    },
  }));
}

describe('compilePipeline()', () => {
  test('is null where there is nothing to run', () => {
    assert.equal(compile([]).pipeline, null);
  });

  test('has an array per phase, and null where nobody has the hook', () => {
    const { pipeline } = compile([
      useOf('a', () => ({ onRequest: () => undefined })),
      useOf('b', () => ({ onRequest: () => undefined, onUpstreamResponse: () => undefined })),
      useOf('c', () => ({ onUpstreamResponse: () => undefined })),
    ]);
    const names = (steps: Pipeline['onRequest']) => steps?.map(({ name }) => name);
    assert.deepEqual(names(pipeline!.steps), ['a', 'b', 'c']);
    assert.deepEqual(names(pipeline!.onRequest), ['a', 'b']);
    assert.deepEqual(names(pipeline!.onUpstreamResponse), ['c', 'b']);
    assert.equal(pipeline!.onComplete, null);
  });

  test('runs the list of all routes before the own one, made once and closed once', () => {
    const notes: string[] = [];
    const all = compile([closing('all', notes)], null, '').pipeline!;
    const one = compile([closing('one', notes)], all).pipeline!;
    const two = compile([], all).pipeline!;
    assert.deepEqual(
      one.steps.map(({ name, index }) => `${index} ${name}`),
      ['0 all', '1 one'],
    );
    assert.equal(one.steps[0]!.hooks, all.steps[0]!.hooks);
    assert.equal(two.steps[0]!.hooks, all.steps[0]!.hooks);
    for (const pipeline of [two, one, all, all, one]) pipeline.close();
    assert.deepEqual(notes, ['one', 'all']);
  });

  test('gives create what parse made of the options, and {} where none were written', () => {
    const seen: unknown[] = [];
    const create = (options?: unknown): MiddlewareHooks => {
      seen.push(options);
      return {};
    };
    const use = useOf('a', create as () => MiddlewareHooks, (options) => ({ parsed: options }));
    compile([
      { ...use, options: undefined },
      { ...use, options: { x: 1 } },
    ]);
    compile([{ ...useOf('b', create as () => MiddlewareHooks), options: undefined }]);
    assert.deepEqual(seen, [{ parsed: {} }, { parsed: { x: 1 } }, {}]);
  });

  test('tells create the route, and a log', () => {
    let seen: unknown = null;
    const create = (_options?: unknown, environment?: unknown): MiddlewareHooks => {
      seen = environment;
      return {};
    };
    const { log } = compile([useOf('a', create as () => MiddlewareHooks)]);
    assert.deepEqual(seen, { route: 'api', log });
  });

  test('names an unknown middleware, and those that there are', () => {
    const unknown = { name: 'header', module: '', options: {}, source: SOURCE };
    const builtIn = errorOf([unknown]);
    assert.equal(builtIn.code, 'ZP_MIDDLEWARE_UNKNOWN');
    assert.equal(
      builtIn.message,
      'The middleware "header" of the route "api" is unknown: ZProxy has headers.',
    );
    assert.equal(builtIn.location, SOURCE);
    const own = errorOf([{ ...unknown, module: 'file:///auth.ts' }], '');
    assert.match(own.message, /"header" of all routes is unknown: .* call defineMiddleware in it/);
  });

  test('says why options are refused, and where they stand', () => {
    const use = useOf(
      'a',
      () => ({}),
      () => {
        throw new Error('limit: wanted a number');
      },
    );
    const error = errorOf([{ ...use, source: SOURCE }]);
    assert.equal(error.code, 'ZP_MIDDLEWARE_OPTIONS');
    assert.match(
      error.message,
      /"a" of the route "api" refuses its options: limit: wanted a number/,
    );
    assert.equal(error.location, SOURCE);
  });

  test('closes what it made when a later one cannot be created', () => {
    const notes: string[] = [];
    const failing = useOf('bad', () => {
      throw new Error('no database');
    });
    const error = errorOf([closing('a', notes), closing('b', notes), failing]);
    assert.equal(error.code, 'ZP_MIDDLEWARE_CREATE');
    assert.match(error.message, /"bad" of the route "api" cannot be created: no database/);
    assert.equal((error.cause as Error).message, 'no database');
    assert.equal(error.location, undefined);
    assert.deepEqual(notes, ['a', 'b']);
  });

  const made: [what: string, hooks: unknown, wanted: RegExp][] = [
    ['nothing', undefined, /an object with hooks/],
    ['a function', () => undefined, /an object with hooks/],
    ['a promise', Promise.resolve({}), /not a promise/],
    ['a misspelt hook', { onRequests: () => undefined }, /in place of "onRequests"/],
    ['a hook that is no function', { onRequest: 5 }, /"onRequest" as a function/],
  ];
  for (const [what, hooks, wanted] of made) {
    test(`refuses a create that returns ${what}`, () => {
      const error = errorOf([useOf('a', () => hooks as MiddlewareHooks)]);
      assert.equal(error.code, 'ZP_MIDDLEWARE_CREATE');
      assert.match(error.message, wanted);
    });
  }

  test('takes hooks of a class', () => {
    class Hooks {
      readonly state: number = 1;
      onRequest(): void {}
    }
    assert.equal(compile([useOf('a', () => new Hooks())]).pipeline!.onRequest!.length, 1);
  });
});

test('Pipeline.close() logs what fails and closes the others', async () => {
  const notes: string[] = [];
  const throwing = useOf('bad', () => ({
    close(): void {
      throw new Error('still busy');
    },
  }));
  const rejecting = useOf('late', () => ({
    close: (async () => {
      throw new Error('much later');
    }) as () => void,
  }));
  const { pipeline, log } = compile([throwing, rejecting, closing('good', notes)]);
  pipeline!.close();
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(notes, ['good']);
  assert.equal(log.lines.length, 2);
  assert.match(log.lines[0]!, /"bad" of the route "api" failed in close: Error: still busy/);
  assert.match(log.lines[1]!, /"late" of the route "api" failed in close: Error: much later/);
});

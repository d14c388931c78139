import assert from 'node:assert/strict';
import { mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { ZProxyError } from '../base/errors.ts';
import { defineMiddleware, type MiddlewareUseData } from './define_middleware.ts';
import type { MiddlewareHooks } from './middleware.ts';
import { BUILT_IN_NAMES, definedNames, findDefinition } from './registry.ts';

const HERE = import.meta.url;

function codeOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    assert.ok(error instanceof ZProxyError);
    return error.code;
  }
  return 'no error';
}

describe('defineMiddleware()', () => {
  test('returns a function that makes plain data which names this module', () => {
    const use = defineMiddleware({ name: 'plain', create: (_options: { a: number }) => ({}) });
    const data: Required<MiddlewareUseData> = use({ a: 1 });
    assert.deepEqual(data, { module: HERE, name: 'plain', options: { a: 1 } });
    assert.deepEqual(structuredClone(data), data);
    assert.ok(findDefinition(HERE, 'plain') !== null);
  });

  test('takes hooks alone, and no options', () => {
    const onComplete = (): void => undefined;
    const use = defineMiddleware({ name: 'short', onComplete });
    assert.deepEqual(use(), { module: HERE, name: 'short', options: {} });
    const environment = { route: '', log: { log: (): void => undefined } };
    const hooks: MiddlewareHooks = findDefinition(HERE, 'short')!.create({}, environment);
    assert.equal(hooks.onComplete, onComplete);
  });

  test('infers the input from parse and the options from what it returns', () => {
    const use = defineMiddleware({
      name: 'parsed',
      parse: (options: { limit?: number }): { limit: number } => ({ limit: options.limit ?? 5 }),
      create({ limit }) {
        limit.toFixed();
        return {};
      },
    });
    assert.deepEqual(use().options, {});
    // @ts-expect-error: a limit is a number
    assert.deepEqual(use({ limit: 'x' }).options, { limit: 'x' });
    const strict = defineMiddleware({ name: 'strict', create: (_: { a: number }) => ({}) });
    // @ts-expect-error: `a` is required
    assert.deepEqual(strict().options, {});
  });

  for (const name of ['', '1a', 'a b', 'a.b', '_a', 'x'.repeat(65), null, 5]) {
    test(`refuses the name ${JSON.stringify(name)}`, () => {
      const define = (): unknown => defineMiddleware({ name: name as string, create: () => ({}) });
      assert.equal(codeOf(define), 'ZP_MIDDLEWARE_INVALID');
    });
  }

  test('refuses what is no definition', () => {
    const define = defineMiddleware as (definition: unknown) => unknown;
    for (const definition of [
      null,
      { name: 'x', create: 5 },
      { name: 'x', create: () => ({}), parse: 'p' },
      { name: 'x', parse: () => ({}) },
      { name: 'x', onRequests: () => undefined },
      { name: 'x', onRequest: 'no function' },
    ]) {
      assert.equal(
        codeOf(() => define(definition)),
        'ZP_MIDDLEWARE_INVALID',
      );
    }
  });

  test('refuses a second definition of one name in one module', () => {
    defineMiddleware({ name: 'twice', create: () => ({}) });
    const again = (): unknown => defineMiddleware({ name: 'twice', create: () => ({}) });
    assert.equal(codeOf(again), 'ZP_MIDDLEWARE_DUPLICATE');
  });
});

describe('defineMiddleware() in a module of a user', () => {
  let folder = '';
  const library = new URL('./define_middleware.ts', import.meta.url).href;

  before(() => {
    folder = realpathSync(mkdtempSync(join(tmpdir(), 'zproxy middleware ')));
  });
  after(() => {
    rmSync(folder, { recursive: true });
  });

  function write(name: string, body: string): string {
    const path = join(folder, name);
    writeFileSync(path, `import { defineMiddleware } from '${library}';\n${body}`);
    return pathToFileURL(path).href;
  }

  test('names the file by its URL, types and blanks in the path or not', async () => {
    const url = write(
      'auth.ts',
      `interface Options { realm: string }
       export const auth = defineMiddleware({
         name: 'auth', create: (options: Options) => ({}) });`,
    );
    const { auth } = await import(url);
    assert.deepEqual(auth({ realm: 'r' }), { module: url, name: 'auth', options: { realm: 'r' } });
    assert.deepEqual(definedNames(url), ['auth']);
    assert.equal(findDefinition(url, ''), findDefinition(url, 'auth'));
  });

  test('replaces what a module defined when it is evaluated anew', async () => {
    const url = write('anew.mjs', `export const a = defineMiddleware({ name: 'a', close() {} });`);
    const { a } = await import(url);
    const first = findDefinition(url, 'a');
    write('anew.mjs', `\n\nexport const a = defineMiddleware({ name: 'a', close() {} });`);
    const again = await import(`${url}?2`);
    assert.deepEqual(again.a(), a());
    assert.notEqual(findDefinition(url, 'a'), first);
  });

  test('fails the import of a module that defines a name twice', async () => {
    const url = write(
      'twice.mjs',
      `defineMiddleware({ name: 'a', close() {} });\ndefineMiddleware({ name: 'a', close() {} });`,
    );
    await assert.rejects(import(url), {
      code: 'ZP_MIDDLEWARE_DUPLICATE',
      message: /2:1 and at 3:1/,
    });
  });

  test('is found by another copy of the package in the same process', async () => {
    const url = write('other.mjs', `defineMiddleware({ name: 'a', close() {} });`);
    await import(url);
    const other = await import(`${new URL('./registry.ts', import.meta.url).href}?copy`);
    assert.notEqual(other.findDefinition, findDefinition);
    assert.equal(other.findDefinition(url, 'a'), findDefinition(url, 'a'));
  });
});

describe('findDefinition()', () => {
  test('knows the middleware of ZProxy by name', () => {
    assert.deepEqual(BUILT_IN_NAMES, ['headers']);
    assert.deepEqual(definedNames(''), ['headers']);
    assert.equal(findDefinition('', 'headers')!.name, 'headers');
    assert.equal(findDefinition('', 'toString'), null);
  });

  test('knows nothing of a module that was not imported', () => {
    assert.equal(findDefinition('file:///nowhere.ts', 'x'), null);
    assert.deepEqual(definedNames('file:///nowhere.ts'), []);
  });

  test('finds no name in a module that has several', () => {
    assert.equal(findDefinition(HERE, ''), null);
  });
});

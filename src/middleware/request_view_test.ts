import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { MiddlewareBench } from '../../tests/support/middleware_bench.ts';
import { FIELDS_COUNT_MAX } from '../base/limits.ts';
import { FieldId } from '../http/field_names.ts';
import { HookOutcome } from './hook_outcome.ts';
import type { MiddlewareRequest } from './middleware.ts';

/** Runs `hook` on the bench's request and gives everything back. */
function see(bench: MiddlewareBench, hook: (request: MiddlewareRequest) => void): string[] {
  let error: unknown = null;
  const run = bench.begin({
    onRequest(request) {
      try {
        hook(request);
      } catch (thrown) {
        error = thrown;
      }
    },
  });
  assert.equal(run.runRequest(), HookOutcome.DONE);
  if (error !== null) throw error;
  const lines = bench.requestLines();
  run.finish({ ...FACTS });
  bench.assertClean();
  return lines;
}

const FACTS = {
  status: 200,
  error: '',
  route: '',
  upstream: '',
  endpoint: '',
  durationMs: 0,
  requestBodyBytes: 0,
  responseBytes: 0,
};

describe('RequestView', () => {
  test('says what the request says', () => {
    const bench = new MiddlewareBench();
    bench.request(
      'PURGE /a%20b/c?x=%zz&y HTTP/1.1',
      'X-Tag: one',
      'x-tag:two ',
      'Cookie: a=1; b=2',
    );
    bench.paramNames.push('id', 'rest', 'bad');
    bench.paramTexts.push('%C3%A9%2F', 'a/b', '%FF');
    see(bench, (request) => {
      assert.equal(request.method, 'PURGE');
      assert.equal(request.scheme, 'https');
      assert.equal(request.host, 'example.com:8443');
      assert.equal(request.path, '/a%20b/c');
      assert.equal(request.query, 'x=%zz&y');
      assert.deepEqual({ ...request.params }, { id: 'é/', rest: 'a/b', bad: '%FF' });
      assert.deepEqual({ ...request.cookies }, { a: '1', b: '2' });
      assert.equal(request.clientIp, '192.0.2.7');
      assert.equal(request.route, 'test');
      assert.equal(request.requestId, 'id-1');
      assert.deepEqual(request.headers.getAll('X-TAG'), ['one', 'two']);
      assert.deepEqual(request.headers.entries(), [
        ['host', 'example.com:8443'],
        ['x-tag', 'one'],
        ['x-tag', 'two'],
        ['cookie', 'a=1; b=2'],
      ]);
    });
  });

  test('has no query and no cookies where there are none', () => {
    const bench = new MiddlewareBench();
    bench.request();
    see(bench, (request) => {
      assert.equal(request.query, '');
      assert.deepEqual({ ...request.cookies }, {});
      assert.equal(request.headers.get('x-none'), null);
      assert.equal(request.headers.get(''), null);
      assert.ok(!request.headers.has('authorization'));
      assert.ok(request.headers.has('HOST'));
    });
  });

  test('reads cookies anew after they were changed, and of several fields', () => {
    const bench = new MiddlewareBench();
    bench.request('GET / HTTP/1.1', 'Cookie: a=1', 'Cookie: a=2; b=3');
    see(bench, (request) => {
      const { cookies } = request;
      assert.deepEqual({ ...cookies }, { a: '1', b: '3' });
      assert.equal(request.cookies, cookies);
      request.headers.set('cookie', 'c=4');
      assert.deepEqual({ ...request.cookies }, { c: '4' });
    });
  });

  test('rewrite() changes what is forwarded and what later middleware sees', () => {
    const bench = new MiddlewareBench();
    bench.request('GET /a?x=1 HTTP/1.1');
    const lines = see(bench, (request) => {
      request.rewrite('/b/%C3%A9?y=2&z=?');
      assert.equal(request.path, '/b/%C3%A9');
      assert.equal(request.query, 'y=2&z=?');
      request.rewrite('/c');
      assert.equal(request.query, '');
      request.rewrite('/d?');
      assert.equal(request.path, '/d');
    });
    assert.equal(lines[0], 'GET /d? HTTP/1.1');
  });

  for (const target of [
    '',
    'b',
    '*',
    '//a/../b',
    '/.',
    '/a/%2e%2e/b',
    '/%41',
    '/%c3',
    '/a b',
    '/a#b',
    '/a?b#c',
    '/a?b c',
    '/a\r\nX: y',
    '/a?\n',
    '/a\\b',
    '/\u00e9',
    '/%',
    '/%4',
    `/${'x'.repeat(8_192)}`,
    5,
    null,
  ]) {
    test(`rewrite() refuses ${JSON.stringify(target)?.slice(0, 30)}`, () => {
      const bench = new MiddlewareBench();
      bench.request();
      const lines = see(bench, (request) => {
        assert.throws(() => request.rewrite(target as string), { code: 'ZP_PATH_INVALID' });
      });
      assert.equal(lines[0], 'GET /a HTTP/1.1');
    });
  }

  test('useUpstream() keeps the last name that the configuration has', () => {
    const bench = new MiddlewareBench();
    bench.request();
    const run = bench.begin({
      onRequest(request) {
        request.useUpstream('api');
        request.useUpstream('canary');
        assert.throws(() => request.useUpstream('cannary'), { code: 'ZP_UPSTREAM_UNKNOWN' });
      },
    });
    assert.equal(run.upstreamName, '');
    assert.equal(run.runRequest(), HookOutcome.DONE);
    assert.equal(run.upstreamName, 'canary');
    run.finish(FACTS);
  });
});

describe('FieldsView', () => {
  test('set() replaces all values and keeps the place of the first', () => {
    const bench = new MiddlewareBench();
    bench.request('GET / HTTP/1.1', 'X-A: 1', 'X-B: 2', 'x-a: 3');
    const lines = see(bench, ({ headers }) => {
      headers.set('x-A', '  new value\t');
      headers.set('X-New', 'é');
      assert.deepEqual(headers.getAll('x-a'), ['new value']);
      assert.equal(headers.get('x-new'), 'é');
    });
    assert.deepEqual(lines.slice(2), ['X-A: new value', 'X-B: 2', 'X-New: é']);
  });

  test('append() and delete() take effect on all values of a name', () => {
    const bench = new MiddlewareBench();
    bench.request('GET / HTTP/1.1', 'X-A: 1', 'Authorization: secret');
    const lines = see(bench, ({ headers }) => {
      headers.append('X-A', '2');
      headers.append('X-Empty', '');
      assert.deepEqual(headers.getAll('x-a'), ['1', '2']);
      assert.ok(headers.delete('authorization'));
      assert.ok(!headers.delete('authorization'));
      assert.ok(headers.delete('x-a'));
      headers.append('x-a', '3');
    });
    assert.deepEqual(lines.slice(2), ['X-Empty: ', 'x-a: 3']);
  });

  test('writes fields under the number by which the proxy finds them', () => {
    const bench = new MiddlewareBench();
    const { fields } = bench.request();
    see(bench, ({ headers }) => {
      for (const name of [
        'X-Forwarded-For',
        'x-request-id',
        'VIA',
        'Date',
        'user-agent',
        'range',
      ]) {
        headers.set(name, 'v');
      }
      for (const id of [
        FieldId.X_FORWARDED_FOR,
        FieldId.X_REQUEST_ID,
        FieldId.VIA,
        FieldId.DATE,
        FieldId.USER_AGENT,
        FieldId.RANGE,
      ]) {
        assert.ok(fields.find(id) >= 0);
      }
    });
  });

  for (const name of [
    'Host',
    'content-length',
    'Transfer-Encoding',
    'CONNECTION',
    'keep-alive',
    'upgrade',
    'te',
    'trailer',
    'proxy-connection',
    'http2-settings',
    'proxy-authorization',
    'expect',
    'max-forwards',
    '',
    'a b',
    'a:b',
    'x\r\ny',
    'x\0',
    'é',
    ':path',
    null,
    7,
  ]) {
    test(`refuses to touch a field ${JSON.stringify(name)}`, () => {
      const bench = new MiddlewareBench();
      bench.request('POST / HTTP/1.1', 'Content-Length: 0', 'Max-Forwards: 3');
      const lines = see(bench, ({ headers }) => {
        const code = { code: 'ZP_FIELD_INVALID' };
        assert.throws(() => headers.set(name as string, '1'), code);
        assert.throws(() => headers.append(name as string, '1'), code);
        assert.throws(() => headers.delete(name as string), code);
      });
      assert.equal(lines.length, 4);
    });
  }

  for (const value of ['a\r\nX: y', '\n', '\0', 'a\u007fb', '\u0001', '\u20ac', null, 7, ['a']]) {
    test(`refuses the value ${JSON.stringify(value)}`, () => {
      const bench = new MiddlewareBench();
      bench.request();
      const lines = see(bench, ({ headers }) => {
        const code = { code: 'ZP_FIELD_INVALID' };
        assert.throws(() => headers.set('x-a', value as string), code);
        assert.throws(() => headers.append('x-a', value as string), code);
      });
      assert.equal(lines.length, 2);
    });
  }

  test('refuses more fields than a head may have, and leaves room for those of the proxy', () => {
    const bench = new MiddlewareBench();
    const received = Array.from({ length: FIELDS_COUNT_MAX - 1 }, (_, index) => `X-${index}: v`);
    const { fields } = bench.request('GET / HTTP/1.1', ...received);
    see(bench, ({ headers }) => {
      const add = (): void => {
        for (let i = 0; i < 100; i++) headers.append('X-More', 'v');
      };
      assert.throws(add, { code: 'ZP_FIELDS_TOO_MANY' });
      assert.equal(headers.getAll('x-more').length, 12);
      headers.set('x-0', 'still works');
      for (let i = 0; i < 12; i++) fields.add(1, 2, 3, 3, FieldId.UNKNOWN);
      fields.count -= 12;
    });
  });

  test('refuses more bytes than it has memory for, and the head still fits', () => {
    const bench = new MiddlewareBench();
    bench.request();
    see(bench, ({ headers }) => {
      headers.set('x-a', 'v'.repeat(16_000));
      assert.throws(() => headers.set('x-b', 'v'.repeat(16_000)), { code: 'ZP_FIELDS_TOO_LARGE' });
      assert.ok(!headers.has('x-b'));
    });
  });
});

describe('a request that is kept beyond its time', () => {
  test('can be read, not changed, once it was sent', () => {
    const bench = new MiddlewareBench();
    bench.request();
    let kept: MiddlewareRequest | null = null;
    const run = bench.begin({
      onRequest(request) {
        kept = request;
      },
    });
    run.runRequest();
    const request = kept!;
    assert.equal(request.path, '/a');
    const code = { code: 'ZP_MESSAGE_SENT' };
    assert.throws(() => request.headers.set('x-a', '1'), code);
    assert.throws(() => request.headers.append('x-a', '1'), code);
    assert.throws(() => request.headers.delete('x-a'), code);
    assert.throws(() => request.rewrite('/b'), code);
    assert.throws(() => request.useUpstream('api'), code);
    run.finish(FACTS);
    bench.assertClean();
  });

  test('throws when it is used after the end, even while its memory serves another', () => {
    const bench = new MiddlewareBench();
    bench.request('GET /first HTTP/1.1', 'Authorization: first');
    let kept: MiddlewareRequest | null = null;
    const pipeline = bench.pipeline({
      onRequest(request) {
        kept ??= request;
      },
    });
    const first = bench.runs.begin(pipeline, bench);
    first.runRequest();
    first.finish(FACTS);
    bench.request('GET /second HTTP/1.1', 'Authorization: second');
    const second = bench.runs.begin(pipeline, bench);
    assert.equal(second, first);
    second.runRequest();
    const request: MiddlewareRequest = kept!;
    const uses: (() => unknown)[] = [
      () => request.method,
      () => request.scheme,
      () => request.host,
      () => request.path,
      () => request.query,
      () => request.params,
      () => request.cookies,
      () => request.clientIp,
      () => request.route,
      () => request.requestId,
      () => request.headers.get('authorization'),
      () => request.headers.getAll('authorization'),
      () => request.headers.has('authorization'),
      () => request.headers.entries(),
      () => request.headers.set('x-a', '1'),
      () => request.headers.append('x-a', '1'),
      () => request.headers.delete('x-a'),
      () => request.rewrite('/x'),
      () => request.useUpstream('api'),
    ];
    for (const use of uses) assert.throws(use, { code: 'ZP_EXCHANGE_OVER' }, String(use));
    second.finish(FACTS);
    bench.assertClean();
  });
});

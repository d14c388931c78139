// Requests through whole configurations: what fakes are shown, what clients get, how things end.

import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { compileConfig } from '../../config/compile_config.ts';
import type { Config } from '../../config/config.ts';
import { objectOrigin } from '../../config/config_origin.ts';
import type { Snapshot } from '../../config/snapshot.ts';
import { InjectEngine } from './inject_engine.ts';
import type { FakeAnswer, FakeRequest, FakeUpstream, InjectRequest } from './inject_types.ts';

function compile(config: Partial<Config>): Snapshot {
  const result = compileConfig(
    {
      listeners: [{ address: '127.0.0.1:8080' }],
      upstreams: { api: { endpoints: ['http://api.internal:9000'] } },
      routes: [{ upstream: 'api' }],
      ...config,
    },
    objectOrigin('/'),
  );
  if ('errors' in result) throw new Error(JSON.stringify(result.errors));
  return result.snapshot;
}

function open(t: TestContext, config: Partial<Config>): InjectEngine {
  const engine = new InjectEngine({ log: () => {} });
  engine.use(compile(config));
  t.after(() => engine.close());
  return engine;
}

test('inject() shows a fake endpoint what would be sent, returns what comes back', async (t) => {
  const engine = open(t, {
    routes: [{ name: 'users', path: '/users/:id', upstream: 'api' }],
  });
  const seen: FakeRequest[] = [];
  const result = await engine.inject(
    {
      method: 'POST',
      url: 'http://example.com/users/a%20b?x=1',
      headers: { 'X-Tag': ['1', '2'] },
      body: 'hello',
      clientIp: '203.0.113.7',
    },
    {
      api: (request) => {
        seen.push(request);
        return { status: 201, headers: { 'X-From': 'fake' }, body: '{"a":1}' };
      },
    },
  );
  assert.equal(result.status, 201);
  assert.equal(result.headers.get('x-from'), 'fake');
  assert.deepEqual(result.json(), { a: 1 });
  assert.equal(result.route, 'users');
  assert.deepEqual({ ...result.params }, { id: 'a b' });
  assert.equal(result.upstream, 'api');
  assert.equal(result.endpoint, 'http://api.internal:9000');
  assert.equal(result.error, '');
  const [request] = seen;
  assert.equal(request?.method, 'POST');
  assert.equal(request?.target, '/users/a%20b?x=1');
  assert.equal(request?.text(), 'hello');
  assert.equal(request?.headers.get('host'), 'example.com');
  assert.equal(request?.headers.get('x-forwarded-for'), '203.0.113.7');
  assert.deepEqual(request?.headers.getAll('x-tag'), ['1', '2']);
  assert.equal(engine.buffersCount, 0);
});

test('inject() is a client as the request says: address, scheme, host', async (t) => {
  const engine = open(t, {
    routes: [
      { name: 'inside', path: '/who', clientIp: '10.0.0.0/8', respond: { body: 'inside' } },
      { name: 'secure', path: '/who', scheme: 'https', respond: { body: 'secure' } },
      { name: 'who', path: '/who', upstream: 'api' },
    ],
  });
  const name = async (request: InjectRequest): Promise<string> =>
    (await engine.inject({ path: '/who', ...request }, { api: { body: 'x' } })).route;
  assert.equal(await name({ clientIp: '10.1.2.3' }), 'inside');
  assert.equal(await name({ scheme: 'https' }), 'secure');
  assert.equal(await name({}), 'who');
  const result = await engine.inject('https://shop.example/who', { api: { body: 'x' } });
  assert.equal(result.route, 'secure');
});

test('inject() keeps spellings, and what the wire refuses is refused', async (t) => {
  const engine = open(t, { routes: [{ name: 'all', path: '/*', respond: { body: 'here' } }] });
  assert.equal((await engine.inject('/a/%2e%2e/b', {})).error, 'request_path_refused');
  assert.equal((await engine.inject('/a b', {})).error, 'request_head_invalid');
  const twice = {
    headers: [
      ['Host', 'a'],
      ['Host', 'b'],
    ],
  } as const;
  assert.equal((await engine.inject(twice, {})).status, 400);
  const smuggled = { headers: { 'Content-Length': '3', 'Transfer-Encoding': 'chunked' } };
  assert.equal((await engine.inject({ ...smuggled, method: 'POST', body: 'abc' }, {})).status, 400);
  for (const request of [
    { headers: { a: 'b\r\nc: d' } },
    { path: '/\u20ac' },
    { url: 'ftp://host/' },
    { url: 'http://host/', path: '/' },
    { listener: ':1' },
  ]) {
    await assert.rejects(engine.inject(request, {}), { code: 'ZP_INJECT_INVALID' });
  }
  assert.equal(engine.buffersCount, 0);
});

test('inject() answers as on the wire: not found, method, error page, limits', async (t) => {
  const engine = open(t, {
    routes: [
      { path: '/only', method: 'GET', upstream: 'api' },
      { path: '/small', upstream: 'api', limits: { requestBody: '4B' } },
    ],
    errorPages: { 404: { body: 'nothing here', contentType: 'text/plain' } },
  });
  const missing = await engine.inject('/none', {});
  assert.deepEqual([missing.status, missing.error], [404, 'route_not_found']);
  assert.equal(missing.text(), 'nothing here');
  assert.equal(missing.route, '');
  const wrong = await engine.inject({ method: 'PUT', path: '/only' }, {});
  assert.deepEqual([wrong.status, wrong.headers.get('Allow')], [405, 'GET']);
  const large = await engine.inject({ method: 'POST', path: '/small', body: '12345' }, {});
  assert.deepEqual([large.status, large.error], [413, 'request_body_too_large']);
});

test('inject() shows how upstreams fail', async (t) => {
  const engine = open(t, { timeouts: { firstByte: '40ms' } });
  const outcome = async (api: FakeUpstream): Promise<[number, string]> => {
    const { status, error } = await engine.inject({ method: 'POST', body: 'x' }, { api });
    return [status, error];
  };
  assert.deepEqual(await outcome('refused'), [502, 'connection_refused']);
  assert.deepEqual(await outcome('unreachable'), [502, 'destination_ip_unroutable']);
  assert.deepEqual(await outcome('reset'), [502, 'connection_reset']);
  assert.deepEqual(await outcome(() => 'reset'), [502, 'connection_reset']);
  const silent = (): Promise<FakeAnswer> => new Promise(() => {});
  assert.deepEqual(await outcome(silent), [504, 'http_response_timeout']);
  const invalid = { headers: { 'Content-Length': 'x' } };
  assert.deepEqual(await outcome(invalid), [502, 'http_protocol_error']);
  assert.equal(engine.buffersCount, 0);
});

test('inject() gives as much of a broken answer as the client got', async (t) => {
  const engine = open(t, {});
  async function* dying(): AsyncGenerator<string> {
    yield 'first';
    await turn();
    throw new Error('gone');
  }
  const result = await engine.inject('/', { api: { body: dying() } });
  assert.equal(result.status, 200);
  assert.equal(result.text(), 'first');
  assert.equal(result.error, 'http_response_incomplete');
  const short = await engine.inject('/', {
    api: { headers: { 'Content-Length': '9' }, body: 'abc' },
  });
  assert.deepEqual([short.status, short.error], [200, 'http_response_incomplete']);
});

test('inject() rejects with what a fake throws', async (t) => {
  const engine = open(t, {});
  const mine = new Error('mine');
  const throwing = (): never => {
    throw mine;
  };
  await assert.rejects(engine.inject('/', { api: throwing }), mine);
  await assert.rejects(engine.inject('/', { api: { status: 5 } }), { code: 'ZP_INJECT_INVALID' });
  assert.equal((await engine.inject('/', { api: {} })).status, 200);
});

test('inject() streams bodies both ways, with trailers, through the drivers', async (t) => {
  const engine = open(t, {});
  const piece = 'x'.repeat(50_000);
  async function* pieces(): AsyncGenerator<string> {
    for (let i = 0; i < 20; i++) yield piece;
  }
  const result = await engine.inject(
    {
      method: 'POST',
      body: pieces(),
      trailers: { 'X-Sum': '7' },
      headers: { TE: 'trailers', Connection: 'TE' },
    },
    {
      api: (request) => {
        assert.equal(request.headers.get('transfer-encoding'), 'chunked');
        assert.equal(request.trailers.get('x-sum'), '7');
        assert.equal(request.body.length, 1_000_000);
        return { body: pieces(), trailers: { 'X-End': 'yes' } };
      },
    },
  );
  assert.equal(result.error, '');
  assert.equal(result.body.length, 1_000_000);
  assert.equal(result.trailers.get('x-end'), 'yes');
  assert.equal(engine.buffersCount, 0);
});

test('inject() knows HEAD, 204, 304 and answers without framing', async (t) => {
  const engine = open(t, {});
  const head = await engine.inject({ method: 'HEAD' }, { api: { body: 'four' } });
  assert.deepEqual([head.headers.get('content-length'), head.body.length], ['4', 0]);
  for (const status of [204, 304]) {
    const result = await engine.inject('/', { api: { status, body: 'ignored' } });
    assert.deepEqual([result.status, result.body.length, result.error], [status, 0, '']);
  }
});

test('inject() has interim answers and waits with a body that expects to continue', async (t) => {
  const engine = open(t, {});
  const early = await engine.inject('/', {
    api: { interim: [{ status: 103, headers: { Link: '</a.css>' } }], body: 'x' },
  });
  assert.deepEqual(
    early.interim.map(({ status }) => status),
    [103],
  );
  assert.equal(early.interim[0]?.headers.get('link'), '</a.css>');
  const put = { method: 'PUT', body: 'later', headers: { Expect: '100-continue' } };
  const result = await engine.inject(put, { api: (request) => ({ body: request.text() }) });
  assert.equal(result.text(), 'later');
  assert.deepEqual(
    result.interim.map(({ status }) => status),
    [100],
  );
});

test('inject() ends a tunnel as soon as it is one', async (t) => {
  const engine = open(t, {});
  const result = await engine.inject(
    { headers: { Connection: 'upgrade', Upgrade: 'websocket' } },
    { api: { status: 101 } },
  );
  assert.deepEqual([result.status, result.error], [101, '']);
  assert.equal(result.headers.get('upgrade'), 'websocket');
  assert.equal(engine.buffersCount, 0);
});

test('inject() ends as a client that is gone: aborted, or whose body fails', async (t) => {
  const engine = open(t, {});
  const gone = new AbortController();
  const asked = Promise.withResolvers<void>();
  const silent = (): Promise<FakeAnswer> => {
    asked.resolve();
    return new Promise(() => {});
  };
  const waiting = engine.inject({ signal: gone.signal }, { api: silent });
  await asked.promise;
  gone.abort();
  const result = await waiting;
  assert.deepEqual([result.status, result.error], [0, 'client_closed']);
  const late = await engine.inject({ signal: AbortSignal.abort() }, { api: {} });
  assert.equal(late.status, 0);
  async function* failing(): AsyncGenerator<string> {
    yield 'some';
    throw new Error('disk');
  }
  const cut = await engine.inject({ method: 'POST', body: failing() }, { api: {} });
  assert.deepEqual([cut.status, cut.error], [0, 'client_closed']);
  assert.equal(engine.buffersCount, 0);
});

test('inject() waits for mirrors, which have fakes of their own', async (t) => {
  const engine = open(t, {
    upstreams: { api: { endpoints: ['http://a'] }, shadow: { endpoints: ['http://b'] } },
    routes: [{ path: '/*', upstream: 'api', mirror: 'shadow' }],
  });
  const shadowed: string[] = [];
  const result = await engine.inject(
    { method: 'POST', path: '/x', body: 'copy' },
    {
      api: () => ({ body: 'original' }),
      shadow: async (request) => {
        await turn();
        shadowed.push(`${request.target} ${request.text()}`);
        return { status: 500 };
      },
    },
  );
  assert.equal(result.text(), 'original');
  assert.deepEqual(shadowed, ['/x copy']);
});

test('inject() runs requests side by side, each with its own fakes', async (t) => {
  const engine = open(t, {});
  const results = await Promise.all(
    Array.from({ length: 200 }, (_, i) =>
      engine.inject(`/${i}`, {
        api: async (request) => {
          if (i % 3 === 0) await turn();
          return { body: `${i} ${request.target}` };
        },
      }),
    ),
  );
  assert.deepEqual(
    results.map((result) => result.text()),
    results.map((_, i) => `${i} /${i}`),
  );
  assert.equal(engine.buffersCount, 0);
});

test('inject() leaves nothing behind', async (t) => {
  const engine = open(t, {});
  for (let i = 0; i < 1_000; i++) {
    const result = await engine.inject(
      { method: 'POST', path: `/${i}`, body: 'b' },
      { api: { body: 'x' } },
    );
    assert.equal(result.status, 200);
    assert.equal(engine.buffersCount, 0);
  }
});

test('inject() reaches real endpoints where there is no fake', async (t) => {
  const server = createServer((request, response) => response.end(`real ${request.url}`));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  const { port } = server.address() as AddressInfo;
  const engine = open(t, { upstreams: { api: { endpoints: [`http://localhost:${port}`] } } });
  const result = await engine.inject('/x', {});
  assert.equal(result.text(), 'real /x');
  assert.equal((await engine.inject('/x', { api: { body: 'fake' } })).text(), 'fake');
});

test('use() serves another configuration, and refuses one whose middleware fails', async (t) => {
  const engine = open(t, { routes: [{ path: '/*', respond: { body: 'old' } }] });
  engine.use(compile({ routes: [{ path: '/*', respond: { body: 'new' } }] }));
  assert.equal((await engine.inject('/', {})).text(), 'new');
  const broken = compile({ routes: [{ path: '/*', respond: { body: 'bad' } }] });
  const middleware = [{ name: 'none', module: 'file:///none.ts', options: {}, source: null }];
  const routes = broken.routes.map((route) => ({ ...route, middleware }));
  assert.throws(() => engine.use({ ...broken, routes }));
  assert.equal((await engine.inject('/', {})).text(), 'new');
});

test('close() ends what is under way', async (t) => {
  const engine = open(t, {});
  const asked = Promise.withResolvers<void>();
  const waiting = engine.inject('/', {
    api: () => {
      asked.resolve();
      return new Promise<FakeAnswer>(() => {});
    },
  });
  await asked.promise;
  await engine.close();
  assert.equal((await waiting).status, 0);
  await assert.rejects(engine.inject('/', {}), { code: 'ZP_PROXY_CLOSED' });
});

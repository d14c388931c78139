// What becomes of a request under a configuration: the same as an exchange would make of it.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ZProxyError } from '../../base/errors.ts';
import { compileConfig } from '../../config/compile_config.ts';
import type { Config } from '../../config/config.ts';
import { objectOrigin } from '../../config/config_origin.ts';
import { explain } from './explain.ts';
import type { Explanation } from './explanation.ts';

const CONFIG: Config = {
  listeners: [{ address: ':8080' }, { address: ':8081', timeouts: { bodyIdle: '7s' } }],
  upstreams: {
    a: { endpoints: ['http://10.0.0.1:9000', { url: 'http://10.0.0.2', weight: 3 }] },
    b: { endpoints: ['unix:/run/b'], hostHeader: 'endpoint', timeouts: { connect: '1s' } },
  },
  middleware: [{ headers: { request: { set: { 'x-all': '1' } } } }],
  routes: [
    {
      name: 'api',
      host: 'example.com',
      path: '/api/:version/*rest',
      method: ['GET', 'POST'],
      rewrite: { path: '/{params.version}/x/{params.rest}' },
      middleware: [{ headers: { request: { set: { 'x-api': '1' } } } }],
      upstream: 'a',
      limits: { requestBody: 100 },
    },
    { name: 'internal', path: '/api/*rest', clientIp: '10.0.0.0/8', upstream: 'b' },
    { name: 'split', path: '/split', upstreams: { a: 75, b: 25 }, splitBy: { cookie: 'c' } },
    { name: 'spelled', path: '/spelled/*rest', unsafePaths: ['encoded-slash'], upstream: 'b' },
    { name: 'moved', path: '/old/*rest', redirect: '/new/{params.rest}' },
    { name: 'health', path: '/health', respond: { body: 'ok', headers: { 'x-a': '1' } } },
    { name: 'socket', path: '/ws', upstream: 'b' },
  ],
  trustedProxies: ['127.0.0.1'],
  via: 'proxy',
  timeouts: { firstByte: '9s' },
};

interface More {
  readonly headers?: readonly (readonly [string, string])[];
  readonly from?: string;
  readonly config?: Partial<Config>;
}

function ask(method: string, url: string, more: More = {}): Explanation {
  const config = { ...CONFIG, ...more.config };
  const result = compileConfig(config, objectOrigin('/'), { wantsEffective: true });
  if ('errors' in result) assert.fail(JSON.stringify(result.errors));
  const { snapshot, effective, settingPlaces } = result;
  const { headers = [], from = '192.0.2.1' } = more;
  const explainable = { snapshot, effective: effective!, settingPlaces: settingPlaces! };
  return explain(explainable, { method, url, headers, from });
}

function fields(explanation: Explanation): Record<string, string> {
  return Object.fromEntries(explanation.forward!.upstreams[0]!.headers);
}

test('explain() names the route, its parameters, its middleware and why others lost', () => {
  const explanation = ask('GET', 'http://example.com:8080/api/v1/%61/../b?q=1#top');
  assert.deepEqual(explanation.request, {
    method: 'GET',
    host: 'example.com',
    path: '/api/v1/b',
    query: 'q=1',
    scheme: 'http',
    clientIp: '192.0.2.1',
  });
  assert.deepEqual(explanation.notes, [
    'clients do not send #top',
    'its path /api/v1/%61/../b is matched and forwarded as /api/v1/b',
  ]);
  assert.equal(explanation.route!.name, 'api');
  assert.equal(explanation.route!.source.path, 'routes[0]');
  assert.deepEqual(explanation.params, { version: 'v1', rest: 'b' });
  assert.deepEqual(
    explanation.middleware.map(({ name, scope, source }) => [name, scope, source.path]),
    [
      ['headers', 'all routes', 'middleware[0]'],
      ['headers', 'this route', 'routes[0].middleware[0]'],
    ],
  );
  assert.deepEqual(
    explanation.verdicts.slice(0, 2).map(({ name, outcome }) => [name, outcome]),
    [
      ['api', 'chosen'],
      ['internal', 'lost'],
    ],
  );
  assert.match(explanation.verdicts[1]!.reason, /192\.0\.2\.1/);
  assert.equal(explanation.answer, null);
});

test('explain() gives the URLs after the rewrite and the fields that are sent', () => {
  const explanation = ask('GET', 'http://example.com/api/v1/b?q=1', {
    headers: [
      ['X-Forwarded-For', '198.51.100.7'],
      ['Connection', 'x-gone'],
      ['X-Gone', '1'],
    ],
  });
  const { forward } = explanation;
  assert.equal(forward!.target, '/v1/x/b?q=1');
  const [upstream] = forward!.upstreams;
  assert.deepEqual([upstream!.name, upstream!.percent], ['a', 100]);
  assert.deepEqual(
    upstream!.endpoints.map(({ url, weight }) => [url, weight]),
    [
      ['http://10.0.0.1:9000/v1/x/b?q=1', 1],
      ['http://10.0.0.2/v1/x/b?q=1', 3],
    ],
  );
  assert.deepEqual(fields(explanation), {
    Host: 'example.com',
    'X-Forwarded-For': '192.0.2.1', // nobody trusts this client's own
    'X-Forwarded-Proto': 'http',
    'X-Forwarded-Host': 'example.com',
    'X-Request-Id': '(a new one for each request)',
    Via: '1.1 proxy',
  });
});

test('explain() believes a trusted proxy, and sends the Host that the upstream wants', () => {
  const explanation = ask('GET', 'http://example.org/api/x', {
    headers: [['X-Forwarded-For', '10.1.2.3']],
    from: '127.0.0.1',
  });
  assert.equal(explanation.request.clientIp, '10.1.2.3');
  assert.equal(explanation.route!.name, 'internal');
  const { Host, 'X-Forwarded-For': chain } = fields(explanation);
  assert.deepEqual([Host, chain], ['localhost', '10.1.2.3, 127.0.0.1']);
});

test('explain() shows both sides of a split, and one where a cookie decides', () => {
  const both = ask('GET', 'http://h/split').forward!.upstreams;
  assert.deepEqual(
    both.map(({ name, percent }) => [name, percent]),
    [
      ['a', 75],
      ['b', 25],
    ],
  );
  const one = ask('GET', 'http://h/split', { headers: [['Cookie', 'c=somebody']] });
  assert.equal(one.forward!.upstreams.length, 1);
});

test('explain() answers doubtful paths with 400, unless their route allows them', () => {
  const refused = ask('GET', 'http://example.com/api/v1/a%2Fb');
  assert.equal(refused.answer!.status, 400);
  assert.equal(refused.answer!.error, 'request_path_refused');
  assert.match(refused.answer!.reason, /unsafePaths: \['encoded-slash'\]/);
  assert.deepEqual(refused.middleware, [], 'none of it runs for such a request');
  const allowed = ask('GET', 'http://h/spelled/a%2fb');
  assert.equal(allowed.answer, null);
  assert.equal(allowed.forward!.target, '/spelled/a%2Fb');
});

test('explain() tells 404 from 405, and what is allowed', () => {
  const { answer, route } = ask('GET', 'http://h/nothing');
  assert.deepEqual([answer!.status, answer!.error, route], [404, 'route_not_found', null]);
  const wrong = ask('PUT', 'http://example.com/api/v1/x');
  assert.equal(wrong.answer!.status, 405);
  assert.deepEqual(wrong.answer!.headers, [['Allow', 'GET, POST']]);
  assert.equal(ask('CONNECT', 'h:443').answer!.status, 405);
});

test('explain() gives redirects, fixed answers, and what the proxy answers itself', () => {
  const moved = ask('GET', 'http://h/old/a?b').answer!;
  assert.deepEqual([moved.status, moved.headers], [308, [['Location', '/new/a']]]);
  const health = ask('GET', 'http://h/health').answer!;
  assert.deepEqual([health.status, health.bodyBytes], [200, 2]);
  assert.deepEqual(health.headers[0], ['x-a', '1']);
  assert.match(ask('OPTIONS', '*').answer!.reason, /about the proxy itself/);
  const trace = ask('TRACE', 'http://h/ws', { headers: [['Max-Forwards', '0']] });
  assert.equal(trace.answer!.status, 200);
});

test('explain() refuses what the codec and the limits refuse', () => {
  const twice = ask('GET', 'http://h/', {
    headers: [
      ['Host', 'a'],
      ['Host', 'b'],
    ],
  });
  assert.deepEqual([twice.answer!.status, twice.route], [400, null]);
  const large = ask('POST', 'http://example.com/api/v1/x', {
    headers: [['Content-Length', '101']],
  });
  assert.deepEqual([large.answer!.status, large.route!.name], [413, 'api']);
  const long = ask('GET', `http://h/${'a'.repeat(9_000)}`);
  assert.equal(long.answer!.status, 414);
  const huge = ask('GET', 'http://h/', { headers: [['X', 'a'.repeat(70_000)]] });
  assert.equal(huge.answer!.status, 431);
});

test('explain() says which upgrade is tunnelled', () => {
  const headers = [
    ['Connection', 'upgrade'],
    ['Upgrade', 'h2c, websocket'],
  ] as const;
  assert.equal(ask('GET', 'http://h/ws', { headers }).forward!.upgrade, 'websocket');
  assert.equal(ask('GET', 'http://h/ws').forward!.upgrade, '');
});

test('explain() gives timeouts and limits with the place that set them', () => {
  const { listener, settings } = ask('GET', 'http://h:8081/ws');
  assert.equal(listener, ':8081');
  const setting = (of: string, key: string): unknown[] => {
    const found = settings.find((one) => one.of === of && one.key === key)!;
    return [found.value, found.source?.path ?? 'default'];
  };
  assert.deepEqual(setting('listener', 'timeouts.bodyIdle'), [
    '7s',
    'listeners[1].timeouts.bodyIdle',
  ]);
  assert.deepEqual(setting('listener', 'limits.fields'), ['128', 'default']);
  assert.deepEqual(setting('upstream b', 'timeouts.connect'), [
    '1s',
    'upstreams.b.timeouts.connect',
  ]);
  assert.deepEqual(setting('upstream b', 'timeouts.firstByte'), ['9s', 'timeouts.firstByte']);
  assert.deepEqual(setting('route', 'limits.requestBody'), ['none', 'default']);
});

test('explain() merges slashes where the configuration does', () => {
  const config = { mergeSlashes: true };
  const merged = ask('GET', 'http://example.com//api///v1//b?a//b', { config });
  assert.equal(merged.request.path, '/api/v1/b');
  assert.equal(merged.request.query, 'a//b');
  assert.match(merged.notes.join(), /with mergeSlashes its path is \/api\/v1\/b/);
  assert.equal(ask('GET', 'http://example.com//api/v1/b').route, null);
});

test('explain() takes URLs as users have them: international, without a host', () => {
  const german = ask('GET', 'http://bücher.example/straße x');
  assert.equal(german.request.host, 'xn--bcher-kva.example');
  assert.equal(german.request.path, '/stra%C3%9Fe%20x');
  const bare = ask('GET', '/health');
  assert.equal(bare.request.host, '');
  assert.match(bare.notes.join(), /only HTTP\/1\.0/);
  const byHeader = ask('GET', '/api/v1/x', { headers: [['Host', 'EXAMPLE.com:80']] });
  assert.equal(byHeader.route!.name, 'api');
  assert.equal(ask('GET', 'https://h/health').request.scheme, 'https');
});

test('explain() refuses what is no question, with the remedy', () => {
  const wrong = (method: string, url: string, headers: More['headers'] = []): string => {
    try {
      ask(method, url, { headers });
    } catch (error) {
      assert.ok(error instanceof ZProxyError && error.code === 'ZP_EXPLAIN');
      return error.message;
    }
    return assert.fail('it was taken');
  };
  assert.match(wrong('GET', 'example.com/a'), /is no URL; write http:\/\/example\.com\/a/);
  assert.match(wrong('GET', 'health'), /is no URL; write .* or \/path/);
  assert.match(wrong('GET', 'ftp://h/'), /no scheme ftp/);
  assert.match(wrong('GE T', '/'), /"GE T" is no method/);
  assert.match(wrong('GET', '/', [['a b', 'x']]), /is no name of a header/);
  assert.match(wrong('GET', '/', [['a', 'x\r\ny: z']]), /a line end/);
});

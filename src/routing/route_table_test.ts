// The route table by example: tables of routes and requests with the winners that are expected.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { GivenRoute } from '../../tests/support/route_world.ts';
import { header, RouteWorld } from '../../tests/support/route_world.ts';

describe('RouteTable.match() on hosts', () => {
  it('compares hosts without case, port and the final dot', () => {
    const world = new RouteWorld({ host: 'example.com' }, { host: '[::1]' }, { host: '10.0.0.1' });
    for (const host of ['EXAMPLE.com', 'example.com:8080', 'example.com.', 'Example.COM.:80']) {
      assert.equal(world.route('/', { host }), 0, host);
    }
    for (const host of ['[::1]', '[::1]:80', '[0:0::0:1]', '[0::1]:80']) {
      assert.equal(world.route('/', { host }), 1, host);
    }
    assert.equal(world.route('/', { host: '10.0.0.1:81' }), 2);
    for (const host of ['example.co', 'example.com1', 'x.example.com', '[::2]', '[v1.x]']) {
      assert.equal(world.route('/', { host }), -1, host);
    }
  });

  it('tells an address in brackets from a name', () => {
    assert.equal(new RouteWorld({ host: 'v1.example' }).route('/', { host: '[v1.example]' }), -1);
  });

  it('compares international names in their ASCII form', () => {
    const world = new RouteWorld({ host: 'Bücher.example' });
    assert.equal(world.route('/', { host: 'XN--BCHER-KVA.example' }), 0);
  });

  it('matches one label with *. and one or more with **.', () => {
    const one = new RouteWorld({ host: '*.example.com' });
    const any = new RouteWorld({ host: '**.example.com' });
    for (const [host, inOne, inAny] of [
      ['example.com', -1, -1],
      ['a.example.com', 0, 0],
      ['A.EXAMPLE.COM.:80', 0, 0],
      ['a.b.example.com', -1, 0],
      ['a.b.c.d.e.f.example.com', -1, 0],
      ['aexample.com', -1, -1],
      ['.example.com', -1, -1],
      ['a..example.com', -1, -1],
      ['..a.example.com', -1, -1],
      ['a.example.com.org', -1, -1],
    ] as const) {
      assert.equal(one.route('/', { host }), inOne, `*. ${host}`);
      assert.equal(any.route('/', { host }), inAny, `**. ${host}`);
    }
  });

  it('prefers exact, then *., then the longest **., then no host', () => {
    const world = new RouteWorld(
      {},
      { host: '**.com' },
      { host: '**.example.com' },
      { host: '*.example.com' },
      { host: 'a.example.com' },
    );
    assert.equal(world.route('/', { host: 'a.example.com' }), 4);
    assert.equal(world.route('/', { host: 'b.example.com' }), 3);
    assert.equal(world.route('/', { host: 'b.b.example.com' }), 2);
    assert.equal(world.route('/', { host: 'example.com' }), 1);
    assert.equal(world.route('/', { host: 'com' }), 0);
    assert.equal(world.route('/', { host: '[::1]' }), 0);
  });

  it('tries the next class of hosts where no path or condition fits', () => {
    const world = new RouteWorld(
      { host: 'a.example.com', path: '/a' },
      { host: '*.example.com', path: '/b' },
      { host: '**.example.com', path: '/c' },
      { host: '**.com', path: '/d', values: [header('x-d')] },
      { path: '/:any' },
    );
    for (const [path, wanted] of [
      ['/a', 0],
      ['/b', 1],
      ['/c', 2],
      ['/d', 4],
      ['/e', 4],
    ] as const) {
      assert.equal(world.route(path, { host: 'a.example.com' }), wanted, path);
    }
    assert.equal(world.route('/d', { host: 'a.example.com', headers: [['X-D', '']] }), 3);
    assert.equal(world.route('/a', { host: 'b.example.com' }), 4);
  });

  it('confuses no request with the one before it', () => {
    const long = `${'a'.repeat(60)}.example.com`;
    const world = new RouteWorld({}, { host: long }, { host: 'b' }, { host: '*.b' }, { host: 'c' });
    const wanted: readonly [host: string, route: number][] = [
      [long, 1],
      ['b', 2],
      ['a.b', 3],
      ['c', 4],
      ['d', 0],
      ['b:80', 2],
      [`${long}:80`, 1],
    ];
    for (const first of wanted) {
      for (const [host, route] of wanted) {
        assert.equal(world.route('/', { host: first[0] }), first[1]);
        assert.equal(world.route('/', { host }), route, `${host} after ${first[0]}`);
        assert.equal(world.route('/', { host }), route, `${host} twice`);
        assert.equal(world.routeWithoutHost('/'), 0);
      }
    }
  });

  it('takes a route with several hosts for each of them', () => {
    const world = new RouteWorld({ hosts: ['a', 'b', '*.c'], paths: ['/x', '/:y/z'] }, {});
    for (const host of ['a', 'b', 'd.c']) {
      assert.equal(world.route('/x', { host }), 0);
      assert.equal(world.route('/1/z', { host }), 0);
      assert.equal(world.route('/2', { host }), 1);
    }
    assert.equal(world.route('/x', { host: 'c' }), 1);
  });
});

describe('RouteTable.match() on precedence', () => {
  // Routes from the best to the worst for the path: whatever their order, the best one wins, and
  // without it the next.
  const ladders: readonly [path: string, ...patterns: string[]][] = [
    ['/a/b', '/a/b', '/a/:x', '/a/*', '/:x/b', '/:x/:y', '/:x/*', '/*'],
    ['/12', '/12', '/:x(\\d+)', '/:x', '/*'],
    [
      '/v12.json',
      '/v:x(\\d+).json',
      '/:x(\\w+).json',
      '/:x([^/]+)',
      '/v:x.json',
      '/:x.json',
      '/v:x',
      '/:x',
    ],
    ['/a-b/c', '/:x-:y/c', '/:x-:y/:z', '/:x-:y/*', '/:x/c'],
    ['/a/', '/a/', '/a/*', '/:x/', '/:x/*'],
    ['/', '/', '/*'],
    // Equal in the first segment: the second decides.
    ['/a-b/c', '/a:x/c', '/:x-:y/:z'],
    ['/a-b/c', '/:x-:y/c', '/a:x/:z'],
    ['/ab/c', '/:x(\\w\\w)/c', '/:x(\\w+)/:y(c)', '/:x([ab]+)/:y'],
  ];
  for (const [path, ...patterns] of ladders) {
    it(`${path}: ${patterns.join(' before ')}`, () => {
      const routes = patterns.map((pattern): GivenRoute => ({ path: pattern }));
      for (let best = 0; best < routes.length; best++) {
        const left = routes.slice(best);
        assert.equal(new RouteWorld(...left).route(path), 0);
        assert.equal(new RouteWorld(...left.toReversed()).route(path), left.length - 1);
      }
      const none = [...routes, {}];
      assert.equal(new RouteWorld(...none.toReversed()).route(path), none.length - 1);
    });
  }

  it('decides between equal segments by what follows, then method, matchers and order', () => {
    const equal = ['/:x(\\d+)/:y', '/:x(\\w+)/:y', '/:x([0-9]+)/:y'];
    const [one, two, three] = equal.map((path): GivenRoute => ({ path })) as [
      GivenRoute,
      GivenRoute,
      GivenRoute,
    ];
    assert.equal(new RouteWorld(one, two, three).route('/1/2'), 0);
    assert.equal(new RouteWorld(three, two, one).route('/1/2'), 0);
    assert.equal(new RouteWorld(one, { ...two, methods: ['GET'] }, three).route('/1/2'), 1);
    const matcher = { ...three, values: [header('host')] };
    assert.equal(new RouteWorld(one, two, matcher).route('/1/2'), 2);
    assert.equal(new RouteWorld(one, { ...two, methods: ['GET'] }, matcher).route('/1/2'), 1);
    assert.deepEqual(new RouteWorld(one, two, matcher).find('/1/2').params, 'x=1 y=2');
  });

  it('prefers a named method, then more matchers, then order', () => {
    const path = '/:x';
    const world = new RouteWorld(
      { path },
      { path, values: [header('x-a')] },
      { path, values: [header('x-a'), header('x-b')] },
      { path, methods: ['GET'] },
      { path, methods: ['GET', 'PUT'], scheme: 'https' },
      { path, methods: ['GET'], from: '10.0.0.0/8' },
    );
    assert.equal(world.route('/1'), 3);
    assert.equal(world.route('/1', { method: 'POST' }), 0);
    assert.equal(world.route('/1', { method: 'POST', headers: [['x-a', '']] }), 1);
    assert.equal(
      world.route('/1', {
        method: 'POST',
        headers: [
          ['x-a', ''],
          ['x-b', ''],
        ],
      }),
      2,
    );
    world.scheme = 'https';
    assert.equal(world.route('/1'), 4);
    world.client = '10.1.1.1';
    assert.equal(world.route('/1'), 4);
    world.scheme = 'http';
    assert.equal(world.route('/1'), 5);
  });

  it('tries less specific paths where the conditions of the best one fail', () => {
    const world = new RouteWorld(
      { path: '/a/b', values: [header('x-a')] },
      { path: '/a/:x', methods: ['POST'] },
      { path: '/a/*', values: [header('x-b')] },
      { path: '/:x/b' },
    );
    assert.equal(world.route('/a/b'), 3);
    assert.equal(world.route('/a/b', { method: 'POST' }), 1);
    assert.equal(world.route('/a/b', { headers: [['x-b', '']] }), 2);
    assert.equal(
      world.route('/a/b', {
        headers: [
          ['x-a', ''],
          ['x-b', ''],
        ],
      }),
      0,
    );
    assert.equal(world.route('/a/c'), -1);
  });
});

describe('RouteTable.match() on methods', () => {
  it('knows methods with and without a number, and their case', () => {
    const world = new RouteWorld({ methods: ['GET', 'PURGE'] }, { methods: ['get', 'QUERY'] });
    for (const [method, wanted] of [
      ['GET', 0],
      ['PURGE', 0],
      ['get', 1],
      ['QUERY', 1],
      ['Purge', -1],
      ['POST', -1],
      ['HEAD', -1],
    ] as const) {
      assert.equal(world.route('/', { method }), wanted, method);
    }
  });

  it('gives no route whose method is another', () => {
    assert.equal(new RouteWorld({ methods: ['PURGE'] }).route('/', { method: 'QUERY' }), -1);
    assert.equal(new RouteWorld({ methods: ['POST'] }).route('/', { method: 'QUERY' }), -1);
  });
});

describe('RouteTable.allowedMethods()', () => {
  const world = new RouteWorld(
    { path: '/a', methods: ['POST', 'PURGE'] },
    { path: '/a', methods: ['GET', 'BREW'] },
    { path: '/:x', methods: ['DELETE'], values: [header('x-a')] },
    { host: 'h', path: '/:x', methods: ['PATCH'] },
    { path: '/b/*', methods: ['GET'] },
    { path: '/c', methods: ['GET'], scheme: 'https' },
  );

  it('names the methods of all routes that match but for it, in a fixed order', () => {
    assert.equal(world.allowed('/a', { method: 'PUT' }), 'GET, POST, BREW, PURGE');
    assert.equal(
      world.allowed('/a', { method: 'PUT', headers: [['X-A', '1']] }),
      'GET, POST, DELETE, BREW, PURGE',
    );
    assert.equal(
      world.allowed('/a', { method: 'PUT', host: 'h' }),
      'GET, POST, PATCH, BREW, PURGE',
    );
  });

  it('is empty where no route would match with another method', () => {
    assert.equal(world.allowed('/b', { method: 'PUT' }), '');
    assert.equal(world.allowed('/c', { method: 'PUT' }), '');
    assert.equal(world.allowed('/d', { method: 'PUT' }), '');
  });

  it('leaves the table as it was', () => {
    assert.equal(world.allowed('/a', { method: 'PUT' }), 'GET, POST, BREW, PURGE');
    assert.equal(world.route('/a'), 1);
    assert.equal(world.route('/a', { method: 'PUT' }), -1);
  });
});

describe('RouteTable.match() on client addresses and schemes', () => {
  it('asks where the client is', () => {
    const world = new RouteWorld(
      { from: '10.0.0.0/8' },
      { from: '2001:db8::/32' },
      { notFrom: '192.0.2.0/24' },
    );
    for (const [client, wanted] of [
      ['10.1.2.3', 0],
      ['::ffff:10.1.2.3', 0],
      ['2001:db8::1', 1],
      ['192.0.2.1', -1],
      ['198.51.100.1', 2],
      ['', 2],
    ] as const) {
      world.client = client;
      assert.equal(world.route('/'), wanted, client);
    }
  });

  it('does not ask for the address where no candidate wants it', () => {
    const world = new RouteWorld({ path: '/a' }, { path: '/b', from: '10.0.0.0/8' });
    const { table, request, result } = world;
    request.decode({ target: '/a' });
    const clientHost = () => assert.fail('asked');
    assert.equal(
      table.match(request.bytes, request.head, { scheme: 'http', clientHost }, result),
      0,
    );
  });

  it('tells http from https', () => {
    const world = new RouteWorld({ scheme: 'https' }, { scheme: 'http' });
    assert.equal(world.route('/'), 1);
    world.scheme = 'https';
    assert.equal(world.route('/'), 0);
  });
});

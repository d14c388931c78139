// Path patterns by example: what each matches, with which parameters.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { RouteWorld } from '../../tests/support/route_world.ts';

describe('RouteTable.match() on paths', () => {
  // path pattern, request path, parameters ("" for none, null for no match)
  const cases: readonly [pattern: string, path: string, wanted: string | null][] = [
    ['/', '/', ''],
    ['/', '/a', null],
    ['/a', '/a', ''],
    ['/a', '/a/', null],
    ['/a', '/A', null],
    ['/a', '/ab', null],
    ['/a/', '/a/', ''],
    ['/a/', '/a', null],
    ['/a//b', '/a//b', ''],
    ['/a//b', '/a/b', null],
    ['/a%2db', '/a-b', ''],
    ['/caf%c3%a9', '/caf%C3%A9', ''],
    ['/:id', '/1', 'id=1'],
    ['/:id', '/', null],
    ['/:id', '/1/', null],
    ['/:id', '/1/2', null],
    ['/:id/', '/1/', 'id=1'],
    ['/:a/:b', '/1/2', 'a=1 b=2'],
    ['/:a/:b', '//2', null],
    ['/:a/x/:b', '/1/x/2', 'a=1 b=2'],
    ['/:id(\\d+)', '/12', 'id=12'],
    ['/:id(\\d+)', '/12a', null],
    ['/:id(\\d+)', '/a12', null],
    ['/:id(\\d*)', '/', null],
    ['/:id(^\\d+$)', '/12', 'id=12'],
    ['/:id([0-9]{4})', '/2026', 'id=2026'],
    ['/:id([0-9]{4})', '/20261', null],
    ['/:id([0-9]{4})', '/202', null],
    ['/:id([0-9]{2,4})', '/202', 'id=202'],
    ['/:id(foo|bar)', '/bar', 'id=bar'],
    ['/:id(foo|bar)', '/foobar', null],
    ['/:id(.)', '/a', 'id=a'],
    ['/:id(.*)', '/a/b', null],
    ['/:id([^a]+)', '/b%7b', 'id=b%7B'],
    ['/v:major.json', '/v12.json', 'major=12'],
    ['/v:major.json', '/v.json', null],
    ['/v:major.json', '/v12xjson', null],
    ['/v:major.json', '/v1.json.json', 'major=1.json'],
    ['/v:major(\\d+).json', '/v12.json', 'major=12'],
    ['/v:major(\\d+).json', '/v1x.json', null],
    ['/customer/:name-:surname', '/customer/jo-doe', 'name=jo surname=doe'],
    ['/customer/:name-:surname', '/customer/jo-doe-x', 'name=jo surname=doe-x'],
    ['/customer/:name-:surname', '/customer/--', null],
    ['/customer/:name-:surname', '/customer/---', 'name=- surname=-'],
    ['/customer/:name-:surname', '/customer/jo-', null],
    ['/at/:hour(^\\d+)h:minute(^\\d+)m', '/at/8h15m', 'hour=8 minute=15'],
    ['/at/:hour(^\\d+)h:minute(^\\d+)m', '/at/8h15', null],
    ['/at/:hour(^\\d+)h:minute(^\\d+)m', '/at/h15m', null],
    ['/:a([a-z]*)1:b([a-z]*)2', '/param1param2', 'a=param b=param'],
    ['/:a([a-z]*)1:b([a-z]*)2', '/1param2', null],
    ['/:a(\\w+)-:b(\\w+)', '/x-y', 'a=x b=y'],
    ['/:a(\\w+)x:b(\\w+)', '/axbxc', 'a=axb b=c'],
    ['/:a-:b(\\d+)', '/x-y-12', 'a=x-y b=12'],
    ['/:a-:b(\\d+)', '/x-y-12z', null],
    ['/:a((x)|y)-:b', '/y-z', 'a=y b=z'],
    ['/:a.:b.:c', '/1.2.3.4', 'a=1 b=2 c=3.4'],
    ['/x:a.b:c.d', '/x1.b2.d', 'a=1 c=2'],
    ['/x:a.b:c.d', '/x1.b.d', null],
    ['/:id?', '/', ''],
    ['/:id?', '/x', 'id=x'],
    ['/a/:id?', '/a', ''],
    ['/a/:id?', '/a/', null],
    ['/a/:id?', '/a/x', 'id=x'],
    ['/:a/:b?', '/1', 'a=1'],
    ['/:a/:b(\\d+)?', '/1/2', 'a=1 b=2'],
    ['/docs/index?', '/docs', ''],
    ['/docs/index?', '/docs/index', ''],
    ['/docs/index?', '/docs/', null],
    ['/*', '/', '*='],
    ['/*', '/a/b', '*=a/b'],
    ['/*rest', '/a/b', 'rest=a/b'],
    ['/a/*', '/a', null],
    ['/a/*', '/a/', '*='],
    ['/a/*', '/a//', '*=/'],
    ['/a/*', '/ab/', null],
    ['/a/:b/*rest', '/a/1/2/3', 'b=1 rest=2/3'],
    ['/a/:b/*rest', '/a//2', null],
    ['/a::b', '/a:b', ''],
    ['/a:::b', '/a:c', 'b=c'],
    ['/:a::x', '/1:x', 'a=1'],
  ];
  for (const [pattern, path, wanted] of cases) {
    it(`${pattern} ${wanted === null ? 'does not match' : 'matches'} ${path}`, () => {
      const { route, params } = new RouteWorld({ path: pattern }).find(path);
      assert.equal(route, wanted === null ? -1 : 0);
      assert.equal(params, wanted ?? '');
    });
  }

  it('matches visible characters however they are written, and keeps values as they are', () => {
    const world = new RouteWorld(
      { path: '/things::batch' },
      { path: '/a@b/:id/*rest' },
      { path: '/*' },
    );
    assert.equal(world.route('/things%3Abatch'), 0);
    assert.equal(world.route('/%74hings:batch'), 0);
    assert.deepEqual(world.find('/a%40b/x%3by%20/1%2c/%41'), {
      route: 1,
      params: 'id=x%3By%20 rest=1%2C/A',
    });
    assert.equal(world.route('/things%253Abatch'), 2);
    assert.equal(new RouteWorld({ path: '/a%40b%2a%2F' }).route('/a@b*%2f'), 0);
  });

  it('respells a path that is longer than any before', () => {
    const world = new RouteWorld({ path: '/:a/x' });
    const long = 'y'.repeat(9_000);
    assert.deepEqual(world.find(`/${long}%40/x`), { route: 0, params: `a=${long}%40` });
  });

  it('leaves the query out', () => {
    const world = new RouteWorld({ path: '/a' }, { path: '/b/*' });
    assert.equal(world.route('/a?b=/c'), 0);
    assert.deepEqual(world.find('/b/?c/d'), { route: 1, params: '*=' });
  });

  it('gives the asterisk no route, and an authority only those without path', () => {
    const world = new RouteWorld({}, { path: '/*' });
    assert.equal(world.route('*', { method: 'OPTIONS' }), -1);
    assert.equal(world.allowed('*', { method: 'OPTIONS' }), '');
    assert.equal(world.route('a:80', { method: 'CONNECT' }), 0);
    assert.equal(new RouteWorld({ path: '/*' }).route('a:80', { method: 'CONNECT' }), -1);
  });

  it('has no match without routes', () => {
    assert.equal(new RouteWorld().route('/'), -1);
    assert.equal(new RouteWorld().allowed('/'), '');
  });

  it('looks into paths of any length', () => {
    const world = new RouteWorld({ path: '/a/*' }, { path: '/b/:c/d' });
    assert.equal(world.route(`/a${'/x'.repeat(5_000)}`), 0);
    assert.equal(world.route(`/b/c/d${'/x'.repeat(5_000)}`), -1);
    assert.equal(world.route(`/b/${'c'.repeat(10_000)}/d`), 1);
  });
});

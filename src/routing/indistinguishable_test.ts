import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { GivenRoute } from '../../tests/support/route_world.ts';
import { conditionsOf, header } from '../../tests/support/route_world.ts';
import { findIndistinguishable } from './indistinguishable.ts';

/** The pairs as `first-second`. */
function pairs(...given: readonly GivenRoute[]): string {
  const found = findIndistinguishable(given.map(conditionsOf));
  return found.map(({ first, second }) => `${first}-${second}`).join(' ');
}

describe('findIndistinguishable()', () => {
  it('finds routes that ask the same', () => {
    assert.equal(pairs({}, {}), '0-1');
    assert.equal(pairs({ path: '/a' }, { path: '/b' }, { path: '/a' }, { path: '/a' }), '0-2 0-3');
    assert.equal(pairs({ host: 'A', path: '/a' }, { host: 'a', path: '/%61' }), '0-1');
    assert.equal(pairs({ path: '/a%40b' }, { path: '/a@b' }), '0-1');
  });

  it('knows that names do not tell paths apart, and patterns do', () => {
    assert.equal(pairs({ path: '/:a/*b' }, { path: '/:c/*' }), '0-1');
    assert.equal(pairs({ path: '/:a(\\d+)' }, { path: '/:b(\\d+)' }), '0-1');
    assert.equal(pairs({ path: '/:a(\\d+)' }, { path: '/:a(\\w+)' }, { path: '/:a' }), '');
    assert.equal(pairs({ path: '/:a.b' }, { path: '/:a.c' }, { path: '/:a' }), '');
  });

  it('leaves routes alone that a host, path, method or condition tells apart', () => {
    assert.equal(pairs({ host: 'a' }, { host: '*.a' }, { host: '**.a' }, {}), '');
    assert.equal(pairs({ path: '/a' }, { path: '/a/' }, { path: '/a/*' }, {}), '');
    assert.equal(pairs({ methods: ['GET'] }, { methods: ['get'] }, {}), '');
    assert.equal(pairs({}, { values: [header('x-a')] }, { values: [header('x-b')] }), '');
    assert.equal(pairs({ values: [header('x-a')] }, { values: [header('x-a', '')] }), '');
    assert.equal(pairs({ scheme: 'http' }, { scheme: 'https' }, {}), '');
    assert.equal(pairs({ from: '10.0.0.0/8' }, { from: '10.0.0.0/9' }, {}), '');
    assert.equal(pairs({ from: '10.0.0.0/8' }, { notFrom: '10.0.0.0/8' }), '');
  });

  it('compares conditions without regard to their order', () => {
    const [a, b] = [header('x-a'), header('x-b', '1')];
    assert.equal(pairs({ values: [a, b] }, { values: [b, a] }), '0-1');
    assert.equal(pairs({ values: [a, b] }, { values: [b] }), '');
    assert.equal(pairs({ from: '10.0.0.0/8' }, { from: '10.0.0.0/8' }), '0-1');
  });

  it('looks at which methods are left', () => {
    const get = { methods: ['GET'] };
    const both = { methods: ['GET', 'POST'] };
    assert.equal(pairs(both, get), '0-1');
    assert.equal(pairs(get, both), '');
    assert.equal(pairs(get, { methods: ['POST'] }, both), '0-2');
    assert.equal(pairs(get, { methods: ['PUT'] }, both), '');
    // A named method goes before any, wherever it stands.
    assert.equal(pairs({}, get), '');
    assert.equal(pairs(get, {}), '');
    assert.equal(pairs({}, get, {}, get), '0-2 1-3');
  });

  it('looks at every host and path of a route, and at both forms of an optional segment', () => {
    assert.equal(pairs({ host: 'a' }, { hosts: ['a', 'b'] }), '');
    assert.equal(pairs({ host: 'a' }, { host: 'b' }, { hosts: ['b', 'a'] }), '0-2');
    assert.equal(pairs({ hosts: ['a', 'b'] }, { host: 'b' }), '0-1');
    assert.equal(pairs({ paths: ['/a', '/b'] }, { path: '/b' }), '0-1');
    assert.equal(pairs({ path: '/a/:x?' }, { path: '/a' }, { path: '/a/:y' }), '0-1 0-2');
    assert.equal(pairs({ path: '/a' }, { path: '/a/:x?' }), '');
  });

  it('takes time in proportion to the routes', () => {
    const given = Array.from({ length: 20_000 }, (_, i) => conditionsOf({ path: `/a/${i}/:b` }));
    const same = Array.from({ length: 20_000 }, () => conditionsOf({ path: '/a' }));
    const start = process.cpuUsage().user;
    assert.deepEqual(findIndistinguishable(given), []);
    assert.equal(findIndistinguishable(same).length, 19_999);
    assert.ok(process.cpuUsage().user - start < 3_000_000);
  });
});

// The sentences of `explain`. That the route which it chooses is the one that the table finds is
// held by route_table_properties_test.ts.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { GivenRoute } from '../../tests/support/route_world.ts';
import { conditionsOf, header } from '../../tests/support/route_world.ts';
import type { ExplainRequest } from './explain_request.ts';
import { explainRoutes } from './explain_routes.ts';
import type { ValueCondition } from './route.ts';

const REQUEST: ExplainRequest = {
  method: 'GET',
  host: 'a.example.com',
  path: '/users/42',
  query: 'q=x+y&r',
  headers: [
    ['X-A', '1'],
    ['Cookie', 'c=2'],
  ],
  clientHost: '192.0.2.1',
  scheme: 'http',
};

/** Verdicts as `route outcome: reason`. */
function explain(given: readonly GivenRoute[], more: Partial<ExplainRequest> = {}): string[] {
  return explainRoutes(given.map(conditionsOf), { ...REQUEST, ...more }).map(
    ({ routeIndex, outcome, reason }) => `${routeIndex} ${outcome}: ${reason}`,
  );
}

/** Why a route alone loses. */
function lost(given: GivenRoute, more: Partial<ExplainRequest> = {}): string {
  const line = explain([given], more)[0]!;
  assert.ok(line.startsWith('0 lost: '), line);
  return line.slice(8);
}

const condition = (
  on: ValueCondition['on'],
  name: string,
  test: ValueCondition['test'],
  isNegated = false,
): GivenRoute => ({ values: [{ on, name, test, isNegated }] });

describe('explainRoutes()', () => {
  it('lists candidates in the order in which they are tried, then the other routes', () => {
    assert.deepEqual(
      explain([
        { path: '/x' },
        {},
        { host: 'b.example.com' },
        { path: '/users/:id', methods: ['POST'] },
        { path: '/users/:id(\\d+)', values: [header('x-b')] },
        { path: '/users/:id' },
        { host: '**.example.com', path: '/users/*' },
        { host: '*.example.com', path: '/users/42/' },
        { path: '/users/:name', from: '10.0.0.0/8' },
        { path: '/users/:id', methods: ['GET'] },
        { path: '/users/:id', values: [header('x-a')] },
        { path: '/:a/:b' },
      ]),
      [
        '6 chosen: host a.example.com is **.example.com, path /users/42 is /users/*',
        '4 lost: header x-b is absent (wanted it to be present)',
        '3 lost: method is GET (wanted POST)',
        '9 would match: its host (any host) is less specific',
        '8 lost: client address is not in 10.0.0.0/8 (it is 192.0.2.1)',
        '10 would match: its host (any host) is less specific',
        '5 would match: its host (any host) is less specific',
        '11 would match: its host (any host) is less specific',
        '1 would match: its host (any host) is less specific',
        '0 lost: path differs at segment 1 (wanted "x", got "users")',
        '2 lost: host is a.example.com (wanted b.example.com)',
        '7 lost: path ends before segment 3 (wanted "")',
      ],
    );
  });

  it('says by what the chosen route goes before another', () => {
    const second = (...given: GivenRoute[]): string => explain(given)[1]!.replace(/^\d /, '');
    const path = '/users/:id';
    assert.equal(
      second({ path }, { path: '/:x/42' }),
      'would match: its path is less specific at segment 1 (a parameter, not text)',
    );
    assert.equal(
      second({ path: '/users/:id(\\d+)' }, { path }).replace(/^.*: /, ''),
      'its path is less specific at segment 2 (a parameter, not a parameter with a pattern)',
    );
    assert.equal(
      second({ path: '/users/*' }, { path }).replace(/^.*: /, ''),
      'its path is less specific at segment 2 (a wildcard, not a parameter)',
    );
    assert.equal(
      second({ path: '/users/4:x' }, { path }),
      'would match: its path has less text at segment 2',
    );
    assert.equal(second({ path: '/users/*' }, {}), 'would match: it names no path');
    assert.equal(second({ path }, { path, methods: ['GET'] }), 'would match: it names no method');
    assert.equal(
      second({ path }, { path, scheme: 'http', values: [header('x-a')] }),
      'would match: it has fewer conditions (0 instead of 2)',
    );
    assert.equal(second({ path }, { path }), 'would match: it stands further down');
  });

  it('says where a path differs', () => {
    for (const [pattern, path, wanted] of [
      ['/users/me', '/users/42', 'path differs at segment 2 (wanted "me", got "42")'],
      ['/users/:id(\\D+)', '/users/42', 'path differs at segment 2 (wanted ":(\\D+)", got "42")'],
      ['/users/:id', '/users/', 'path differs at segment 2 (wanted ":", got "")'],
      ['/users/:id', '/users', 'path ends before segment 2 (wanted ":")'],
      ['/users', '/users/42/x', 'path goes on behind segment 1 (got "/42/x")'],
      ['/users', '/users/', 'path has a slash at the end (it counts)'],
      ['/users/*', '/users', 'path ends before the slash in front of the wildcard'],
      ['/users', 'a:80', 'path is none'],
      ['/users', '*', 'OPTIONS * is answered by the proxy'],
    ] as const) {
      assert.equal(lost({ path: pattern }, { path }), wanted);
    }
    assert.equal(
      lost({ paths: ['/x', '/users/:id/a', '/users/:id/b'] }),
      'path matches none of its paths; with /users/:id/a it ends before segment 3 (wanted "a")',
    );
  });

  it('says which condition fails, and what there is instead', () => {
    const exact = { kind: 'exact', value: '2' } as const;
    const pattern = { kind: 'pattern', value: '^x' } as const;
    for (const [given, wanted] of [
      [condition('header', 'x-a', exact), 'header x-a is "1" (wanted "2")'],
      [condition('header', 'x-b', exact), 'header x-b is absent (wanted "2")'],
      [
        condition('header', 'x-a', { kind: 'present' }, true),
        'header x-a is "1" (wanted it to be absent)',
      ],
      [
        condition('query', 'q', { kind: 'prefix', value: 'y' }),
        'query parameter q is "x y" (wanted a value that begins with "y")',
      ],
      [
        condition('query', 'q', pattern, true),
        'query parameter q is "x y" (wanted nothing that matches /^x/)',
      ],
      [condition('query', 'r', exact), 'query parameter r is "" (wanted "2")'],
      [condition('cookie', 'c', exact, true), 'cookie c is "2" (wanted anything but "2")'],
      [condition('cookie', 'd', pattern), 'cookie d is absent (wanted a value that matches /^x/)'],
      [{ scheme: 'https' }, 'scheme is http (wanted https)'],
      [{ methods: ['PUT', 'POST'] }, 'method is GET (wanted PUT or POST)'],
      [{ notFrom: '192.0.2.0/24' }, 'client address is in 192.0.2.0/24 (it is 192.0.2.1)'],
    ] as const) {
      assert.equal(lost(given), wanted);
    }
    assert.equal(
      lost({ from: '192.0.2.0/24' }, { clientHost: '' }),
      'client address is not in 192.0.2.0/24 (there is none)',
    );
    assert.equal(lost({ hosts: ['a', '*.b'] }, { host: '' }), 'there is no host (wanted a or *.b)');
    const twice: ExplainRequest['headers'] = [
      ['x-a', '1'],
      ['x-a', '3'],
    ];
    assert.equal(
      lost(condition('header', 'x-a', exact), { headers: twice }),
      'header x-a is "1" and "3" (wanted "2")',
    );
  });
});

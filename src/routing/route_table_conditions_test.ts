// Conditions on headers, query parameters and cookies by example.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { RouteWorld } from '../../tests/support/route_world.ts';
import type { ValueCondition, ValueTest } from './route.ts';

type Headers = readonly (readonly [name: string, value: string])[];

function world(on: ValueCondition['on'], name: string, test: ValueTest): RouteWorld {
  const condition = { on, name, test, isNegated: false };
  const values = [condition];
  const negated = [{ ...condition, isNegated: true }];
  return new RouteWorld({ path: '/is', values }, { path: '/not', values: negated });
}

/** Whether the condition holds; also that its negation does not, or the other way round. */
function holds(given: RouteWorld, query: string, headers: Headers): boolean {
  const is = given.route(`/is${query}`, { headers }) === 0;
  assert.equal(given.route(`/not${query}`, { headers }) === 1, !is);
  return is;
}

function title(name: string, test: ValueTest, isHeld: boolean): string {
  return `${name} ${JSON.stringify(test)} ${isHeld ? 'holds' : 'fails'}`;
}

const present: ValueTest = { kind: 'present' };
const exact = (value: string): ValueTest => ({ kind: 'exact', value });
const prefix = (value: string): ValueTest => ({ kind: 'prefix', value });
const pattern = (value: string): ValueTest => ({ kind: 'pattern', value });

describe('RouteTable.match() on headers', () => {
  const cases: readonly [string, ValueTest, Headers, boolean][] = [
    ['x-a', present, [['X-A', '']], true],
    ['x-a', present, [['x-ab', '1']], false],
    ['x-a', present, [['x_a', '1']], false],
    ['x-a', present, [], false],
    ['x-a', exact(''), [['x-a', '']], true],
    ['x-a', exact('1'), [['X-a', '1']], true],
    ['x-a', exact('1'), [['x-a', '1 ']], true],
    ['x-a', exact('ab'), [['x-a', 'AB']], false],
    ['x-a', exact('ab'), [['x-a', 'abc']], false],
    ['x-a', exact('b'), [['x-a', 'a, b']], false],
    [
      'x-a',
      exact('b'),
      [
        ['x-a', 'a'],
        ['x-c', 'b'],
        ['X-A', 'b'],
      ],
      true,
    ],
    ['x-a', exact('é'), [['x-a', 'é']], true],
    ['x-a', prefix('ab'), [['x-a', 'abc']], true],
    ['x-a', prefix('ab'), [['x-a', 'a']], false],
    ['x-a', prefix(''), [['x-a', '']], true],
    ['x-a', prefix(''), [], false],
    ['x-a', pattern('^v[0-9]+$'), [['x-a', 'v12']], true],
    ['x-a', pattern('^v[0-9]+$'), [['x-a', 'v12x']], false],
    ['x-a', pattern('b'), [['x-a', 'abc']], true],
    ['x-a', pattern('^.$'), [['x-a', 'é']], true],
    ['user-agent', prefix('curl/'), [['User-Agent', 'curl/8']], true],
    ['accept', exact('*/*'), [['Accept', '*/*']], true],
    ['host', exact('localhost'), [], true],
    [
      'upgrade',
      exact('websocket'),
      [
        ['Upgrade', 'websocket'],
        ['Connection', 'upgrade'],
      ],
      true,
    ],
    // Without the connection option it is ignored (RFC 9110 section 7.8).
    ['upgrade', present, [['Upgrade', 'websocket']], false],
    // The client said that it is for the hop before us alone.
    [
      'x-a',
      present,
      [
        ['x-a', '1'],
        ['Connection', 'x-a'],
      ],
      false,
    ],
  ];
  for (const [name, test, headers, wanted] of cases) {
    it(`${title(name, test, wanted)}: ${headers.join('; ')}`, () => {
      assert.equal(holds(world('header', name, test), '', headers), wanted);
    });
  }

  it('asks several conditions on one header of several routes', () => {
    const on = 'header';
    const of = (name: string, value: string): ValueCondition => {
      return { on, name, test: exact(value), isNegated: false };
    };
    const given = new RouteWorld(
      { values: [of('x-a', '1')] },
      { values: [of('x-a', '2')] },
      { values: [of('x-a', '2'), of('x-b', '3')] },
      {},
    );
    assert.equal(given.route('/', { headers: [['x-a', '1']] }), 0);
    assert.equal(given.route('/', { headers: [['x-a', '2']] }), 1);
    assert.equal(
      given.route('/', {
        headers: [
          ['x-b', '3'],
          ['x-a', '2'],
        ],
      }),
      2,
    );
    assert.equal(given.route('/', { headers: [['x-b', '1']] }), 3);
    assert.equal(given.route('/'), 3);
  });
});

describe('RouteTable.match() on query parameters', () => {
  const cases: readonly [string, ValueTest, string, boolean][] = [
    ['a', present, '', false],
    ['a', present, '?', false],
    ['a', present, '?a', true],
    ['a', present, '?a=', true],
    ['a', present, '?b&a&c', true],
    ['a', present, '?A=1', false],
    ['a', present, '?ab=1&ba=1', false],
    ['a', present, '??a=1', false],
    ['a', present, '?%61=1', true],
    ['a b', present, '?a+b=1', true],
    ['a b', present, '?a%20b', true],
    ['a&b', present, '?a%26b', true],
    ['a=b', exact('c=d'), '?a%3Db=c=d', true],
    ['a', exact('1'), '?a=1', true],
    ['a', exact('1'), '?a=%31', true],
    ['a', exact('1'), '?a=11', false],
    ['a', exact('1'), '?a=2&a=1', true],
    ['a', exact(''), '?a', true],
    ['a', exact('x y'), '?a=x+y', true],
    ['a', exact('x+y'), '?a=x%2by', true],
    ['a', exact('é'), '?a=%C3%A9', true],
    ['a', exact('%'), '?a=%', true],
    ['a', exact('%4'), '?a=%4', true],
    ['a', exact('%zz'), '?a=%zz', true],
    ['a', exact('A'), '?a=%41', true],
    ['a', exact('%41'), '?a=%2541', true],
    ['a', prefix('x'), '?a=%78y', true],
    ['a', prefix('xy'), '?a=x', false],
    ['a', prefix('xy'), '?a=x&y', false],
    ['a', pattern('^[a-z]+ [a-z]+$'), '?a=b+c', true],
    ['a', pattern('^é$'), '?a=%c3%a9', true],
    ['a', pattern('^[0-9]+$'), '?a=1x', false],
  ];
  for (const [name, test, query, wanted] of cases) {
    it(`${title(name, test, wanted)}: ${query}`, () => {
      assert.equal(holds(world('query', name, test), query, []), wanted);
    });
  }
});

describe('RouteTable.match() on cookies', () => {
  const cases: readonly [string, ValueTest, Headers, boolean][] = [
    ['a', present, [], false],
    ['a', present, [['Cookie', 'a=1']], true],
    ['a', present, [['Cookie', 'a=']], true],
    ['a', present, [['Cookie', 'a']], false],
    ['a', present, [['Cookie', 'A=1']], false],
    ['a', present, [['Cookie', 'ba=1; ab=2']], false],
    ['a', present, [['Cookie', 'b=a=1']], false],
    ['a', exact('1'), [['cookie', 'b=2; a=1']], true],
    ['a', exact('1'), [['Cookie', 'b=2;a=1;c=3']], true],
    ['a', exact('1'), [['Cookie', ' a = 1 ; b']], true],
    ['a', exact('2'), [['Cookie', 'a=1; a=2']], true],
    [
      'a',
      exact('2'),
      [
        ['Cookie', 'a=1'],
        ['Cookie', 'a=2'],
      ],
      true,
    ],
    ['a', exact('x=y'), [['Cookie', 'a=x=y']], true],
    ['a', exact('%31'), [['Cookie', 'a=%31']], true],
    ['a', exact('1'), [['Cookie', 'a=%31']], false],
    ['a', exact('"1"'), [['Cookie', 'a="1"']], true],
    ['a', prefix('b'), [['Cookie', 'a=bc']], true],
    ['a', pattern('^[0-9]+$'), [['Cookie', 'a=12; b=x']], true],
    ['a', pattern('^[0-9]+$'), [['Cookie', 'a=1x']], false],
  ];
  for (const [name, test, headers, wanted] of cases) {
    it(`${title(name, test, wanted)}: ${headers.join('; ')}`, () => {
      assert.equal(holds(world('cookie', name, test), '', headers), wanted);
    });
  }
});

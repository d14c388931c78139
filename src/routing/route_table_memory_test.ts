// What a match allocates: nothing, unless a route asks for a regular expression or an address.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { getHeapStatistics } from 'node:v8';
import { DecodedRequest } from '../../tests/support/decoded_request.ts';
import type { GivenRoute } from '../../tests/support/route_world.ts';
import { conditionsOf, header } from '../../tests/support/route_world.ts';
import { RouteMatch, RouteTable } from './route_table.ts';
import { compileRouteTable } from './route_table_data.ts';

const ROUNDS = 100_000;
const ORIGIN = { scheme: 'http', clientHost: () => '' } as const;

test('RouteTable.match() allocates nothing', () => {
  const routes: GivenRoute[] = [
    { path: '/health' },
    { path: '/users/:id(\\d+)/posts/:post-:part' },
    { path: '/v:major.json', values: [header('x-none')] },
    { host: '*.example.com', path: '/files/*rest', values: [header('x-a', '1')] },
    {
      path: '/q',
      values: [
        { on: 'query', name: 'a b', test: { kind: 'exact', value: 'c' }, isNegated: false },
        { on: 'cookie', name: 'd', test: { kind: 'prefix', value: 'e' }, isNegated: false },
      ],
    },
    { path: '/a@b/:id' },
    { path: '/:any' },
  ];
  const table = new RouteTable(compileRouteTable(routes.map(conditionsOf)));
  const result = new RouteMatch();
  const request = new DecodedRequest();
  for (const [target, wanted] of [
    ['/health', 0],
    ['/users/12/posts/a-b', 1],
    ['/v1.json', 6],
    ['/files/a/b', 3],
    ['/q?x&a+b=%63', 4],
    ['/a%40b/%24', 5],
    ['/none/of/them', -1],
  ] as const) {
    const headers = [
      ['X-A', '1'],
      ['Cookie', 'c=1; d=ef'],
    ] as const;
    request.decode({ target, host: 'www.example.com', headers });
    const run = (): number => {
      let matched = 0;
      for (let i = 0; i < ROUNDS; i++) {
        matched += table.match(request.bytes, request.head, ORIGIN, result) === wanted ? 1 : 0;
      }
      return matched;
    };
    // Compiled code is the engine's; by the second round there is no more of it.
    let least = Number.POSITIVE_INFINITY;
    for (let round = 0; round < 4; round++) {
      const before = allocatedBytes();
      assert.equal(run(), ROUNDS, target);
      least = Math.min(least, allocatedBytes() - before);
    }
    // The smallest object has 16 bytes; V8 counts by the area that it hands out.
    assert.ok(least < ROUNDS * 8, `${target}: ${least} bytes in ${ROUNDS} matches`);
  }
});

function allocatedBytes(): number {
  return (getHeapStatistics() as unknown as { total_allocated_bytes: number })
    .total_allocated_bytes;
}

// No spelling of a path leads to another route: of two requests whose paths mean the same to a
// server that decodes them, both find the same route, or one of them is flagged as doubtful.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { DecodedRequest } from '../../tests/support/decoded_request.ts';
import { conditionsOf } from '../../tests/support/route_world.ts';
import { RouteMatch, RouteTable } from './route_table.ts';
import { compileRouteTable } from './route_table_data.ts';

const PATTERNS = [
  '/admin',
  '/admin/*',
  '/things::batch',
  '/a@b/:id',
  '/:x/list',
  '/:x([a-z@]+)/items',
  '/:a,:b/pair',
  '/v:major.json',
  '/*',
];
const PATHS = [
  '/admin',
  '/admin/x',
  '/admin/',
  '/things:batch',
  '/a@b/1',
  '/a@b/$&',
  '/q/list',
  '/x@y/items',
  '/1,2/pair',
  '/v3.json',
  '/other',
  '/',
];
const ORIGIN = { scheme: 'http', clientHost: () => '' } as const;

const table = new RouteTable(compileRouteTable(PATTERNS.map((path) => conditionsOf({ path }))));
const request = new DecodedRequest();
const result = new RouteMatch();

function route(): number {
  return table.match(request.bytes, request.head, ORIGIN, result);
}

describe('RouteTable.match()', () => {
  it('finds the same route for every spelling of a path that has no doubts', () => {
    let respelledCount = 0;
    fc.assert(
      fc.property(
        fc.constantFrom(...PATHS),
        fc.infiniteStream(fc.nat({ max: 11 })),
        (path, choices) => {
          const choose = (): number => choices.next().value as number;
          let written = '';
          for (const character of path) {
            const digits = character.charCodeAt(0).toString(16).padStart(2, '0');
            const choice = choose();
            if (choice === 0) written += `%${digits}`;
            else if (choice === 1) written += `%${digits.toUpperCase()}`;
            else if (character === '/' && choice === 2) written += '/./';
            else if (character === '/' && choice === 3) written += '/zz/../';
            else if (character === '/' && choice === 4) written += '/%2e/';
            else if (character === '/' && choice === 5) written += '/zz/.%2E/';
            else written += character;
          }
          // `/./` in front of a segment and nothing behind it mean the same.
          request.decode({ target: path });
          const wanted = route();
          if (!written.startsWith('/') || !request.tryDecode({ target: written })) return;
          if (request.head.pathDoubts !== 0) return;
          if (written !== path) respelledCount++;
          assert.equal(route(), wanted, `${path} written ${written}`);
        },
      ),
      { numRuns: process.env['ZPROXY_TEST_FULL'] === '1' ? 500_000 : 10_000 },
    );
    assert.ok(respelledCount > 1_000, String(respelledCount));
  });

  it('finds the same route for any two paths that decode to the same', () => {
    // All strings of up to three pieces of a small alphabet, grouped by what they decode to.
    const pieces = [
      'a',
      '%61',
      '@',
      '%40',
      '.',
      '%2e',
      '/',
      ';',
      '%3B',
      '%25',
      '%2540',
      ':',
      '%3a',
    ];
    const routes = new Map<string, { route: number; path: string }>();
    for (const one of pieces) {
      for (const two of pieces) {
        for (const three of pieces) {
          for (const four of pieces) {
            const path = `/${one}${two}${three}${four}`;
            if (!request.tryDecode({ target: path })) continue;
            if (request.head.pathDoubts !== 0) continue;
            const decoded = decodeURIComponent(request.path);
            const found = { route: route(), path };
            const known = routes.get(decoded);
            if (known === undefined) routes.set(decoded, found);
            else assert.equal(found.route, known.route, `${path} and ${known.path}`);
          }
        }
      }
    }
    assert.ok(routes.size > 1_000);
  });
});

// The route table against its rules: `match` finds what explainRoutes, which is written without it,
// finds; the order of declaration decides between equals alone; and no spelling of a path leads to
// another route unless it is flagged as doubtful.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { DecodedRequest } from '../../tests/support/decoded_request.ts';
import { explainPath, segmentValues } from './explain_path.ts';
import type { ExplainRequest } from './explain_request.ts';
import { explainRoutes } from './explain_routes.ts';
import {
  formatPathPattern,
  parsePathPattern,
  pathVariants,
  readPathPattern,
} from './path_pattern.ts';
import { respelledText } from './path_spelling.ts';
import { PatternProblem } from './pattern_problem.ts';
import type { RouteConditions, ValueCondition } from './route.ts';
import { RouteMatch, RouteTable } from './route_table.ts';
import { compileRouteTable } from './route_table_data.ts';

const NUM_RUNS: number = process.env['ZPROXY_TEST_FULL'] === '1' ? 50_000 : 1_000;

// Few words, so that routes and requests meet.
const hosts = ['a.x', 'b.x', 'x', 'a.b.x', '[::1]', '10.0.0.1'];
const hostPatterns = ['a.x', 'x', '*.x', '**.x', '**.b.x', '*.b.x', '[::1]', '10.0.0.1'];
const segmentPatterns = [
  'a',
  'b',
  'ab',
  '',
  'a@b',
  ':p',
  ':p(\\d+)',
  ':p([ab]+)',
  ':p(\\w+)',
  ':p(a|ab|1)',
  'a:p',
  ':p.b',
  ':p-:q',
  ':p(\\d*)-:q',
  ':p(\\w*)-:q(\\w+)',
  ':p(a*?)-:q([ab-]+)',
];
const words = [
  'a',
  'b',
  'ab',
  'aab',
  '',
  '1',
  '12',
  'a.b',
  'a-b',
  '1-b',
  '-a',
  'a-b-a',
  'a@b',
  'a%40b',
];
const methods = ['GET', 'POST', 'PURGE', 'BREW'];
const values = ['', 'a', 'b', 'ab', 'a b', 'é', 'a=b', '%61', 'a+b'];

const pathPattern = fc
  .tuple(
    fc.array(fc.constantFrom(...segmentPatterns), { minLength: 1, maxLength: 4 }),
    fc.constantFrom('', '', '/*', '/*r', '?'),
  )
  .map(([segments, end]) => {
    let text = '';
    // Each segment has names of its own.
    segments.forEach((segment, index) => {
      text += `/${segment.replaceAll(/:([pq])/g, `:$1${index}`)}`;
    });
    const isEmptyOptional = end === '?' && segments.at(-1) === '';
    const parsed = parsePathPattern(isEmptyOptional ? text : text + end);
    assert.ok(!(parsed instanceof PatternProblem), text + end);
    return formatPathPattern(parsed);
  });

const valueCondition: fc.Arbitrary<ValueCondition> = fc
  .record({
    on: fc.constantFrom('header', 'query', 'cookie'),
    name: fc.constantFrom('x-a', 'x-b', 'accept'),
    kind: fc.constantFrom('present', 'exact', 'prefix', 'pattern'),
    value: fc.constantFrom(...values.filter((value) => !value.includes('+'))),
    isNegated: fc.boolean(),
  })
  .map(({ on, name, kind, value, isNegated }) => ({
    on,
    name,
    test: kind === 'present' ? { kind } : { kind, value },
    isNegated,
  })) as fc.Arbitrary<ValueCondition>;

const someOf = <T>(items: readonly T[], maxLength: number): fc.Arbitrary<T[]> =>
  fc.uniqueArray(fc.constantFrom(...items), { maxLength });

const route: fc.Arbitrary<RouteConditions> = fc.record({
  hosts: fc.oneof(fc.constant([]), someOf(hostPatterns, 2)),
  paths: fc.oneof(fc.constant([]), fc.array(pathPattern, { minLength: 1, maxLength: 2 })),
  methods: fc.oneof({ weight: 2, arbitrary: fc.constant([]) }, someOf(methods, 2)),
  scheme: fc.constantFrom('', '', '', 'http', 'https'),
  values: fc.oneof(
    { weight: 3, arbitrary: fc.constant([]) },
    { weight: 1, arbitrary: fc.array(valueCondition, { maxLength: 2 }) },
  ),
  clientAddress: fc.constantFrom(
    null,
    null,
    null,
    { ranges: [{ host: '10.0.0.0', family: 4, bits: 8 }], isNegated: false },
    { ranges: [{ host: '10.0.0.0', family: 4, bits: 8 }], isNegated: true },
  ),
});

interface Request {
  readonly method: string;
  readonly host: string;
  readonly path: string;
  readonly query: string;
  readonly headers: [string, string][];
  readonly clientHost: string;
  readonly scheme: 'http' | 'https';
}

const queryPiece = fc.constantFrom(
  'x-a',
  'x-b',
  'accept',
  '=',
  '=',
  '&',
  '&',
  '%78-a',
  '%zz',
  ...values,
);
const cookiePiece = fc.constantFrom('x-a', 'x-b', '=', '=', '; ', ';', 'a', 'b', 'ab', ' ');

const request: fc.Arbitrary<Request> = fc.record({
  method: fc.constantFrom('GET', 'GET', ...methods),
  host: fc.constantFrom(...hosts),
  path: fc
    .array(fc.constantFrom(...words), { minLength: 1, maxLength: 5 })
    .map((segments) => `/${segments.join('/')}`),
  query: fc
    .array(queryPiece, { maxLength: 6 })
    .map((pieces) => pieces.join('').replaceAll(' ', '+').replaceAll('é', '%C3%A9')),
  headers: fc.array(
    fc.oneof(
      fc.tuple(fc.constantFrom('X-A', 'x-b', 'Accept', 'x-ab'), fc.constantFrom(...values)),
      fc.tuple(
        fc.constant('Cookie'),
        fc.array(cookiePiece, { maxLength: 7 }).map((pieces) => pieces.join('').trim()),
      ),
    ),
    { maxLength: 3 },
  ),
  clientHost: fc.constantFrom('10.0.0.1', '192.0.2.1', ''),
  scheme: fc.constantFrom('http', 'https'),
});

const decoded = new DecodedRequest();
const result = new RouteMatch();

/** The route, and the values of its parameters. */
function match(table: RouteTable, given: Request): { route: number; params: string[] } {
  const target = given.query === '' ? given.path : `${given.path}?${given.query}`;
  const { method, host, headers, scheme, clientHost } = given;
  decoded.decode({ method, host, target, headers });
  const origin = { scheme, clientHost: () => clientHost };
  const found = table.match(decoded.bytes, decoded.head, origin, result);
  const params: string[] = [];
  for (let i = 0; i < result.paramsCount; i++) {
    params.push(decoded.text(result.params[i * 2]!, result.params[i * 2 + 1]!));
  }
  return { route: found, params };
}

function explained(given: Request): ExplainRequest {
  return { ...given, path: decoded.path };
}

describe('RouteTable', () => {
  it('finds what explainRoutes() finds', () => {
    fc.assert(
      fc.property(
        fc.array(route, { maxLength: 12 }),
        fc.array(request, { minLength: 1, maxLength: 8 }),
        (routes, requests) => {
          const table = new RouteTable(compileRouteTable(routes));
          for (const given of requests) {
            const found = match(table, given);
            const verdicts = explainRoutes(routes, explained(given));
            assert.equal(verdicts.length, routes.length);
            const chosen = verdicts.find((verdict) => verdict.outcome === 'chosen');
            assert.equal(
              found.route,
              chosen?.routeIndex ?? -1,
              JSON.stringify({ verdicts, given }),
            );
            if (found.route < 0) continue;
            checkParams(routes[found.route]!, table.paramNames(result.entryIndex), found.params);
          }
        },
      ),
      { numRuns: NUM_RUNS },
    );
  });

  it('allows the methods of the routes that only lack the method', () => {
    fc.assert(
      fc.property(fc.array(route, { maxLength: 12 }), request, (routes, given) => {
        const table = new RouteTable(compileRouteTable(routes));
        if (match(table, given).route >= 0) return;
        const origin = { scheme: given.scheme, clientHost: () => given.clientHost };
        const allowed = table.allowedMethods(decoded.bytes, decoded.head, origin);
        const wanted = methods.filter((method) => {
          const other = { ...explained(given), method };
          return explainRoutes(routes, other).some((verdict) => verdict.outcome === 'chosen');
        });
        assert.deepEqual(allowed.split(', ').filter(Boolean).sort(), wanted.sort());
      }),
      { numRuns: NUM_RUNS },
    );
  });

  it('lets the order of declaration decide between equals alone', () => {
    fc.assert(
      fc.property(
        fc.array(route, { maxLength: 10 }),
        request,
        fc.infiniteStream(fc.nat()),
        (routes, given, random) => {
          const shuffled = routes
            .map((conditions) => ({ conditions, key: random.next().value as number }))
            .sort((a, b) => a.key - b.key)
            .map(({ conditions }) => conditions);
          const first = match(new RouteTable(compileRouteTable(routes)), given).route;
          const second = match(new RouteTable(compileRouteTable(shuffled)), given).route;
          if (first < 0 || routes[first] === shuffled[second]) {
            assert.equal(second < 0, first < 0);
            return;
          }
          // Whichever stands first wins: nothing but the order tells them apart.
          const pair = [routes[first]!, shuffled[second]!];
          const request = explained(given);
          for (const two of [pair, pair.toReversed()]) {
            const [winner, loser] = explainRoutes(two, request);
            assert.equal(winner!.routeIndex, 0);
            assert.equal(loser!.reason, 'it stands further down');
          }
        },
      ),
      { numRuns: NUM_RUNS },
    );
  });
});

/** The values put into the pattern of the entry make the path again. */
function checkParams(
  conditions: RouteConditions,
  names: readonly string[],
  params: readonly string[],
): void {
  assert.equal(names.length, params.length);
  const path = respelledText(decoded.path);
  const segments = path.slice(1).split('/');
  const fits = conditions.paths
    .flatMap((text) => pathVariants(readPathPattern(text)))
    .filter((pattern) => explainPath(pattern, path).reason === '')
    .map((pattern) => {
      const wanted = pattern.segments.flatMap((segment, index) =>
        segment.length === 0 ? [] : segmentValues(segment, segments[index]!)!,
      );
      if (pattern.wildcard !== '') wanted.push(segments.slice(pattern.segments.length).join('/'));
      return wanted.join(' ');
    });
  if (conditions.paths.length === 0) assert.equal(params.length, 0);
  else assert.ok(fits.includes(params.map(respelledText).join(' ')), `${params} of ${fits}`);
}

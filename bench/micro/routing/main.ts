// Nanoseconds per match of the route table: on the route sets of find-my-way's own benchmark, side
// by side with it, and among 10, 1,000 and 10,000 routes. The wanted values: as fast as find-my-way
// in each case; below 150 ns for a static route and 400 ns for four parameters among 10,000 routes,
// which may cost 1.3 times what 10 do.
//
//   node bench/micro/routing/main.ts
//
// find-my-way is asked as its own benchmark asks it: `lookup` of a request, which also decodes the
// path and calls the handler. `find` does less, and is told the constraints that `lookup` reads out
// of the request. Ours is given what the codec leaves of a request.

import findMyWay from 'find-my-way';
import { RouteTable } from '../../../src/routing/route_table.ts';
import { compileRouteTable } from '../../../src/routing/route_table_data.ts';
import type { Case } from './find_my_way_cases.ts';
import { CASES } from './find_my_way_cases.ts';
import { largeTable, RequestSequence, spread } from './large_tables.ts';
import { conditionsOf, ORIGIN, TableRequest, VERSION_FIELD } from './table_request.ts';

/** How often and how long is measured; a test asks for little. */
export interface Effort {
  readonly rounds: number;
  readonly iterations: number;
}

/** Requests that stay in the caches; a power of two. */
const REQUESTS_COUNT = 8;
const COMPILE_ROUNDS = 8;

const FULL: Effort = { rounds: 15, iterations: 200_000 };

/** Runs all of it and writes a line per result. Throws where a match is not the wanted one. */
export function runBenchmark(effort: Effort, write: (line: string) => void): void {
  write('find-my-way route set (ns): ours, lookup, find');
  for (const given of CASES) {
    const [ours, lookup, find] = measureCase(given, effort) as [number, number, number];
    const ratio = (lookup / ours).toFixed(1);
    write(`${given.name.padEnd(30)} ${format(ours)} ${format(lookup)} ${format(find)}  x${ratio}`);
  }
  write(
    'table size: eight routes in turn (ns): without parameters, with four; all of them; compile',
  );
  for (const routesCount of [10, 1_000, 10_000]) write(measureSize(routesCount, effort));
}

function measureSize(routesCount: number, effort: Effort): string {
  const { routes, texts, parameters } = largeTable(routesCount);
  const conditions = routes.map(conditionsOf);
  const table = new RouteTable(structuredClone(compileRouteTable(conditions)));
  const requests = [texts, parameters].flatMap((all) => [
    new RequestSequence(table, spread(all, REQUESTS_COUNT)),
    // So many that each finds the caches cold, up to their own bytes.
    new RequestSequence(table, spread(all, all.length)),
  ]);
  const [textFew, textAll, parametersFew, parametersAll] = measure(
    effort,
    requests.map((sequence) => (i) => check(sequence.match(i))),
  ) as [number, number, number, number];
  const compile: number[] = [];
  for (let i = 0; i < COMPILE_ROUNDS; i++) {
    const start = performance.now();
    compileRouteTable(conditions);
    compile.push(performance.now() - start);
  }
  const few = `${format(textFew)} ${format(parametersFew)}`;
  const all = `${format(textAll)} ${format(parametersAll)}`;
  return `${String(routesCount).padEnd(30)} ${few}  ${all}  ${Math.min(...compile).toFixed(1)} ms`;
}

/** Ours, then `lookup` and `find` of find-my-way. */
function measureCase(given: Case, effort: Effort): number[] {
  const request = new TableRequest(given.routes.map(conditionsOf), [given]);
  const wanted = request.match(0);
  check(wanted >= 0);
  const { table, bytes, result } = request;
  const head = request.heads[0]!;
  const router = findMyWay();
  let handled = 0;
  for (const { path, host, version } of given.routes) {
    const constraints: Record<string, string> = {};
    if (host !== undefined) constraints['host'] = host;
    if (version !== undefined) constraints['version'] = version;
    router.on('GET', path, { constraints }, () => {
      handled++;
    });
  }
  const headers: Record<string, string> = {};
  const constraints: Record<string, string> = {};
  if (given.host !== undefined) headers['host'] = constraints['host'] = given.host;
  if (given.version !== undefined) {
    headers[VERSION_FIELD] = constraints['version'] = given.version;
  }
  const asked = { method: 'GET', url: given.path, headers } as never;
  return measure(effort, [
    () => check(table.match(bytes, head, ORIGIN, result) === wanted),
    () => {
      const before = handled;
      router.lookup(asked, null as never);
      check(handled === before + 1);
    },
    () => check(router.find('GET', given.path, constraints as never) !== null),
  ]);
}

/**
 * Nanoseconds of one run of each, in its best round: what others do on the machine only adds. The
 * rounds are interleaved, so that it adds to all.
 */
function measure(effort: Effort, runs: readonly ((i: number) => void)[]): number[] {
  const best = runs.map(() => Number.POSITIVE_INFINITY);
  for (let round = 0; round < effort.rounds; round++) {
    runs.forEach((run, index) => {
      const start = performance.now();
      for (let i = 0; i < effort.iterations; i++) run(i);
      const nanoseconds = ((performance.now() - start) * 1e6) / effort.iterations;
      best[index] = Math.min(best[index]!, nanoseconds);
    });
  }
  return best;
}

function format(nanoseconds: number): string {
  return nanoseconds.toFixed(0).padStart(6);
}

function check(isAsWanted: boolean): void {
  if (!isAsWanted) throw new Error('a measured request was not matched as wanted');
}

if (import.meta.main) runBenchmark(FULL, (line) => process.stdout.write(`${line}\n`));

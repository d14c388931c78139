// Route tables of the sizes that services have, in the shapes of a REST interface: for how the cost
// of a match, and of compiling, grows with the number of routes.

import { RequestHead } from '../../../src/http/message_head.ts';
import { Method } from '../../../src/http/methods.ts';
import { RouteMatch, type RouteTable } from '../../../src/routing/route_table.ts';
import type { Route } from './find_my_way_cases.ts';
import { ORIGIN } from './table_request.ts';

/** A path and the route that it leads to. */
export interface WantedRoute {
  readonly path: string;
  readonly route: number;
}

export interface LargeTable {
  readonly routes: readonly Route[];
  /** A request for each route without parameters, and for each with four. */
  readonly texts: readonly WantedRoute[];
  readonly parameters: readonly WantedRoute[];
}

/** Half of the routes without parameters, half with four. */
export function largeTable(routesCount: number): LargeTable {
  const half = routesCount / 2;
  const indexes = Array.from({ length: half }, (_, i) => i);
  const pattern = (i: number): string => parameterPath(i, ':org', ':project', ':kind', ':id');
  return {
    routes: [
      ...indexes.map((i) => ({ path: textPath(i) })),
      ...indexes.map((i) => ({ path: pattern(i) })),
    ],
    texts: indexes.map((i) => ({ path: textPath(i), route: i })),
    parameters: indexes.map((i) => ({
      path: parameterPath(i, 'acme', 'rocket-skates', 'manual', '1234567'),
      route: half + i,
    })),
  };
}

/** `count` of them, spread over the table; some twice where it has fewer. */
export function spread(all: readonly WantedRoute[], count: number): WantedRoute[] {
  // A step without a factor in common with the length comes to every place, far from the last.
  let step = Math.floor(all.length * 0.618) | 1;
  while (all.length % step === 0 && step > 1) step += 2;
  return Array.from({ length: count }, (_, k) => all[(k * step) % all.length]!);
}

/** Requests one after the other in one head, as a worker has them. */
export class RequestSequence {
  readonly #table: RouteTable;
  readonly #bytes: Uint8Array;
  readonly #starts: Int32Array;
  readonly #wanted: Int32Array;
  readonly #head = new RequestHead();
  readonly #result = new RouteMatch();

  constructor(table: RouteTable, requests: readonly WantedRoute[]) {
    this.#table = table;
    this.#bytes = new TextEncoder().encode(requests.map(({ path }) => path).join(''));
    this.#starts = new Int32Array(requests.length + 1);
    requests.forEach(({ path }, i) => {
      this.#starts[i + 1] = this.#starts[i]! + path.length;
    });
    this.#wanted = Int32Array.from(requests, ({ route }) => route);
    this.#head.method = Method.GET;
  }

  /** Whether the request of that turn is matched to its route. */
  match(turn: number): boolean {
    const i = turn % this.#wanted.length;
    const head = this.#head;
    head.targetStart = this.#starts[i]!;
    head.targetEnd = head.pathEnd = this.#starts[i + 1]!;
    return this.#table.match(this.#bytes, head, ORIGIN, this.#result) === this.#wanted[i];
  }
}

function textPath(i: number): string {
  return `/service-${i % 97}/resource-${i}/settings/list`;
}

function parameterPath(i: number, a: string, b: string, c: string, d: string): string {
  return `/service-${i % 97}/v1/${a}/projects/${b}/area-${i}/${c}/items/${d}`;
}

// Routes that can never be chosen because others with the same host, path and conditions stand
// before them and take all of their methods: an error of the configuration.

import { pathShape, pathVariants, readPathPattern } from './path_pattern.ts';
import type { RouteConditions } from './route.ts';

export interface RoutePair {
  /** The one that takes the requests, or the first of those that do. */
  readonly first: number;
  /** The one that is never chosen. */
  readonly second: number;
}

/** What the routes before have taken of one host, path and set of conditions. */
interface Taken {
  /** The first route for any method; -1 for none. */
  anyMethod: number;
  /** By method, the first route that names it. */
  readonly methods: Map<string, number>;
}

/**
 * The routes that are never chosen, in order. A route with several hosts or paths is one only where
 * each of its combinations is taken.
 */
export function findIndistinguishable(conditions: readonly RouteConditions[]): RoutePair[] {
  const places = new Map<string, Taken>();
  const pairs: RoutePair[] = [];
  conditions.forEach((given, route) => {
    const keys = placesOf(given);
    const takers = keys.map((key) => takerOf(places.get(key), given.methods));
    if (takers.every((taker) => taker >= 0)) {
      pairs.push({ first: Math.min(...takers), second: route });
    }
    for (const key of keys) take(places, key, given.methods, route);
  });
  return pairs;
}

/** Each host and path of a route, with its other conditions, as keys that equal places share. */
function placesOf(given: RouteConditions): string[] {
  const hosts = given.hosts.length === 0 ? [''] : given.hosts;
  const shapes = given.paths.flatMap((path) =>
    pathVariants(readPathPattern(path)).map((pattern) => pathShape(pattern)),
  );
  const rest = conditionsKey(given);
  const keys: string[] = [];
  for (const host of hosts) {
    // No shape is empty.
    for (const shape of shapes.length === 0 ? [''] : shapes) keys.push(`${host} ${shape} ${rest}`);
  }
  return keys;
}

/** The order of conditions does not matter. */
function conditionsKey({ scheme, values, clientAddress }: RouteConditions): string {
  if (values.length === 0 && clientAddress === null) return scheme;
  const valueKeys = values
    .map(({ on, name, test, isNegated }) => {
      const value = test.kind === 'present' ? '' : test.value;
      return JSON.stringify([on, name, test.kind, value, isNegated]);
    })
    .sort();
  const ranges = clientAddress?.ranges.map((range) => `${range.host}/${range.bits}`).sort();
  return JSON.stringify([scheme, valueKeys, ranges ?? null, clientAddress?.isNegated ?? false]);
}

/** Who takes all the methods; -1 where some are left. A named method goes before any. */
function takerOf(taken: Taken | undefined, methods: readonly string[]): number {
  if (taken === undefined) return -1;
  if (methods.length === 0) return taken.anyMethod;
  let first = Number.POSITIVE_INFINITY;
  for (const method of methods) {
    const taker = taken.methods.get(method);
    if (taker === undefined) return -1;
    first = Math.min(first, taker);
  }
  return first;
}

function take(
  places: Map<string, Taken>,
  key: string,
  methods: readonly string[],
  route: number,
): void {
  let taken = places.get(key);
  if (taken === undefined) {
    taken = { anyMethod: -1, methods: new Map() };
    places.set(key, taken);
  }
  if (methods.length === 0 && taken.anyMethod < 0) taken.anyMethod = route;
  for (const method of methods) if (!taken.methods.has(method)) taken.methods.set(method, route);
}

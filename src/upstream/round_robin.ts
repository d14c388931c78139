// Smooth weighted round robin: each endpoint's current weight grows by its weight, the largest is
// picked and gives back the sum. With weights 5, 1, 1 that is a a b a c a a, not five times a in
// a row. Endpoints that cannot serve now take no part, and lose no turn.

import type { Endpoint } from './endpoint.ts';

/** The endpoint whose turn it is among those that can serve, or null. */
export function pickRoundRobin(
  endpoints: readonly Endpoint[],
  freshOnly: boolean,
): Endpoint | null {
  let best: Endpoint | null = null;
  let total = 0;
  for (let i = 0; i < endpoints.length; i++) {
    const endpoint = endpoints[i]!;
    const { weight } = endpoint.options;
    if (weight === 0 || !endpoint.canServe(freshOnly)) continue;
    total += weight;
    endpoint.currentWeight += weight;
    if (best === null || endpoint.currentWeight > best.currentWeight) best = endpoint;
  }
  if (best !== null) best.currentWeight -= total;
  return best;
}

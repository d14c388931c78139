// Smooth weighted round robin: each endpoint's current weight grows by its weight, the largest is
// picked and gives back the sum. With weights 5, 1, 1 that is a a b a c a a, not five times a in
// a row. Endpoints that cannot serve now take no part, and lose no turn.
//
// The current weights of all add up to 0 between two picks, and each stays within the sum of the
// weights: so whoever takes them over brings them to that form.

import type { EndpointShare } from './endpoint_share.ts';

/** The endpoint whose turn it is among those that can serve, or null. */
export function pickRoundRobin(
  shares: readonly EndpointShare[],
  freshOnly: boolean,
): EndpointShare | null {
  let best: EndpointShare | null = null;
  let total = 0;
  for (let i = 0; i < shares.length; i++) {
    const share = shares[i]!;
    const { weight } = share;
    if (weight === 0 || !share.endpoint.canServe(freshOnly)) continue;
    total += weight;
    share.currentWeight += weight;
    if (best === null || share.currentWeight > best.currentWeight) best = share;
  }
  if (best !== null) best.currentWeight -= total;
  return best;
}

/**
 * Goes on where the snapshot before was, as far as it had the same endpoints: otherwise the first
 * one would get a turn more with every reload.
 */
export function takeOverTurns(
  shares: readonly EndpointShare[],
  before: readonly EndpointShare[],
): void {
  const factor = weightSum(shares) / Math.max(1, weightSum(before));
  const turns = new Map(before.map((share) => [share.endpoint, share.currentWeight * factor]));
  const active = shares.filter((share) => share.weight > 0);
  let sum = 0;
  for (const share of active) {
    share.currentWeight = turns.get(share.endpoint) ?? 0;
    sum += share.currentWeight;
  }
  for (const share of active) share.currentWeight -= sum / active.length;
}

function weightSum(shares: readonly EndpointShare[]): number {
  return shares.reduce((sum, share) => sum + share.weight, 0);
}

// Seeds of the simulation: 150, or 1,000 with ZPROXY_TEST_FULL=1. ZPROXY_SEED runs a single one
// again. The run fails where a kind of fault, or a kind of peer, has not taken part at least 50
// times.

import { strict as assert } from 'node:assert';
import { describe, it } from 'node:test';
import { FAULT_KINDS } from '../support/simulated_faults.ts';
import { CLIENT_KINDS, LEAVINGS, REQUEST_KINDS, RESPONSE_KINDS } from './plans.ts';
import { RELOAD_KINDS } from './reloads.ts';
import { type SimulationResult, simulate } from './simulate.ts';

const SEEDS_COUNT: number = process.env['ZPROXY_TEST_FULL'] === '1' ? 1_000 : 150;
const EACH_AT_LEAST = 50;
const single: string | undefined = process.env['ZPROXY_SEED'];

describe('simulation', () => {
  if (single !== undefined) {
    it(`runs seed ${single}`, async () => {
      await simulate(Number(single));
    });
    return;
  }

  const totals = new Map<string, number>();
  const sums = { requests: 0, proxied: 0, refused: 0, retried: 0 };

  it(`keeps every exchange apart over ${SEEDS_COUNT} seeds`, async () => {
    for (let seed = 1; seed <= SEEDS_COUNT; seed++) addUp(await run(seed));
  });

  it('has seen every kind of fault and of peer often enough', (context) => {
    const names = [
      ...FAULT_KINDS.map((kind) => `fault ${kind}`),
      ...CLIENT_KINDS.map((kind) => `client ${kind}`),
      ...REQUEST_KINDS.map((kind) => `request ${kind}`),
      ...RESPONSE_KINDS.map((kind) => `response ${kind}`),
      ...RELOAD_KINDS.map((kind) => `reload ${kind}`),
    ];
    const tooFew = names.filter((name) => (totals.get(name) ?? 0) < EACH_AT_LEAST);
    context.diagnostic(`${JSON.stringify(sums)} ${JSON.stringify(Object.fromEntries(totals))}`);
    assert.deepEqual(tooFew, [], 'kinds seen too seldom');
    for (const leaving of LEAVINGS) assert.ok(totals.has(`client ${leaving}`), leaving);
    assert.ok(sums.proxied > sums.requests / 4, 'a good part of the requests is answered');
    assert.ok(sums.retried > 0, 'some requests are sent again');
  });

  function addUp(result: SimulationResult): void {
    for (const [name, count] of result.kinds) totals.set(name, (totals.get(name) ?? 0) + count);
    for (const kind of FAULT_KINDS) {
      const name = `fault ${kind}`;
      totals.set(name, (totals.get(name) ?? 0) + result.faults[kind]);
    }
    sums.requests += result.requestsCount;
    sums.proxied += result.proxiedCount;
    sums.refused += result.refusedCount;
    sums.retried += result.retriedCount;
  }
});

/** A failure says how it is had again. */
async function run(seed: number): Promise<SimulationResult> {
  try {
    return await simulate(seed);
  } catch (error) {
    throw new Error(`seed ${seed} (ZPROXY_SEED=${seed} runs it alone)`, { cause: error });
  }
}

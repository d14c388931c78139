// One run of the simulation: the real downstream, proxy and upstream code between scripted peers on
// a network with faults, with reloads in between, all of it drawn from one seed. Throws where the
// oracle is not satisfied.

import { strict as assert } from 'node:assert';
import { ENDPOINTS_MAX } from '../../src/base/limits.ts';
import { CELLS_COUNT, Cell, EndpointCell, endpointCell } from '../../src/base/metrics_cells.ts';
import type { SocketAddress } from '../../src/base/socket_address.ts';
import type { Acceptor, Listener } from '../../src/ring/transport.ts';
import { DataPlane } from '../../src/server/data_plane.ts';
import { Random } from '../support/random.ts';
import { FAULT_KINDS, type FaultKind, type FaultRates } from '../support/simulated_faults.ts';
import { SimulatedNetwork } from '../support/simulated_network.ts';
import { Ledger } from './ledger.ts';
import { drawClients, SOUND_RESPONSES } from './plans.ts';
import { drawReloads, Reloads } from './reloads.ts';
import { ScriptedClient } from './scripted_client.ts';
import { ScriptedUpstream } from './scripted_upstream.ts';

/** Likelihood of each kind in a run that has it. */
const RATES: FaultRates = {
  shortRead: 0.2,
  shortWrite: 0.2,
  reset: 0.01,
  delay: 0.1,
  noBuffer: 0.1,
  emptyPool: 0.03,
  connectRefused: 0.15,
  connectTimedOut: 0.1,
  acceptStarved: 0.2,
};
/** Apart from the seed that everything else is drawn from. */
const RELOAD_SEED = 1_000_000;
/** Every so many runs nothing goes wrong, and then everything has to work. */
const CALM_EVERY = 5;
const ENDPOINTS: readonly SocketAddress[] = [
  { kind: 'tcp', host: '10.0.0.1', port: 9000, family: 4 },
  { kind: 'tcp', host: '10.0.0.2', port: 9000, family: 4 },
];

/** What a run has seen. */
export interface SimulationResult {
  readonly faults: Readonly<Record<FaultKind, number>>;
  /** How often each planned kind of request, response, client and leaving took part. */
  readonly kinds: ReadonlyMap<string, number>;
  readonly requestsCount: number;
  /** Answers of the upstream that a client got whole; answers of the proxy; requests sent twice. */
  readonly proxiedCount: number;
  readonly refusedCount: number;
  readonly retriedCount: number;
}

export async function simulate(seed: number): Promise<SimulationResult> {
  const random = new Random(seed);
  const isCalm = seed % CALM_EVERY === 0;
  const network = new SimulatedNetwork({ seed, faults: isCalm ? {} : drawFaults(random) });
  const cells = new Float64Array(CELLS_COUNT);
  const ledger = new Ledger();
  for (const address of ENDPOINTS) {
    new ScriptedUpstream(network, address, ledger, random.fork());
  }
  const reloads = new Reloads();
  const opened = openDataPlane(network, cells, reloads);
  const { plane } = opened;
  const plans = drawClients(random, seed);
  const clients: ScriptedClient[] = [];
  for (const plan of plans) {
    network.after(plan.startMs, () => {
      clients.push(new ScriptedClient(network, opened.listener(), plan, ledger, random.fork()));
    });
  }
  let nowMs = 0;
  // A source of its own: what else is drawn stays what it was without reloads.
  for (const { atMs, kind } of drawReloads(new Random(seed + RELOAD_SEED), isCalm)) {
    network.advance(atMs - nowMs);
    nowMs = atMs;
    await reloads.run(plane, kind);
  }
  network.advance(400_000); // longer than every timeout after another
  for (const client of clients) client.leave();
  network.calm();
  closeDown(network, plane, cells);
  if (isCalm) checkCalm(clients);
  return summarize(network, clients, ledger, cells, reloads);
}

function drawFaults(random: Random): Partial<FaultRates> {
  const rates: Partial<Record<FaultKind, number>> = {};
  for (const kind of FAULT_KINDS) if (random.chance(0.6)) rates[kind] = RATES[kind];
  return rates;
}

function openDataPlane(
  network: SimulatedNetwork,
  cells: Float64Array,
  reloads: Reloads,
): { readonly plane: DataPlane; listener(): Listener } {
  const { transport } = network;
  let listener: Listener | null = null;
  const listen = transport.listen.bind(transport);
  transport.listen = (descriptor: number, acceptor: Acceptor): ReturnType<typeof listen> => {
    const opened = listen(descriptor, acceptor);
    listener = opened;
    return opened;
  };
  const plane = new DataPlane({
    ...reloads.first(),
    transport,
    cells,
    accessLog: null,
    log: { log: () => {} },
  });
  return {
    plane,
    listener: () => {
      assert(listener !== null, 'the data plane listens');
      return listener;
    },
  };
}

/** Drains, and checks that nothing is left: no connection, buffer, timer or exchange. */
function closeDown(network: SimulatedNetwork, plane: DataPlane, cells: Float64Array): void {
  let isDrained = false;
  plane.drain(() => {
    isDrained = true;
  });
  network.advance(200_000);
  assert.ok(isDrained, 'the drain comes to its end');
  const { transport, pool } = network;
  assert.equal(transport.connectionsCount, 0, 'connections are left');
  assert.equal(pool.ownedCount, 0, 'buffers are left');
  assert.equal(transport.timers.count, 0, 'timers are left');
  assert.equal(cells[Cell.EXCHANGES_OPEN], 0, 'exchanges are left');
  assert.equal(cells[Cell.CONNECTIONS_OPEN], 0, 'connections are counted as open');
  for (let slot = 0; slot < ENDPOINTS_MAX; slot++) {
    const first = endpointCell(slot);
    assert.equal(cells[first + EndpointCell.IN_FLIGHT], 0, `slot ${slot} has exchanges`);
    assert.equal(cells[first + EndpointCell.CONNECTIONS], 0, `slot ${slot} has connections`);
  }
}

/** Where nothing goes wrong a patient client gets every answer that its upstream gives. */
function checkCalm(clients: readonly ScriptedClient[]): void {
  for (const client of clients) {
    if (!client.isPatient) continue;
    for (const [index, exchange] of client.exchanges.entries()) {
      const { plan, attempts, status, isProxied } = exchange;
      // Behind an answer that ends the connection, the rest of a client's plan is not served.
      if (!SOUND_RESPONSES.has(plan.response.kind)) break;
      if (attempts === 0 && index > 0) break;
      assert.notEqual(status, '', `${plan.id} is answered`);
      // What may not be sent again can fail on a connection that its upstream has just closed.
      const isSafe = plan.kind === 'head' || plan.method === 'GET';
      if (isSafe) assert.ok(isProxied, `${plan.id} is answered by its upstream`);
    }
  }
}

function summarize(
  network: SimulatedNetwork,
  clients: readonly ScriptedClient[],
  ledger: Ledger,
  cells: Float64Array,
  reloads: Reloads,
): SimulationResult {
  const kinds = new Map<string, number>();
  for (const [kind, times] of reloads.counts) kinds.set(`reload ${kind}`, times);
  const count = (name: string): void => void kinds.set(name, (kinds.get(name) ?? 0) + 1);
  for (const { plan } of clients) {
    count(`client ${plan.kind}`);
    count(`client ${plan.leaving}`);
  }
  const { exchanges } = ledger;
  for (const { plan, attempts, answers } of exchanges) {
    if (attempts === 0) continue;
    count(`request ${plan.kind}`);
    const isAnswer = !['dead', 'invalid', 'silent'].includes(plan.response.kind);
    if (!isAnswer || answers.length > 0) count(`response ${plan.response.kind}`);
  }
  return {
    faults: network.faults.counts,
    kinds,
    requestsCount: exchanges.length,
    proxiedCount: exchanges.filter(({ isProxied }) => isProxied).length,
    refusedCount: exchanges.filter(({ isProxied, status }) => status !== '' && !isProxied).length,
    retriedCount: cells[Cell.RETRIES]!,
  };
}

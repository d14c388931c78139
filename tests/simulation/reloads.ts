// Reloads of a simulation: snapshots that differ in what a reload may change, prepared and
// committed (or given up) while exchanges are under way. The oracle stays the same: no exchange may
// notice.

import type { Config } from '../../src/config/config.ts';
import type { Snapshot } from '../../src/config/snapshot.ts';
import type { DataPlane } from '../../src/server/data_plane.ts';
import { EndpointSlots } from '../../src/server/endpoint_slots.ts';
import type { WorkerListener } from '../../src/server/worker_protocol.ts';
import { compileSnapshot } from '../support/compile_snapshot.ts';
import type { Random } from '../support/random.ts';

export const RELOAD_KINDS = [
  'same', // nothing but the hash
  'endpointGone',
  'endpointsSwapped', // in their order and weights
  'upstreamRenamed',
  'listenerReplaced',
  'timeoutsAndLimits',
  'abandoned',
] as const;
export type ReloadKind = (typeof RELOAD_KINDS)[number];

/** A reload of the plan: when, and what it changes. */
export interface ReloadPlan {
  readonly atMs: number;
  readonly kind: ReloadKind;
}

const FIRST = 'http://10.0.0.1:9000';
const SECOND = 'http://10.0.0.2:9000';
const RELOADS_MAX = 8;
const RELOAD_MS_MAX = 1_500;
/** The one listening address; a replaced listener is another socket at the next one. */
const FIRST_PORT = 8080;

/** In a calm run no limit may stand in the way of anybody. */
export function drawReloads(random: Random, isCalm: boolean): ReloadPlan[] {
  const plans: ReloadPlan[] = [];
  const count = random.integer(0, RELOADS_MAX);
  const kinds = isCalm ? RELOAD_KINDS.filter((kind) => kind !== 'timeoutsAndLimits') : RELOAD_KINDS;
  for (let i = 0; i < count; i++) {
    plans.push({ atMs: random.integer(0, RELOAD_MS_MAX), kind: random.pick(kinds) });
  }
  return plans.sort((left, right) => left.atMs - right.atMs);
}

const compiled = new Map<string, Snapshot>();

/** The snapshots of one run, one after the other. */
export class Reloads {
  readonly counts: Map<ReloadKind, number> = new Map();
  readonly #slots: EndpointSlots = new EndpointSlots({ isIdle: () => true, clear: () => {} });
  #port = FIRST_PORT;

  /** What the run begins with. */
  first(): { readonly snapshot: Snapshot; readonly listeners: readonly WorkerListener[] } {
    const plan = this.#slots.prepare(snapshotOf('same', this.#port));
    this.#slots.commit(plan);
    return { snapshot: plan.snapshot, listeners: this.#listeners() };
  }

  /** Prepares another snapshot and puts it in place. */
  async run(plane: DataPlane, kind: ReloadKind): Promise<void> {
    this.counts.set(kind, (this.counts.get(kind) ?? 0) + 1);
    const port = kind === 'listenerReplaced' ? this.#port + 1 : this.#port;
    const slotPlan = this.#slots.prepare(snapshotOf(kind, port));
    const prepared = await plane.prepare(slotPlan.snapshot);
    if (prepared === null) throw new Error('nobody gave it up');
    if (kind === 'abandoned') {
      plane.abandon(prepared);
      return;
    }
    this.#port = port;
    this.#slots.commit(slotPlan);
    void plane.commit(prepared, this.#listeners());
  }

  #listeners(): WorkerListener[] {
    return [{ descriptor: 3, listenerIndex: 0, socketId: this.#port }];
  }
}

function snapshotOf(kind: ReloadKind, port: number): Snapshot {
  const key = `${kind} ${port}`;
  let snapshot = compiled.get(key);
  if (snapshot === undefined) {
    snapshot = compileSnapshot(configOf(kind, port));
    compiled.set(key, snapshot);
  }
  return snapshot;
}

function configOf(kind: ReloadKind, port: number): Config {
  const name = kind === 'upstreamRenamed' ? 'other' : 'origin';
  const limits =
    kind === 'timeoutsAndLimits'
      ? { upstreamIdleConnections: 1, upstreamConnections: 4, responseHead: '16KiB' as const }
      : {};
  return {
    listeners: [{ address: `127.0.0.1:${port}` }],
    upstreams: { [name]: { endpoints: endpointsOf(kind), limits } },
    routes: [{ upstream: name }],
    accessLog: false,
    ...(kind === 'timeoutsAndLimits' ? { timeouts: { keepAliveIdle: '3s', firstByte: '5s' } } : {}),
  };
}

function endpointsOf(kind: ReloadKind): NonNullable<Config['upstreams']>[string]['endpoints'] {
  if (kind === 'endpointGone') return [SECOND];
  if (kind === 'endpointsSwapped') return [{ url: SECOND, weight: 3 }, FIRST];
  return [FIRST, SECOND];
}

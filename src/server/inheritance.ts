// What a supervisor has from an earlier program in the same process, and what it opens itself where
// there was none, or where what there was is not for it.

import type { Snapshot } from '../config/snapshot.ts';
import { closeDescriptor } from '../sys/sockets.ts';
import { AdoptedWorker, AdoptedWorkers } from './adopted_worker.ts';
import { addTotals } from './counter_totals.ts';
import { EndpointSlots } from './endpoint_slots.ts';
import type { HandOverState } from './hand_over.ts';
import { ListeningSockets } from './listening_sockets.ts';
import { SharedRows } from './shared_rows.ts';
import { removeSocketFile } from './socket_file.ts';
import type { SocketPlan } from './socket_plan.ts';

export interface Inheritance {
  readonly state: HandOverState;
  /** Workers of the earlier program, which serve until ours do. */
  readonly workers: AdoptedWorkers;
  /** The shared segment has our layout. */
  readonly isSegmentOurs: boolean;
}

/** Takes over what was left. */
export function inherit(state: HandOverState): Inheritance {
  const isSegmentOurs = SharedRows.isOurs(state.segmentDescriptor);
  const workers = state.workers.map(
    (saved) => new AdoptedWorker(saved, isSegmentOurs ? saved.row : -1),
  );
  return { state, workers: new AdoptedWorkers(workers), isSegmentOurs };
}

/** Rows and the slots of endpoints in them: those that there are, or new ones. */
export function openRows(inheritance: Inheritance | null): {
  readonly shared: SharedRows;
  readonly endpointSlots: EndpointSlots;
} {
  const shared = inheritance?.isSegmentOurs ? adoptRows(inheritance) : SharedRows.create();
  const endpointSlots = new EndpointSlots(shared.rows);
  if (inheritance !== null) {
    const { state } = inheritance;
    endpointSlots.restore(state.endpointSlots);
    if (!inheritance.isSegmentOurs) {
      addTotals(shared.rows.totals, state.totals, state.endpointSlots);
    }
  }
  return { shared, endpointSlots };
}

/**
 * The listening sockets, and the plan for this snapshot: in use already, or, where sockets were
 * inherited, to be committed once there are workers for it. Throws a ZProxyError.
 */
export function openSockets(
  snapshot: Snapshot,
  workersCount: number,
  inheritance: Inheritance | null,
): { readonly sockets: ListeningSockets; readonly plan: SocketPlan } {
  if (inheritance === null) {
    const sockets = new ListeningSockets(snapshot.listeners, workersCount);
    return { sockets, plan: sockets.plan };
  }
  const sockets = ListeningSockets.adopt(inheritance.state.listeners);
  return { sockets, plan: sockets.prepare(snapshot.listeners, workersCount) };
}

/** The end of it all, where no supervisor came of it. */
export function closeInheritance({ state }: Inheritance): void {
  const { control, metrics } = state;
  if (control?.file) removeSocketFile(control.path, control.file);
  if (metrics?.file && metrics.address.kind === 'unix') {
    removeSocketFile(metrics.address.path, metrics.file);
  }
  ListeningSockets.adopt(state.listeners).close();
  closeDescriptor(state.segmentDescriptor);
}

function adoptRows({ state, workers }: Inheritance): SharedRows {
  const left = workers.takeRowsLeft();
  const owned = [...left, ...workers.living.map(({ row }) => row)];
  const shared = SharedRows.adopt(state.segmentDescriptor, owned);
  for (const row of left) shared.rows.release(row);
  return shared;
}

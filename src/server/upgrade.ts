// Zero-downtime upgrade: this program becomes its next version in the same process, so that the
// process id stays, and hands over what must not be closed. Workers go on serving meanwhile; the
// next version starts its own beside them, and they retire once those accept (start_supervisor.ts).
//
//   trial of the new version -> workers told 'hand-over' -> state to memory -> execve
//         \-- refused: nothing has changed                                       \-- as before

import type { Snapshot } from '../config/snapshot.ts';
import { ignoreSignals } from '../sys/program_change.ts';
import { readTotals } from './counter_totals.ts';
import type { EndpointSlots } from './endpoint_slots.ts';
import { becomeProgram, HAND_OVER_VERSION, type HandOverState, packSnapshot } from './hand_over.ts';
import type { ListeningSockets } from './listening_sockets.ts';
import type { FlushableLog } from './log.ts';
import type { OperatorSockets } from './operator_sockets.ts';
import type { SharedRows } from './shared_rows.ts';
import type { SignalInbox } from './signals.ts';
import type { ChangeStatus } from './status_report.ts';
import type { Command } from './upgrade_trial.ts';
import type { WorkerFleet } from './worker_fleet.ts';

/** A worker that stands still must not hold the others up. */
const TELL_TIMEOUT_MS = 2_000;
const LOG_FLUSH_MS = 1_000;

export interface UpgradeParts {
  readonly log: FlushableLog;
  readonly signals: SignalInbox | null;
  /** Of the program that runs now. */
  readonly program: { readonly launcher: string; readonly version: string };
  readonly snapshot: Snapshot;
  readonly fleet: WorkerFleet;
  readonly sockets: ListeningSockets;
  readonly shared: SharedRows;
  readonly endpointSlots: EndpointSlots;
  readonly operatorSockets: OperatorSockets;
  readonly reloads: ChangeStatus;
  readonly upgrades: ChangeStatus;
}

/** Becomes that program, which goes on with what is open here. Rejects where that fails. */
export async function becomeNext(parts: UpgradeParts, command: Command): Promise<never> {
  const { fleet, log, signals } = parts;
  await fleet.hold();
  try {
    await Promise.race([fleet.tell({ type: 'hand-over' }), delay(TELL_TIMEOUT_MS)]);
    await log.flushed(LOG_FLUSH_MS);
    signals?.suspend(ignoreSignals);
    becomeProgram(command, saveState(parts));
  } catch (error) {
    signals?.resume();
    fleet.release();
    throw error;
  }
}

function saveState(parts: UpgradeParts): HandOverState {
  const endpointSlots = parts.endpointSlots.save();
  return {
    version: HAND_OVER_VERSION,
    program: parts.program,
    failure: '',
    failedVersion: '',
    listeners: parts.sockets.plan.listeners,
    segmentDescriptor: parts.shared.descriptor,
    totals: readTotals(parts.shared.rows.all(), endpointSlots),
    endpointSlots,
    workers: parts.fleet.save(),
    ...parts.operatorSockets.save(),
    reloads: parts.reloads,
    upgrades: parts.upgrades,
    snapshot: packSnapshot(parts.snapshot),
  };
}

function delay(delayMs: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, delayMs).unref();
  });
}

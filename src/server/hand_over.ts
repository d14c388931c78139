// What one program of the supervisor leaves to the next in the same process: open sockets, the
// shared segment, workers that still serve, counters. It is written as JSON to a file in memory
// whose descriptor the next program finds in its environment. Everything in it is checked by
// version only: it comes from ourselves, and from nobody else.

import { readFileSync } from 'node:fs';
import { deserialize, serialize } from 'node:v8';
import { ZProxyError } from '../base/errors.ts';
import type { ListenAddress, Snapshot } from '../config/snapshot.ts';
import { closeOnExec, keepOnExec } from '../sys/program_change.ts';
import { createMemoryFile } from '../sys/shared_memory.ts';
import { closeDescriptor } from '../sys/sockets.ts';
import type { CounterTotals } from './counter_totals.ts';
import type { SavedSlots } from './endpoint_slots.ts';
import type { OpenMetricsSocket } from './metrics_socket.ts';
import type { FileIdentity } from './socket_file.ts';
import type { PlannedListener } from './socket_plan.ts';
import type { ChangeStatus } from './status_report.ts';
import { HAND_OVER_VARIABLE } from './upgrade_variables.ts';

/** Grows where a program that knows the one before would misread it. */
export const HAND_OVER_VERSION = 1;

export interface SavedWorker {
  readonly slot: number;
  readonly pid: number;
  /** Its row, in the segment that is handed over. */
  readonly row: number;
  /** It was replaced before: since when (Unix milliseconds), and by when it is done. */
  readonly retiring: { readonly sinceMs: number; readonly endsMs: number } | null;
}

export interface SavedServer {
  readonly descriptor: number;
  readonly file: FileIdentity | null;
}

export interface HandOverState {
  readonly version: typeof HAND_OVER_VERSION;
  /** Who wrote it. */
  readonly program: { readonly launcher: string; readonly version: string };
  /** Why the program that it was meant for gave up; '' on the way there. */
  readonly failure: string;
  /** Version that was tried, where `failure` says why it is not there. */
  readonly failedVersion: string;
  readonly listeners: readonly PlannedListener[];
  readonly segmentDescriptor: number;
  /** For a program that cannot read the segment. */
  readonly totals: CounterTotals;
  readonly endpointSlots: SavedSlots;
  /** The oldest of each slot first. */
  readonly workers: readonly SavedWorker[];
  readonly control: (SavedServer & { readonly path: string }) | null;
  readonly metrics: (OpenMetricsSocket & { readonly listen: ListenAddress }) | null;
  readonly reloads: ChangeStatus;
  readonly upgrades: ChangeStatus;
  /** What served, serialized by v8, in base64: readable by the version that wrote it. */
  readonly snapshot: string;
}

export function packSnapshot(snapshot: Snapshot): string {
  return serialize(snapshot).toString('base64');
}

export function unpackSnapshot(state: HandOverState): Snapshot {
  return deserialize(Buffer.from(state.snapshot, 'base64'));
}

/**
 * What an earlier program left for this one, once: children that are started from now on get
 * neither its descriptors nor the name of the file.
 */
export function takeHandOver(environment: NodeJS.ProcessEnv = process.env): HandOverState {
  const descriptor = Number(environment[HAND_OVER_VARIABLE]);
  delete environment[HAND_OVER_VARIABLE];
  const state = JSON.parse(readFileSync(`/proc/self/fd/${descriptor}`, 'utf8')) as HandOverState;
  closeDescriptor(descriptor);
  if (state.version !== HAND_OVER_VERSION) {
    const reason = `version ${state.version} of what was handed over is not known here`;
    throw new ZProxyError('ZP_HAND_OVER', `${reason}; start anew`);
  }
  for (const open of descriptorsOf(state)) closeOnExec(open);
  return state;
}

/**
 * Becomes that program, which takes the state over. Throws where that fails; nothing has changed
 * then.
 */
export function becomeProgram(
  command: readonly [file: string, ...args: string[]],
  state: HandOverState,
): never {
  const file = createMemoryFile(Buffer.from(JSON.stringify(state)));
  const inherited = [...descriptorsOf(state), file];
  try {
    for (const descriptor of inherited) keepOnExec(descriptor);
    process.execve!(command[0], [...command], {
      ...process.env,
      [HAND_OVER_VARIABLE]: String(file),
    });
  } catch (error) {
    for (const descriptor of inherited) closeOnExec(descriptor);
    closeDescriptor(file);
    throw error;
  }
  throw new Error('a process that has become another program goes on');
}

/** All that is open in it. */
function descriptorsOf(state: HandOverState): number[] {
  const sockets = state.listeners.flatMap((listener) => listener.sockets);
  const servers = [state.control, state.metrics].filter((server) => server !== null);
  return [...sockets, ...servers, { descriptor: state.segmentDescriptor }].map(
    ({ descriptor }) => descriptor,
  );
}

// A snapshot together with what it is served with on this machine: what a reload exchanges as a
// whole.

import type { Snapshot } from '../config/snapshot.ts';
import type { Credentials } from '../sys/process.ts';
import type { SocketPlan } from './socket_plan.ts';

export interface Deployment {
  /** Grows with each one that is tried. */
  readonly generation: number;
  /** With the slots of endpoints filled in. */
  readonly snapshot: Snapshot;
  readonly workersCount: number;
  /** Whose rights workers drop to; null: they keep those of the supervisor. */
  readonly credentials: Credentials | null;
  readonly sockets: SocketPlan;
}

// What a slot asks of a worker that finishes what it has, whether this program started it
// (running_worker.ts) or an earlier one in the same process (adopted_worker.ts).

import type { ToWorker } from './worker_protocol.ts';

export interface RetiringWorker {
  readonly slotIndex: number;
  readonly pid: number;
  /** Its row of the shared segment; -1 if that is not the one in use. */
  readonly row: number;
  /** Our end of its descriptor channel; -1 for none. */
  readonly channel: number;
  /** Monotonic milliseconds since when it drains; 0: it serves. */
  readonly drainingSinceMs: number;
  /** Monotonic milliseconds by when it has to be done. */
  readonly drainEndsMs: number;
  /** Why it is gone, and whether it left as it was told to. */
  readonly exitReason: string;
  readonly wasClean: boolean;
  /** Sends a message, if there is a way to. */
  send(message: ToWorker): Promise<void>;
  /** Finishes within that time; nothing that was said before gives it longer than that. */
  drain(deadlineMs: number): void;
  /** Ends a drain now. */
  endNow(): void;
}

// Workers that an earlier program in this process started, before it became this one: children of
// the same process, but nothing can be said to them any more except by a signal, and only
// waitpid(2) tells of their end. Told by SIGUSR2 they drain, as long as they may retire; at SIGHUP
// they reopen their logs.

import { WORKER_EXIT_GRACE_MS } from '../base/limits.ts';
import { type ChildExit, reapChild } from '../sys/program_change.ts';
import type { SavedWorker } from './hand_over.ts';
import type { RetiringWorker } from './retiring_worker.ts';
import type { ToWorker } from './worker_protocol.ts';

const LOOK_INTERVAL_MS = 100;

export class AdoptedWorker implements RetiringWorker {
  readonly slotIndex: number;
  readonly pid: number;
  readonly row: number;
  readonly channel = -1;
  drainingSinceMs = 0;
  drainEndsMs: number = Number.POSITIVE_INFINITY;
  exitReason = '';
  wasClean = false;
  #isGone = false;
  #timer: NodeJS.Timeout | null = null;

  /** `row`: -1 where this program cannot read the segment that it writes to. */
  constructor(saved: SavedWorker, row: number) {
    this.slotIndex = saved.slot;
    this.pid = saved.pid;
    this.row = row;
    if (saved.retiring === null) return;
    const offsetMs = performance.now() - Date.now();
    this.drainingSinceMs = saved.retiring.sinceMs + offsetMs;
    this.#endAt(saved.retiring.endsMs + offsetMs, WORKER_EXIT_GRACE_MS);
  }

  /** Logs are reopened at HUP; for all else there is no way to tell it. */
  send(message: ToWorker): Promise<void> {
    if (message.type === 'reopen-logs' && !this.#isGone) process.kill(this.pid, 'SIGHUP');
    return Promise.resolve();
  }

  drain(deadlineMs: number): void {
    if (this.#isGone) return;
    const endsMs = performance.now() + deadlineMs;
    if (this.drainingSinceMs === 0) {
      this.drainingSinceMs = performance.now();
      process.kill(this.pid, 'SIGUSR2');
      this.#endAt(endsMs, WORKER_EXIT_GRACE_MS);
    } else if (endsMs < this.drainEndsMs) {
      this.#endAt(endsMs, 0);
    }
  }

  endNow(): void {
    if (!this.#isGone) process.kill(this.pid, 'SIGKILL');
  }

  /** Whether it is gone; says why from then on. */
  look(): boolean {
    if (this.#isGone) return true;
    const exit = reapChild(this.pid);
    if (exit === null) return false;
    this.#isGone = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.wasClean = 'code' in exit && exit.code === 0;
    this.exitReason = describe(exit);
    return true;
  }

  #endAt(endsMs: number, graceMs: number): void {
    this.drainEndsMs = endsMs;
    if (this.#timer !== null) clearTimeout(this.#timer);
    const delayMs = Math.max(0, endsMs - performance.now()) + graceMs;
    this.#timer = setTimeout(() => this.endNow(), delayMs);
  }
}

/** All of them. */
export class AdoptedWorkers {
  readonly #workers: Set<AdoptedWorker>;
  #timer: NodeJS.Timeout | null = null;
  /** Told of each that is gone; null while there is nobody to tell. */
  onGone: ((worker: AdoptedWorker) => void) | null = null;
  /** Rows of those that nobody was told of. */
  readonly #rowsLeft: number[] = [];

  constructor(workers: readonly AdoptedWorker[]) {
    this.#workers = new Set(workers);
    if (workers.length > 0) this.#timer = setInterval(() => this.#look(), LOOK_INTERVAL_MS);
  }

  /** Those that live; the oldest of each slot first. */
  get living(): readonly AdoptedWorker[] {
    return [...this.#workers];
  }

  /** Takes the rows of those that nobody was told of. */
  takeRowsLeft(): readonly number[] {
    return this.#rowsLeft.splice(0);
  }

  #look(): void {
    for (const worker of [...this.#workers]) {
      if (!worker.look()) continue;
      this.#workers.delete(worker);
      if (this.onGone !== null) this.onGone(worker);
      else if (worker.row >= 0) this.#rowsLeft.push(worker.row);
    }
    if (this.#workers.size > 0 || this.#timer === null) return;
    clearInterval(this.#timer);
    this.#timer = null;
  }
}

function describe(exit: ChildExit): string {
  return 'code' in exit ? `exited with code ${exit.code}` : `ended by ${exit.signal}`;
}

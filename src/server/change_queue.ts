// One change at a time. A reload that is asked for while another change runs waits its turn, and
// all that are asked for while it waits are one: each of them sees the files as they are after it
// was asked for. Counts how changes end.

import type { ReloadOutcome } from './control_actions.ts';
import type { HandOverState } from './hand_over.ts';
import type { ChangeStatus } from './status_report.ts';

const NONE: ChangeStatus = { ok: 0, failed: 0, lastSuccessSeconds: 0, lastFailure: '' };

export class ChangeQueue {
  reloads: ChangeStatus = NONE;
  upgrades: ChangeStatus = NONE;
  #last: Promise<unknown> = Promise.resolve();
  #waiting: Promise<ReloadOutcome> | null = null;

  /** Runs `change` when it is its turn. */
  reload(change: () => Promise<ReloadOutcome>): Promise<ReloadOutcome> {
    this.#waiting ??= this.run(async () => {
      this.#waiting = null;
      const outcome = await change();
      this.reloads =
        outcome.kind === 'refused' ? failed(this.reloads, outcome.reason) : succeeded(this.reloads);
      return outcome;
    });
    return this.#waiting;
  }

  /** Goes on with the counts of an earlier program; `failure` says why it is this one again. */
  inherit(state: Pick<HandOverState, 'failure' | 'reloads' | 'upgrades'>): void {
    const { failure, reloads, upgrades } = state;
    this.reloads = reloads;
    this.upgrades = failure === '' ? succeeded(upgrades) : failed(upgrades, failure);
  }

  /** Runs any change when it is its turn. */
  run<T>(change: () => Promise<T>): Promise<T> {
    const done = this.#last.then(change);
    this.#last = done.catch(() => {});
    return done;
  }
}

/** One more that went well. */
function succeeded(status: ChangeStatus): ChangeStatus {
  return { ...status, ok: status.ok + 1, lastSuccessSeconds: Date.now() / 1000, lastFailure: '' };
}

/** One more that did not. */
export function failed(status: ChangeStatus, reason: string): ChangeStatus {
  return { ...status, failed: status.failed + 1, lastFailure: reason };
}

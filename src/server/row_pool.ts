// Rows of the shared segment by owner: each worker process has its own, from its start until it is
// dead and what it had counted was added to the supervisor's row.

import { assert } from '../base/assert.ts';
import { foldRow, SUPERVISOR_ROW, sharedRow } from '../base/shared_layout.ts';

export class RowPool {
  readonly #segment: ArrayBuffer;
  readonly #totals: Float64Array;
  readonly #free: number[] = [];
  readonly #used = new Map<number, Float64Array>();

  constructor(segment: ArrayBuffer, rowsCount: number) {
    this.#segment = segment;
    this.#totals = sharedRow(segment, SUPERVISOR_ROW);
    for (let row = rowsCount - 1; row > SUPERVISOR_ROW; row--) this.#free.push(row);
  }

  /** A zeroed row for a worker that starts. */
  acquire(): number {
    const row = this.#free.pop();
    assert(row !== undefined, 'there are two rows for each slot');
    this.#used.set(row, sharedRow(this.#segment, row));
    return row;
  }

  /** Folds and zeroes the row of a worker that is dead. */
  release(row: number): void {
    const cells = this.#used.get(row);
    assert(cells !== undefined, 'a row is released once');
    foldRow(this.#totals, cells);
    this.#used.delete(row);
    this.#free.push(row);
  }

  cells(row: number): Float64Array {
    const cells = this.#used.get(row);
    assert(cells !== undefined, 'a row has an owner while it is read');
    return cells;
  }

  /** The rows that sum up to all that was ever counted. */
  all(): Float64Array[] {
    return [this.#totals, ...this.#used.values()];
  }
}

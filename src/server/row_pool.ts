// Rows of the shared segment by owner: each worker process has its own, from its start until it is
// dead and what it had counted was added to the supervisor's row.

import { assert } from '../base/assert.ts';
import { EndpointCell, endpointCell } from '../base/metrics_cells.ts';
import { foldRow, SUPERVISOR_ROW, sharedRow } from '../base/shared_layout.ts';

export class RowPool {
  readonly #segment: ArrayBuffer;
  readonly #totals: Float64Array;
  readonly #free: number[] = [];
  readonly #used = new Map<number, Float64Array>();

  /** `owned`: rows that have an owner already. */
  constructor(segment: ArrayBuffer, rowsCount: number, owned: readonly number[] = []) {
    this.#segment = segment;
    this.#totals = sharedRow(segment, SUPERVISOR_ROW);
    for (let row = rowsCount - 1; row > SUPERVISOR_ROW; row--) {
      if (owned.includes(row)) this.#used.set(row, sharedRow(segment, row));
      else this.#free.push(row);
    }
  }

  /** A zeroed row for a worker that starts. */
  acquire(): number {
    const row = this.#free.pop();
    assert(row !== undefined, 'there are rows for all workers that a slot may have');
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

  /** The row that keeps what dead workers had counted. */
  get totals(): Float64Array {
    return this.#totals;
  }

  /** Nothing that is open counts in that endpoint's slot. */
  isIdle(slot: number): boolean {
    const first = endpointCell(slot);
    return this.all().every(
      (cells) =>
        cells[first + EndpointCell.IN_FLIGHT] === 0 &&
        cells[first + EndpointCell.CONNECTIONS] === 0,
    );
  }

  /** Zeroes that endpoint's slot everywhere: nobody counts in it now. */
  clear(slot: number): void {
    for (const cells of this.all()) cells.fill(0, endpointCell(slot), endpointCell(slot + 1));
  }
}

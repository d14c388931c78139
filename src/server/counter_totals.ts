// Everything that was ever counted, by name: what survives an upgrade to a version whose rows have
// another layout. What is a number of things that are open now is not in it: those who hold them
// count them again, or die.

import { CELL_ERRORS, Cell, EndpointCell, endpointCell } from '../base/metrics_cells.ts';
import { ENDPOINT_GAUGES, GAUGES, sumCell } from '../base/shared_layout.ts';
import { EXCHANGE_ERRORS } from '../http/exchange_error.ts';
import type { SavedSlots } from './endpoint_slots.ts';

export type CounterTotals = Readonly<Record<string, number>>;

/** Sums of all rows that are not zero. */
export function readTotals(rows: readonly Float64Array[], slots: SavedSlots): CounterTotals {
  const totals: Record<string, number> = {};
  for (const [name, cell] of namedCells(slots)) {
    const sum = sumCell(rows, cell);
    if (sum !== 0) totals[name] = sum;
  }
  return totals;
}

/** Adds what this version has a cell for. */
export function addTotals(row: Float64Array, totals: CounterTotals, slots: SavedSlots): void {
  for (const [name, cell] of namedCells(slots)) row[cell] = row[cell]! + (totals[name] ?? 0);
}

function* namedCells(slots: SavedSlots): Generator<readonly [name: string, cell: number]> {
  for (const [name, cell] of Object.entries(Cell)) {
    if (!GAUGES.includes(cell)) yield [name, cell];
  }
  for (const [error, { code }] of EXCHANGE_ERRORS.entries()) {
    yield [`error ${code}`, CELL_ERRORS + error];
  }
  for (const [key, slot] of slots.slots) {
    for (const [name, cell] of Object.entries(EndpointCell)) {
      if (!ENDPOINT_GAUGES.includes(cell)) yield [`${name} of ${key}`, endpointCell(slot) + cell];
    }
  }
}

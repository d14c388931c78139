// The shared segment as the supervisor owns it: created with room for as many workers as there can
// ever be, so that it never has to grow (pages take memory once they are written), or taken over
// from an earlier program in the same process.

import { WORKERS_MAX } from '../base/limits.ts';
import {
  refuseSharedHeader,
  sharedBytes,
  sharedRowsCount,
  writeSharedHeader,
} from '../base/shared_layout.ts';
import { type MappedMemory, unmap } from '../sys/memory.ts';
import { createSharedMemory, openSharedMemory } from '../sys/shared_memory.ts';
import { closeDescriptor } from '../sys/sockets.ts';
import { RowPool } from './row_pool.ts';

const ROWS_COUNT: number = sharedRowsCount(WORKERS_MAX);

export class SharedRows {
  readonly rows: RowPool;
  /** For workers to inherit. */
  readonly descriptor: number;
  readonly #memory: MappedMemory;

  private constructor(descriptor: number, memory: MappedMemory, owned: readonly number[]) {
    this.descriptor = descriptor;
    this.#memory = memory;
    this.rows = new RowPool(memory.buffer, ROWS_COUNT, owned);
  }

  static create(): SharedRows {
    const { descriptor, memory } = createSharedMemory(sharedBytes(ROWS_COUNT));
    writeSharedHeader(memory.buffer, ROWS_COUNT);
    return new SharedRows(descriptor, memory, []);
  }

  /** Whether a segment has our layout, and as many rows. */
  static isOurs(descriptor: number): boolean {
    const memory = openSharedMemory(descriptor);
    const isSame = memory.buffer.byteLength === sharedBytes(ROWS_COUNT);
    const refusal = refuseSharedHeader(memory.buffer);
    unmap(memory);
    return isSame && refusal === '';
  }

  /** Takes over a segment that is ours, some of whose rows have owners. */
  static adopt(descriptor: number, owned: readonly number[]): SharedRows {
    return new SharedRows(descriptor, openSharedMemory(descriptor), owned);
  }

  /** Gives the mapping back; the segment goes on. */
  detach(): void {
    unmap(this.#memory);
  }

  close(): void {
    closeDescriptor(this.descriptor);
  }
}

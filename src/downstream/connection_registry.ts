// All downstream connections of one worker, over all its listeners: how many there are, which of
// the idle ones has been idle longest, and who is waiting for room.
//
//   idle:    oldest <-> ... <-> youngest     (waiting for a request; the oldest makes room)
//   active:  ... <-> ...                     (a request, a tunnel, or closing)
//
// Both lists run through the connections themselves; moving one costs a few writes.

import { assert } from '../base/assert.ts';
import { Cell } from '../base/metrics_cells.ts';

/** What the registry needs of a driver, whichever protocol it speaks. */
export interface DownstreamConnection {
  /** The links and the list belong to the registry. */
  registryNext: DownstreamConnection | null;
  registryPrevious: DownstreamConnection | null;
  isRegisteredIdle: boolean;
  /** Whether it may be closed to make room, while it is idle. */
  mayEvict(): boolean;
  /** Closes an idle connection to make room. */
  evict(): void;
  /** Its listener may be draining now. */
  beginDrain(): void;
  /** Ends whatever it is doing, with a RST. */
  resetNow(): void;
}

/** Told once when there is room for a connection again. */
export interface RoomWaiter {
  onRoom(): void;
}

/** How many idle connections are looked at for one that may be closed. */
const EVICTION_LOOKS_MAX = 64;

export class ConnectionRegistry {
  /** Told each time the last connection is gone. */
  onEmpty: (() => void) | null = null;
  readonly #cells: Float64Array;
  readonly #idle: ConnectionList = new ConnectionList();
  readonly #active: ConnectionList = new ConnectionList();
  readonly #roomWaiters: RoomWaiter[] = [];
  #closingCount = 0;

  constructor(cells: Float64Array) {
    this.#cells = cells;
  }

  /** Connections whose descriptor is open. */
  get count(): number {
    return this.#idle.count + this.#active.count;
  }

  /** Connections that are not being closed: what limits count. */
  get openCount(): number {
    return this.count - this.#closingCount;
  }

  get idleCount(): number {
    return this.#idle.count;
  }

  get isEmpty(): boolean {
    return this.count === 0;
  }

  /** A new connection: idle until its first byte. */
  add(connection: DownstreamConnection): void {
    this.#idle.append(connection);
    connection.isRegisteredIdle = true;
    this.#cells[Cell.CONNECTIONS_ACCEPTED]!++;
    this.#cells[Cell.CONNECTIONS_OPEN] = this.count;
  }

  /** It has a request. */
  markActive(connection: DownstreamConnection): void {
    if (!connection.isRegisteredIdle) return;
    this.#idle.remove(connection);
    this.#active.append(connection);
    connection.isRegisteredIdle = false;
  }

  /** It waits for a request: the youngest of the idle ones. */
  markIdle(connection: DownstreamConnection): void {
    assert(!connection.isRegisteredIdle, 'a connection becomes idle once');
    this.#active.remove(connection);
    this.#idle.append(connection);
    connection.isRegisteredIdle = true;
    if (this.#roomWaiters.length > 0) this.#tellRoom();
  }

  /** It is being closed and counts no longer. `remove` follows. */
  markClosing(connection: DownstreamConnection): void {
    this.markActive(connection);
    this.#closingCount++;
    if (this.#roomWaiters.length > 0) this.#tellRoom();
  }

  /** Its descriptor is gone. */
  remove(connection: DownstreamConnection): void {
    assert(this.#closingCount > 0, 'a connection is marked before it is removed');
    this.#closingCount--;
    this.#active.remove(connection);
    this.#cells[Cell.CONNECTIONS_OPEN] = this.count;
    if (this.isEmpty) this.onEmpty?.();
  }

  /** Whether an idle connection may be closed to make room. */
  get canEvict(): boolean {
    return this.#oldestToEvict() !== null;
  }

  /** Closes the connection that has been idle longest. False: there is none that may be closed. */
  evictOldestIdle(): boolean {
    const oldest = this.#oldestToEvict();
    if (oldest === null) return false;
    this.#cells[Cell.CONNECTIONS_EVICTED]!++;
    oldest.evict();
    return true;
  }

  /** Calls `waiter` once, when a connection becomes idle or is closed. */
  waitForRoom(waiter: RoomWaiter): void {
    if (!this.#roomWaiters.includes(waiter)) this.#roomWaiters.push(waiter);
  }

  /** Idle connections of listeners that drain get their last deadline. */
  beginDrain(): void {
    for (let next = this.#idle.first; next !== null; ) {
      const connection = next;
      next = connection.registryNext;
      connection.beginDrain();
    }
  }

  /** The drain's deadline: every connection that is left ends with a RST, and is counted. */
  resetAll(): void {
    // A reset moves an idle connection to the end of the active ones: those come first.
    for (const list of [this.#active, this.#idle]) {
      let left = list.count;
      for (let next = list.first; next !== null && left > 0; left--) {
        const connection = next;
        next = connection.registryNext;
        connection.resetNow();
      }
    }
  }

  #oldestToEvict(): DownstreamConnection | null {
    let connection = this.#idle.first;
    for (let i = 0; connection !== null && i < EVICTION_LOOKS_MAX; i++) {
      if (connection.mayEvict()) return connection;
      connection = connection.registryNext;
    }
    return null;
  }

  #tellRoom(): void {
    const waiters = this.#roomWaiters.splice(0);
    for (const waiter of waiters) waiter.onRoom();
  }
}

/** A list through the connections' own links; the first was added first. */
class ConnectionList {
  count = 0;
  first: DownstreamConnection | null = null;
  #last: DownstreamConnection | null = null;

  append(connection: DownstreamConnection): void {
    connection.registryPrevious = this.#last;
    connection.registryNext = null;
    if (this.#last === null) this.first = connection;
    else this.#last.registryNext = connection;
    this.#last = connection;
    this.count++;
  }

  remove(connection: DownstreamConnection): void {
    const { registryNext: next, registryPrevious: previous } = connection;
    if (previous === null) this.first = next;
    else previous.registryNext = next;
    if (next === null) this.#last = previous;
    else next.registryPrevious = previous;
    connection.registryNext = null;
    connection.registryPrevious = null;
    this.count--;
  }
}

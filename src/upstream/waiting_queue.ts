// Requests that wait for a connection because every endpoint is at its limit: bounded, first in,
// first out, each with a deadline. All wait equally long, so the first is always the first to
// give up.

import { assert } from '../base/assert.ts';
import { POOL_WAITING_MAX } from '../base/limits.ts';
import type { ClientStream, ClientStreamHandler } from '../http/exchange_contract.ts';
import type { ExchangeError } from '../http/exchange_error.ts';

/** Who waits for a stream. Exactly one of the two is called, unless the wait is cancelled. */
export interface StreamWaiter {
  onStreamReady(stream: ClientStream): void;
  onStreamUnavailable(error: ExchangeError): void;
}

/** One who waits. */
export class WaitingEntry {
  waiter: StreamWaiter;
  handler: ClientStreamHandler;
  freshOnly: boolean;
  deadlineMs: number;

  constructor(
    waiter: StreamWaiter,
    handler: ClientStreamHandler,
    freshOnly: boolean,
    deadlineMs: number,
  ) {
    this.waiter = waiter;
    this.handler = handler;
    this.freshOnly = freshOnly;
    this.deadlineMs = deadlineMs;
  }
}

/**
 * The queue. A Map keeps the order and finds a waiter that cancels at once. It allocates, which
 * is no matter: whoever comes here waits for a connection.
 */
export class WaitingQueue {
  readonly #entries: Map<StreamWaiter, WaitingEntry> = new Map();

  get count(): number {
    return this.#entries.size;
  }

  get isFull(): boolean {
    return this.#entries.size >= POOL_WAITING_MAX;
  }

  push(entry: WaitingEntry): void {
    assert(!this.isFull, 'nobody joins a full queue');
    assert(!this.#entries.has(entry.waiter), 'nobody waits twice');
    this.#entries.set(entry.waiter, entry);
  }

  /** The one who has waited longest, or null. */
  first(): WaitingEntry | null {
    for (const entry of this.#entries.values()) return entry;
    return null;
  }

  /** Returns whether the waiter was in the queue. */
  remove(waiter: StreamWaiter): boolean {
    return this.#entries.delete(waiter);
  }
}

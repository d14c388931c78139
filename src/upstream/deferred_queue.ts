// Calls that may not be made before the method that caused them returns: clients that have
// something to tell are collected here and looked at once in the transport's next turn. Being
// looked at without need does no harm, so nothing is ever taken out of the queue.

import type { Transport } from '../ring/transport.ts';

/** Who is looked at. Only the queue writes `isDeferred`. */
export interface Deferred {
  isDeferred: boolean;
  /** Does what is due by the object's own state, which may be nothing. */
  onDeferred(): void;
}

export class DeferredQueue {
  readonly #transport: Transport;
  #queued: Deferred[] = [];
  #running: Deferred[] = [];
  readonly #run: () => void;

  constructor(transport: Transport) {
    this.#transport = transport;
    this.#run = (): void => this.#onTurn();
  }

  /** Has `object` looked at in the next turn, once however often it is pushed. */
  push(object: Deferred): void {
    if (object.isDeferred) return;
    object.isDeferred = true;
    this.#queued.push(object);
    if (this.#queued.length === 1) this.#transport.defer(this.#run);
  }

  #onTurn(): void {
    const running = this.#queued;
    this.#queued = this.#running;
    this.#running = running;
    for (let i = 0; i < running.length; i++) {
      const object = running[i]!;
      object.isDeferred = false;
      object.onDeferred();
    }
    running.length = 0;
  }
}

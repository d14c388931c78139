// A listening socket of the simulated network: peers wait in its queue until the transport accepts
// them.

import type { Acceptor, Listener } from '../../src/ring/transport.ts';
import type { SimulatedPeer } from './simulated_peer.ts';
import type { SimulatedTransport } from './simulated_transport.ts';

/** Accepting goes on after the next close or after this long. */
const STARVED_MS = 100;

export class SimulatedListener implements Listener {
  readonly descriptor: number;
  readonly #transport: SimulatedTransport;
  readonly #acceptor: Acceptor;
  readonly #queue: SimulatedPeer[] = [];
  #isPaused = false;
  #starvedUntilMs = 0;
  #onStopped: (() => void) | null = null;
  #isStopped = false;

  constructor(transport: SimulatedTransport, descriptor: number, acceptor: Acceptor) {
    this.#transport = transport;
    this.descriptor = descriptor;
    this.#acceptor = acceptor;
  }

  get isStopped(): boolean {
    return this.#isStopped;
  }

  /** Peers that wait to be accepted. */
  get waitingCount(): number {
    return this.#queue.length;
  }

  enqueue(peer: SimulatedPeer): void {
    this.#queue.push(peer);
  }

  pauseAccept(): void {
    this.#isPaused = true;
  }

  resumeAccept(): void {
    this.#isPaused = false;
  }

  stop(onStopped: () => void): void {
    this.#onStopped = onStopped;
  }

  /** A connection was closed: there is room again. */
  endStarvation(): void {
    this.#starvedUntilMs = 0;
  }

  /** One turn. Returns whether anything happened. */
  step(): boolean {
    if (this.#isStopped) return false;
    const onStopped = this.#onStopped;
    if (onStopped !== null) {
      while (this.#queue.length > 0) this.#transport.accept(this.#queue.shift()!, this.#acceptor);
      this.#isStopped = true;
      onStopped();
      return true;
    }
    const { clock, faults } = this.#transport;
    if (this.#isPaused || this.#queue.length === 0) return false;
    if (this.#starvedUntilMs > clock.nowMs) return false;
    if (this.#transport.isFull || faults.strikes('acceptStarved')) {
      this.#starvedUntilMs = clock.nowMs + STARVED_MS;
      this.#transport.wakeAt(this.#starvedUntilMs);
      this.#transport.counters.acceptStarvations++;
      this.#acceptor.onAcceptStarved();
      return true;
    }
    this.#transport.accept(this.#queue.shift()!, this.#acceptor);
    return true;
  }
}

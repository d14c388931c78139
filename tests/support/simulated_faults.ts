// What can go wrong on the simulated network: each kind has a name, a probability and a count, so
// that a run can prove that each of them happened. The draws come from one seeded source.

import { Random } from './random.ts';

/** Probabilities, drawn once per opportunity. All are 0 by default: nothing goes wrong. */
export interface FaultRates {
  /** A delivery carries fewer bytes than have arrived. */
  readonly shortRead: number;
  /** The kernel takes only a part of a send at a time. */
  readonly shortWrite: number;
  /** The connection breaks: both sides see a reset. Drawn per delivery and per partial send. */
  readonly reset: number;
  /** A delivery, a send or a connection attempt waits for some milliseconds. */
  readonly delay: number;
  /** The kernel finds no buffer to receive into (ENOBUFS) and tries again later. */
  readonly noBuffer: number;
  /** All free buffers of the pool are taken away for some milliseconds. */
  readonly emptyPool: number;
  readonly connectRefused: number;
  /** The connection attempt fails with TIMED_OUT after a while. */
  readonly connectTimedOut: number;
  /** The acceptor is told that descriptors are used up. */
  readonly acceptStarved: number;
}

export type FaultKind = keyof FaultRates;

export const FAULT_KINDS: readonly FaultKind[] = [
  'shortRead',
  'shortWrite',
  'reset',
  'delay',
  'noBuffer',
  'emptyPool',
  'connectRefused',
  'connectTimedOut',
  'acceptStarved',
];

/** The longest delay of a delayed event, in milliseconds of simulated time. */
const DELAY_MS_MAX = 40;

/** Draws faults and counts them. */
export class FaultInjector {
  readonly random: Random;
  readonly #rates: Partial<FaultRates>;
  /** How often each kind has happened. */
  readonly counts: Record<FaultKind, number> = {
    shortRead: 0,
    shortWrite: 0,
    reset: 0,
    delay: 0,
    noBuffer: 0,
    emptyPool: 0,
    connectRefused: 0,
    connectTimedOut: 0,
    acceptStarved: 0,
  };
  #isCalm = false;

  constructor(seed: number, rates: Partial<FaultRates>) {
    this.random = new Random(seed);
    this.#rates = rates;
  }

  /** From now on nothing goes wrong any more. */
  calm(): void {
    this.#isCalm = true;
  }

  /** Whether a fault of that kind happens now; counted if so. */
  strikes(kind: FaultKind): boolean {
    if (this.#isCalm || !this.random.chance(this.#rates[kind] ?? 0)) return false;
    this.counts[kind]++;
    return true;
  }

  /** How long a delayed event waits. */
  delayMs(): number {
    return this.random.integer(1, DELAY_MS_MAX);
  }

  /** How many of `count` bytes pass at once: all, or fewer where the fault strikes. */
  part(kind: 'shortRead' | 'shortWrite', count: number): number {
    if (count < 2 || !this.strikes(kind)) return count;
    // One byte is the case that finds most; a random cut finds the rest.
    return this.random.chance(0.3) ? 1 : this.random.integer(1, count - 1);
  }
}

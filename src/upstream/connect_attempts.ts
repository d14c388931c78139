// The attempts to reach one endpoint: its addresses are tried one after the other, each for an
// equal share of the time that is left, so that a silent first address does not use up the time
// of a second that answers.

import { assert } from '../base/assert.ts';
import type { SocketAddress } from '../base/socket_address.ts';

export class ConnectAttempts {
  #addresses: readonly SocketAddress[] = [];
  #first = 0;
  #count = 0;
  #deadlineMs = 0;

  /** Begins with address number `first`. All attempts together end at `deadlineMs`. */
  begin(addresses: readonly SocketAddress[], first: number, deadlineMs: number): void {
    assert(addresses.length > 0, 'an endpoint that is connected to has an address');
    this.#addresses = addresses;
    this.#first = first;
    this.#count = 0;
    this.#deadlineMs = deadlineMs;
  }

  hasNext(nowMs: number): boolean {
    return this.#count < this.#addresses.length && nowMs < this.#deadlineMs;
  }

  /** The next address. Until when it is tried is told by `attemptDeadlineMs` after it. */
  next(): SocketAddress {
    const address = this.#addresses[(this.#first + this.#count) % this.#addresses.length]!;
    this.#count++;
    return address;
  }

  attemptDeadlineMs(nowMs: number): number {
    const attemptsLeft = this.#addresses.length - this.#count + 1;
    return nowMs + Math.max(0, this.#deadlineMs - nowMs) / attemptsLeft;
  }

  /** Lets go of the addresses. */
  end(): void {
    this.#addresses = [];
  }
}

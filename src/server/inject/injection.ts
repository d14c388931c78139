// One injected request: what it may be answered by, what became of it, and whether all that it
// caused is over.

import type { FakeUpstream, FakeUpstreams } from './inject_types.ts';

export class Injection {
  route = '';
  params: Readonly<Record<string, string>> = {};
  upstream = '';
  endpoint = '';
  error = '';
  /** Resolves when its connections are gone: the client's and those to fake endpoints. */
  readonly over: Promise<void>;
  readonly #fakes: FakeUpstreams;
  readonly #onOver: () => void;
  #connectionsCount = 0;
  /** What a fake threw; an array, because anything can be thrown. */
  readonly #thrown: unknown[] = [];

  constructor(fakes: FakeUpstreams) {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.over = promise;
    this.#onOver = resolve;
    this.#fakes = fakes;
  }

  /** What answers in place of an upstream; undefined: the upstream itself. */
  fakeOf(upstream: string): FakeUpstream | undefined {
    return Object.hasOwn(this.#fakes, upstream) ? this.#fakes[upstream] : undefined;
  }

  onConnectionOpen(): void {
    this.#connectionsCount++;
  }

  onConnectionClosed(): void {
    this.#connectionsCount--;
    if (this.#connectionsCount === 0) this.#onOver();
  }

  /** The test's own code failed: `inject` rejects with it. */
  onThrown(error: unknown): void {
    this.#thrown.push(error);
  }

  throwIfFailed(): void {
    if (this.#thrown.length > 0) throw this.#thrown[0];
  }
}

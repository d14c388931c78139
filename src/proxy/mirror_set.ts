// The mirrors of one exchange. A mirror may end, and its object serve another exchange, while this
// one still runs: each is held with its generation and asked only while that is the same.

import type { Mirror } from './mirror.ts';

export class MirrorSet {
  readonly #mirrors: Mirror[] = [];
  readonly #generations: number[] = [];

  /** Whether no mirror was begun. */
  get isEmpty(): boolean {
    return this.#mirrors.length === 0;
  }

  /** Takes a mirror that has just sent its head. */
  add(mirror: Mirror): void {
    this.#mirrors.push(mirror);
    this.#generations.push(mirror.generation);
  }

  copyBody(start: number, end: number): void {
    for (let i = 0; i < this.#mirrors.length; i++) {
      const mirror = this.#mirrors[i]!;
      if (mirror.generation === this.#generations[i]) mirror.copyBody(start, end);
    }
  }

  endBody(): void {
    for (let i = 0; i < this.#mirrors.length; i++) {
      const mirror = this.#mirrors[i]!;
      if (mirror.generation === this.#generations[i]) mirror.endBody();
    }
  }

  /** The exchange is over: mirrors whose body is not whole are given up, the others finish. */
  clear(): void {
    for (let i = 0; i < this.#mirrors.length; i++) {
      const mirror = this.#mirrors[i]!;
      if (mirror.generation === this.#generations[i]) mirror.stop();
    }
    this.#mirrors.length = 0;
    this.#generations.length = 0;
  }
}

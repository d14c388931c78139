// A growing list of 32-bit integers. Compile-time only: tables of ten thousand routes have a
// hundred thousand of them, and are compiled in a process that has just started.

const CAPACITY_MIN = 64;

export class IntList {
  length = 0;
  #values: Int32Array = new Int32Array(CAPACITY_MIN);

  /** Adds a value and returns its index. */
  push(value: number): number {
    if (this.length === this.#values.length) this.#grow();
    this.#values[this.length] = value;
    return this.length++;
  }

  at(index: number): number {
    return this.#values[index]!;
  }

  set(index: number, value: number): void {
    this.#values[index] = value;
  }

  /** The values, in an array of their size. */
  build(): Int32Array {
    return this.#values.slice(0, this.length);
  }

  #grow(): void {
    const larger = new Int32Array(this.#values.length * 2);
    larger.set(this.#values);
    this.#values = larger;
  }
}

// A map from two non-negative integers to a third. Compile-time only: a Map would need a text, or a
// number that is no small integer, for each question.

const EMPTY = -1;
const SLOT_STRIDE = 3;
const SLOTS_COUNT_MIN = 256;

export class PairIndex {
  #slots: Int32Array = new Int32Array(SLOTS_COUNT_MIN * SLOT_STRIDE).fill(EMPTY);
  #count = 0;

  /** -1 where there is none. */
  get(first: number, second: number): number {
    return this.#slots[this.#find(first, second) + 2]!;
  }

  /** Sets what was not set before. */
  set(first: number, second: number, value: number): void {
    if ((this.#count + 1) * 2 * SLOT_STRIDE > this.#slots.length) this.#grow();
    const at = this.#find(first, second);
    this.#slots[at] = first;
    this.#slots[at + 1] = second;
    this.#slots[at + 2] = value;
    this.#count++;
  }

  // Where the pair is, or would be.
  #find(first: number, second: number): number {
    const slots = this.#slots;
    const mask = slots.length / SLOT_STRIDE - 1;
    const hash = Math.imul(first, 0x9e3779b1) ^ Math.imul(second, 0x85ebca6b);
    let slot = (hash ^ (hash >>> 15)) & mask;
    for (;;) {
      const at = slot * SLOT_STRIDE;
      if (slots[at + 2] === EMPTY) return at;
      if (slots[at] === first && slots[at + 1] === second) return at;
      slot = (slot + 1) & mask;
    }
  }

  #grow(): void {
    const old = this.#slots;
    this.#slots = new Int32Array(old.length * 2).fill(EMPTY);
    for (let i = 0; i < old.length; i += SLOT_STRIDE) {
      if (old[i + 2] === EMPTY) continue;
      const at = this.#find(old[i]!, old[i + 1]!);
      for (let j = 0; j < SLOT_STRIDE; j++) this.#slots[at + j] = old[i + j]!;
    }
  }
}

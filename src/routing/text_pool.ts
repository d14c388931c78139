// All texts of a route table in one run of bytes. Compile-time only.

const encoder = new TextEncoder();
const CAPACITY_MIN = 4096;

export class TextPool {
  /** Bytes of the text that was added last. */
  lastLength = 0;
  readonly #starts = new Map<string, number>();
  readonly #lengths = new Map<string, number>();
  #bytes = new Uint8Array(CAPACITY_MIN);
  #used = 0;

  /** Where the text (as UTF-8) starts; equal texts are stored once. */
  add(text: string): number {
    const known = this.#starts.get(text);
    if (known !== undefined) {
      this.lastLength = this.#lengths.get(text)!;
      return known;
    }
    const start = this.append(text);
    this.#starts.set(text, start);
    this.#lengths.set(text, this.lastLength);
    return start;
  }

  /** The same for a text that is known to be new. */
  append(text: string): number {
    const start = this.#used;
    // UTF-8 takes at most three bytes for a UTF-16 unit.
    this.#reserve(text.length * 3);
    const bytes = this.#bytes;
    let at = start;
    for (let i = 0; i < text.length; i++) {
      const unit = text.charCodeAt(i);
      if (unit > 0x7f) {
        at = start + encoder.encodeInto(text, bytes.subarray(start)).written;
        break;
      }
      bytes[at++] = unit;
    }
    this.#used = at;
    this.lastLength = at - start;
    return start;
  }

  build(): Uint8Array {
    return this.#bytes.slice(0, this.#used);
  }

  #reserve(bytesMax: number): void {
    if (this.#used + bytesMax <= this.#bytes.length) return;
    const larger = new Uint8Array((this.#used + bytesMax) * 2);
    larger.set(this.#bytes);
    this.#bytes = larger;
  }
}

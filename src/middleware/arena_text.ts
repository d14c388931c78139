// Strings of what stands in the arena, for middleware that asks for them. One native call per
// string: put together character by character, 64 bytes take 380 ns in place of 60, and leave a
// rope of as many pieces behind.

/** Makes latin1 strings of ranges of one arena. */
export class ArenaText {
  readonly #buffer: Buffer;

  constructor(bytes: Uint8Array<ArrayBuffer>) {
    this.#buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** The bytes as a string, each byte one character. */
  of(start: number, end: number): string {
    return start === end ? '' : this.#buffer.toString('latin1', start, end);
  }
}

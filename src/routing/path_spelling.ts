// One spelling of a path for matching. `%40` and `@` are not equivalent to RFC 3986 (section 2.2),
// so what is forwarded keeps what the client wrote; but most upstreams take one for the other, and
// a client must not get around a route by writing its text differently. So escapes of visible ASCII
// are matched as the character; those of `%`, `/`, `\`, `?` and `#` stay what they are.
//
// Works on paths in normal form (http/target.ts). Few have such escapes: they are copied.

import { BYTE_CLASS, ByteClass, HEX_VALUE } from '../http/byte_class.ts';
import { viewOf } from './words.ts';

const PERCENT = 0x25;
const KEPT = [PERCENT, 0x2f, 0x5c, 0x3f] as const;
const ESCAPE_BYTES = 3;
const BYTES_MIN = 1024;

/** Which byte values are matched as themselves where they are escaped. */
const RESPELLED: Uint8Array = makeRespelled();

/** Whether a path in normal form has escapes that are matched as another character. */
export function isRespelled(bytes: Uint8Array, start: number, end: number): boolean {
  for (let i = start; i < end; i++) {
    if (bytes[i] === PERCENT && respelledByte(bytes, i) >= 0) return true;
  }
  return false;
}

/** The character that the escape at `at` is matched as, or -1 where it stays an escape. */
function respelledByte(bytes: Uint8Array, at: number): number {
  const value = (HEX_VALUE[bytes[at + 1]!]! << 4) | HEX_VALUE[bytes[at + 2]!]!;
  return RESPELLED[value] === 1 ? value : -1;
}

/** The spelling for matching of a text of a pattern, in normal form. */
export function respelledText(text: string): string {
  return text.replaceAll(/%[0-9A-F]{2}/g, (triplet) => {
    const value = Number.parseInt(triplet.slice(1), 16);
    return RESPELLED[value] === 1 ? String.fromCharCode(value) : triplet;
  });
}

/** A path that had such escapes, and where each of its bytes came from. */
export class RespelledPath {
  bytes: Uint8Array = new Uint8Array(BYTES_MIN);
  view: DataView = viewOf(this.bytes);
  length = 0;
  #offsets: Int32Array = new Int32Array(BYTES_MIN + 1);

  /** Copies `bytes[start, end)`. */
  take(bytes: Uint8Array, start: number, end: number): void {
    if (end - start > this.bytes.length) {
      this.bytes = new Uint8Array((end - start) * 2);
      this.view = viewOf(this.bytes);
      this.#offsets = new Int32Array(this.bytes.length + 1);
    }
    let length = 0;
    for (let at = start; at < end; length++) {
      const byte = bytes[at]!;
      const value = byte === PERCENT ? respelledByte(bytes, at) : -1;
      this.#offsets[length] = at;
      this.bytes[length] = value < 0 ? byte : value;
      at += value < 0 ? 1 : ESCAPE_BYTES;
    }
    this.#offsets[length] = end;
    this.length = length;
  }

  /** Where the byte at `index` began; of the length: the end of the path. */
  offsetOf(index: number): number {
    return this.#offsets[index]!;
  }
}

function makeRespelled(): Uint8Array {
  const table = new Uint8Array(256);
  for (let byte = 0; byte < 256; byte++) {
    if ((BYTE_CLASS[byte]! & ByteClass.TARGET) !== 0) table[byte] = 1;
  }
  for (const byte of KEPT) table[byte] = 0;
  return table;
}

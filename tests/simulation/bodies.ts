// Bodies of the simulation: each is a function of a name (a request's id, an answer's id and
// attempt), so that bytes of one message are told from those of any other, and from themselves at
// another offset.

import { Random } from '../support/random.ts';

const cache: Map<string, Buffer> = new Map();
const CACHED_MAX = 64;

/** `byteCount` bytes that belong to `name`. */
export function bodyOf(name: string, byteCount: number): Buffer {
  const key = `${name}/${byteCount}`;
  const known = cache.get(key);
  if (known !== undefined) return known;
  const random = new Random(hash(name));
  const bytes = Buffer.allocUnsafe(byteCount);
  for (let i = 0; i + 4 <= byteCount; i += 4)
    bytes.writeUInt32LE(random.integer(0, 0xffff_ffff), i);
  for (let i = byteCount - (byteCount % 4); i < byteCount; i++) bytes[i] = random.integer(0, 255);
  if (cache.size >= CACHED_MAX) cache.clear();
  cache.set(key, bytes);
  return bytes;
}

/** FNV-1a. */
function hash(text: string): number {
  let value = 0x811c_9dc5;
  for (let i = 0; i < text.length; i++) {
    value = Math.imul(value ^ text.charCodeAt(i), 0x0100_0193);
  }
  return value >>> 0;
}

/** Chunked framing of a body, with an extension here and there. */
export function chunked(body: Buffer, chunkBytes: number): Buffer {
  const parts: Buffer[] = [];
  // Enough for any split to be met; more chunks only cost time.
  const size = Math.max(chunkBytes, Math.ceil(body.length / 200));
  for (let from = 0; from < body.length; from += size) {
    const chunk = body.subarray(from, from + size);
    const extension = parts.length % 7 === 3 ? ';name=value' : '';
    parts.push(Buffer.from(`${chunk.length.toString(16)}${extension}\r\n`), chunk, CRLF);
  }
  parts.push(Buffer.from('0\r\n\r\n'));
  return Buffer.concat(parts);
}

const CRLF: Buffer = Buffer.from('\r\n');

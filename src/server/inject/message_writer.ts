// Writes the messages of a test as HTTP/1.1 bytes: just what was asked for, plus the framing that
// a body needs. Whether a message is valid is for the drivers to say; refused here is only what is
// not one message (a line break in a field) or no bytes.

import { ZProxyError } from '../../base/errors.ts';
import { reasonPhrase } from '../../http/status.ts';
import type { InjectBody, InjectFields } from './inject_types.ts';

type Pairs = readonly (readonly [name: string, value: string])[];

/** Fields as pairs, in order. */
export function pairsOf(fields: InjectFields | undefined): Pairs {
  if (fields === undefined) return [];
  if (isPairs(fields)) return fields;
  return Object.entries(fields).flatMap(([name, value]) =>
    typeof value === 'string' ? [[name, value] as const] : value.map((one) => [name, one] as const),
  );
}

export function hasField(pairs: Pairs, lowerName: string): boolean {
  return pairs.some(([name]) => name.toLowerCase() === lowerName);
}

/** The bytes of a body that is there at once; null of one that comes by and by. */
export function bytesOf(body: InjectBody | undefined): Uint8Array | null {
  if (body === undefined) return new Uint8Array(0);
  if (typeof body === 'string') return Buffer.from(body);
  return body instanceof Uint8Array ? body : null;
}

/** The fields that frame `body`, where `pairs` have none. */
export function framingPairs(pairs: Pairs, body: InjectBody | undefined): Pairs {
  if (body === undefined) return [];
  if (hasField(pairs, 'content-length') || hasField(pairs, 'transfer-encoding')) return [];
  const bytes = bytesOf(body);
  if (bytes === null) return [['Transfer-Encoding', 'chunked']];
  return [['Content-Length', String(bytes.length)]];
}

/**
 * Whether a body is sent in chunks: one that comes by and by, unless the fields say how long it is.
 */
export function isChunked(pairs: Pairs, body: InjectBody | undefined): boolean {
  return bytesOf(body) === null && !hasField(pairs, 'content-length');
}

export function requestHead(method: string, target: string, pairs: Pairs): Uint8Array {
  return headBytes(`${checked('method', method)} ${checked('path', target)} HTTP/1.1`, pairs);
}

export function responseHead(status: number, pairs: Pairs): Uint8Array {
  if (!Number.isInteger(status) || status < 100 || status > 999) {
    throw invalid(`status ${status}`, 'write a number from 100 to 999');
  }
  return headBytes(`HTTP/1.1 ${status} ${reasonPhrase(status)}`, pairs);
}

/** Calls `write` with the pieces of a body, one when the one before it was taken. */
export async function writeBody(
  body: AsyncIterable<string | Uint8Array>,
  isInChunks: boolean,
  trailers: InjectFields | undefined,
  write: (bytes: Uint8Array) => Promise<boolean>,
): Promise<void> {
  for await (const piece of body) {
    const bytes = typeof piece === 'string' ? Buffer.from(piece) : piece;
    if (bytes.length > 0 && !(await write(isInChunks ? chunk(bytes) : bytes))) return;
  }
  if (isInChunks) await write(Buffer.concat([Buffer.from('0\r\n'), fieldLines(pairsOf(trailers))]));
}

function chunk(bytes: Uint8Array): Uint8Array {
  const head = Buffer.from(`${bytes.length.toString(16)}\r\n`);
  return Buffer.concat([head, bytes, Buffer.from('\r\n')]);
}

function headBytes(startLine: string, pairs: Pairs): Uint8Array {
  return Buffer.concat([Buffer.from(`${startLine}\r\n`, 'latin1'), fieldLines(pairs)]);
}

function fieldLines(pairs: Pairs): Buffer {
  let text = '';
  for (const [name, value] of pairs) {
    text += `${checked('field name', name)}: ${checked(`field "${name}"`, value)}\r\n`;
  }
  return Buffer.from(`${text}\r\n`, 'latin1');
}

/** A text that stays within its line and has a byte for each character. */
function checked(what: string, text: unknown): string {
  if (typeof text !== 'string') throw invalid(`${what} ${String(text)}`, 'write a text');
  if (/[\r\n\0]/.test(text)) {
    throw invalid(`${what} ${JSON.stringify(text)}`, 'leave line breaks and NUL out');
  }
  if (/[^\0-\xff]/.test(text)) {
    throw invalid(`${what} ${JSON.stringify(text)}`, 'write characters up to U+00FF, or encode it');
  }
  return text;
}

function invalid(what: string, remedy: string): ZProxyError {
  return new ZProxyError('ZP_INJECT_INVALID', `inject cannot send the ${what}; ${remedy}.`);
}

function isPairs(fields: InjectFields): fields is Pairs {
  return Array.isArray(fields);
}

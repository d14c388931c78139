// Exchanges that are told apart by a number: everything about one (method, framing, sizes, bytes)
// follows from it, on either side of a proxy. So each side can say whether what it got belongs to
// the number that it carries, and a byte from another exchange is found.

const KIB = 1024;
/** The field that carries the number, both ways. */
export const NUMBER_FIELD = 'x-number';
const PADDING_BYTES: number = 192 * KIB;
/** An odd step, so that the bodies of neighbours begin at different places. */
const PADDING_STEP = 7_919;
/** Bodies begin somewhere in here and end in what is left. */
const PADDING_START_MAX: number = 64 * KIB;

export interface NumberedRequest {
  readonly method: 'GET' | 'POST' | 'HEAD';
  readonly isChunked: boolean;
  readonly body: Buffer;
}

export interface NumberedResponse {
  readonly status: 200 | 204;
  readonly isChunked: boolean;
  readonly body: Buffer;
}

/** Bytes without a pattern that repeats within a body. */
const padding: Buffer = makePadding();
const nothing: Buffer = Buffer.alloc(0);

/** What the client sends: half GET, a sixth HEAD, a sixth each of POST by length and chunked. */
export function numberedRequest(number: number): NumberedRequest {
  switch (number % 6) {
    case 1:
      return { method: 'POST', isChunked: false, body: bodyOf(number, 'request') };
    case 3:
      return { method: 'POST', isChunked: true, body: bodyOf(number, 'request') };
    case 5:
      return { method: 'HEAD', isChunked: false, body: nothing };
    default:
      return { method: 'GET', isChunked: false, body: nothing };
  }
}

/** What the origin answers; to HEAD the body is the one that is not sent. */
export function numberedResponse(number: number): NumberedResponse {
  if (number % 31 === 0) return { status: 204, isChunked: false, body: nothing };
  return { status: 200, isChunked: number % 4 === 1, body: bodyOf(number, 'response') };
}

/** The request as it goes over the wire; a chunked one in two chunks. */
export function encodeNumberedRequest(number: number, isLast: boolean): Buffer {
  const { method, isChunked, body } = numberedRequest(number);
  let head = `${method} /exchange/${number} HTTP/1.1\r\nHost: numbered\r\n`;
  head += `${NUMBER_FIELD}: ${number}\r\n`;
  if (isLast) head += 'Connection: close\r\n';
  if (isChunked) head += 'Transfer-Encoding: chunked\r\n';
  else if (method === 'POST') head += `Content-Length: ${body.length}\r\n`;
  const start = Buffer.from(`${head}\r\n`, 'latin1');
  if (!isChunked) return Buffer.concat([start, body]);
  const half = body.length >> 1;
  const chunks = [body.subarray(0, half), body.subarray(half)].filter((part) => part.length > 0);
  const parts = chunks.flatMap((chunk) => [
    Buffer.from(`${chunk.length.toString(16)}\r\n`, 'latin1'),
    chunk,
    Buffer.from('\r\n', 'latin1'),
  ]);
  return Buffer.concat([start, ...parts, Buffer.from('0\r\n\r\n', 'latin1')]);
}

/** Most bodies are small; one in 16 has some KiB, one in 256 fills several buffers. */
function bodyOf(number: number, side: 'request' | 'response'): Buffer {
  const salt = side === 'request' ? 0 : 31;
  const seed = number * 2 + (side === 'request' ? 0 : 1);
  let size = (seed * 37) % 300;
  if ((number + salt) % 256 === 67) size = 70 * KIB + (seed % (50 * KIB));
  else if ((number + salt) % 16 === 3) size = 3 * KIB + (seed % (20 * KIB));
  const start = (seed * PADDING_STEP) % PADDING_START_MAX;
  return padding.subarray(start, start + size);
}

function makePadding(): Buffer {
  const bytes = Buffer.alloc(PADDING_BYTES);
  let state = 0x2545f491;
  for (let i = 0; i < bytes.length; i++) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    bytes[i] = state & 0xff;
  }
  return bytes;
}

// Reads HTTP/1.1 messages from bytes that crossed a real socket, written apart from the product's
// codec so that the two share no mistake. It keeps everything a test may ask for as it was on the
// wire, and is strict: a proxy may send nothing that RFC 9112 does not allow, so whatever is
// malformed throws.

/** Names and values in their order, as written. */
export type WireFields = ReadonlyArray<readonly [string, string]>;

export type WireFraming = 'none' | 'length' | 'chunked' | 'close';

export interface WireMessage {
  /** The start line without its CRLF. */
  readonly startLine: string;
  readonly fields: WireFields;
  readonly framing: WireFraming;
  /** Of a response; 0 of a request. */
  readonly status: number;
  /** Of a request; '' of a response. */
  readonly method: string;
  readonly target: string;
  readonly body: Buffer;
  readonly trailers: WireFields;
  /** The whole message has arrived; else `body` is what came so far. */
  readonly isComplete: boolean;
  /** Offset behind the message, or behind what there is of it. */
  readonly end: number;
}

/** Bytes that no HTTP/1.1 message may have. */
class WireMessageError extends Error {
  override readonly name = 'WireMessageError';
}

const HEAD_END = '\r\n\r\n';
const FIELD = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([\t -~\x80-\xff]*?)[ \t]*$/;
const REQUEST_LINE = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+) ([\x21-\x7e]+) HTTP\/1\.1$/;
const STATUS_LINE = /^HTTP\/1\.1 ([1-9]\d\d) [\t -~\x80-\xff]*$/;
const CHUNK_SIZE = /^[0-9A-Fa-f]{1,13}$/;

/** All values of a field, in order. */
export function fieldValues(fields: WireFields, name: string): string[] {
  const wanted = name.toLowerCase();
  return fields.filter(([key]) => key.toLowerCase() === wanted).map(([, value]) => value);
}

/** The only value of a field; undefined where there is none; throws where there are two. */
export function fieldValue(fields: WireFields, name: string): string | undefined {
  const values = fieldValues(fields, name);
  if (values.length > 1) refuse(`${values.length} fields '${name}'`);
  return values[0];
}

/** The request at `start`; null while its head is not whole. */
export function readRequest(bytes: Buffer, start: number): WireMessage | null {
  const head = readHead(bytes, start);
  if (head === null) return null;
  const match = REQUEST_LINE.exec(head.startLine);
  if (match === null) refuse(`request line '${head.startLine}'`);
  if (fieldValue(head.fields, 'host') === undefined) refuse('no Host');
  const framing = framingOf(head.fields);
  const body = readBody(bytes, head, framing === 'close' ? 'none' : framing, false);
  return { ...head, ...body, status: 0, method: match[1]!, target: match[2]! };
}

/**
 * The response at `start` to a request with `method`; null while its head is not whole. `isEnded`:
 * the connection ended in order behind the bytes.
 */
export function readResponse(
  bytes: Buffer,
  start: number,
  method: string,
  isEnded: boolean,
): WireMessage | null {
  const head = readHead(bytes, start);
  if (head === null) return null;
  const match = STATUS_LINE.exec(head.startLine);
  if (match === null) refuse(`status line '${head.startLine}'`);
  const status = Number(match[1]);
  const hasNoBody = method === 'HEAD' || status < 200 || status === 204 || status === 304;
  const framing = framingOf(head.fields);
  const body = readBody(bytes, head, hasNoBody ? 'none' : framing, isEnded);
  return { ...head, ...body, status, method: '', target: '' };
}

interface Head {
  readonly startLine: string;
  readonly fields: WireFields;
  readonly bodyStart: number;
}

function readHead(bytes: Buffer, start: number): Head | null {
  const end = bytes.indexOf(HEAD_END, start, 'latin1');
  if (end < 0) return null;
  const [startLine = '', ...lines] = bytes.toString('latin1', start, end).split('\r\n');
  return { startLine, fields: lines.map(readField), bodyStart: end + HEAD_END.length };
}

function readField(line: string): [string, string] {
  const match = FIELD.exec(line);
  if (match === null) refuse(`field line ${JSON.stringify(line)}`);
  return [match[1]!, match[2]!];
}

function framingOf(fields: WireFields): WireFraming {
  const coding = fieldValue(fields, 'transfer-encoding');
  const length = fieldValue(fields, 'content-length');
  if (coding !== undefined && length !== undefined) refuse('both framings');
  if (coding !== undefined && coding.toLowerCase() !== 'chunked') refuse(`coding '${coding}'`);
  if (length !== undefined && !/^(0|[1-9]\d{0,15})$/.test(length)) refuse(`length '${length}'`);
  if (coding !== undefined) return 'chunked';
  return length === undefined ? 'close' : 'length';
}

interface Body {
  readonly framing: WireFraming;
  readonly body: Buffer;
  readonly trailers: WireFields;
  readonly isComplete: boolean;
  readonly end: number;
}

function readBody(bytes: Buffer, head: Head, framing: WireFraming, isEnded: boolean): Body {
  const start = head.bodyStart;
  if (framing === 'chunked') return readChunked(bytes, start);
  let length = 0;
  if (framing === 'length') length = Number(fieldValue(head.fields, 'content-length'));
  if (framing === 'close') length = bytes.length - start;
  const end = Math.min(start + length, bytes.length);
  const isComplete = framing === 'close' ? isEnded : end === start + length;
  return { framing, body: bytes.subarray(start, end), trailers: [], isComplete, end };
}

function readChunked(bytes: Buffer, start: number): Body {
  const parts: Buffer[] = [];
  let at = start;
  const result = (isComplete: boolean, end: number, trailers: WireFields = []): Body => {
    return { framing: 'chunked', body: Buffer.concat(parts), trailers, isComplete, end };
  };
  for (;;) {
    const lineEnd = bytes.indexOf('\r\n', at, 'latin1');
    if (lineEnd < 0) return result(false, bytes.length);
    const line = bytes.toString('latin1', at, lineEnd);
    if (!CHUNK_SIZE.test(line)) refuse(`chunk size '${line}'`);
    const size = Number.parseInt(line, 16);
    const dataStart = lineEnd + 2;
    if (size === 0) {
      // The CRLF of the size line is also the first half of an empty trailer section's end.
      const end = bytes.indexOf(HEAD_END, lineEnd, 'latin1');
      if (end < 0) return result(false, bytes.length);
      const text = bytes.toString('latin1', dataStart, Math.max(dataStart, end));
      const trailers = text === '' ? [] : text.split('\r\n').map(readField);
      return result(true, end + HEAD_END.length, trailers);
    }
    const dataEnd = dataStart + size;
    parts.push(bytes.subarray(dataStart, Math.min(dataEnd, bytes.length)));
    if (bytes.length < dataEnd + 2) return result(false, bytes.length);
    if (bytes[dataEnd] !== 0x0d || bytes[dataEnd + 1] !== 0x0a) refuse('no CRLF after a chunk');
    at = dataEnd + 2;
  }
}

function refuse(what: string): never {
  throw new WireMessageError(what);
}

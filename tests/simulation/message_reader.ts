// A reader of HTTP/1.1 messages for the simulation, written apart from the product's codec so that
// the two do not share a mistake. Strict: whatever is malformed throws, because neither side of a
// proxy may see it.

/** A head as text. */
export interface MessageHead {
  /** Method, or the version in a response. */
  readonly first: string;
  /** Target, or the status in a response. */
  readonly second: string;
  readonly fields: ReadonlyMap<string, string>;
}

/** How the body ends. */
type BodyMode = 'none' | 'length' | 'chunked' | 'close';

/** Bytes that no HTTP/1.1 message may have. */
class MalformedMessageError extends Error {
  override readonly name = 'MalformedMessageError';
}

const FIELD = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([^\0\r\n]*?)[ \t]*$/;
const CHUNK_SIZE = /^([0-9A-Fa-f]{1,8})(?:[ \t]*;[^\r\n]*)?$/;

export class MessageReader {
  head: MessageHead | null = null;
  /** The current message is there in whole. */
  isComplete = false;
  readonly #isRequest: boolean;
  /** Whether a response with that head has no body whatever its fields say. */
  readonly #hasNoBody: (head: MessageHead) => boolean;
  #pending: Buffer = Buffer.alloc(0);
  #mode: BodyMode = 'none';
  #body: Buffer[] = [];
  #left = 0;
  #chunkState: 'size' | 'data' | 'crlf' | 'trailer' = 'size';

  constructor(kind: 'request' | 'response', hasNoBody: (head: MessageHead) => boolean) {
    this.#isRequest = kind === 'request';
    this.#hasNoBody = hasNoBody;
  }

  /** Whether the body ends with the connection. */
  get isCloseDelimited(): boolean {
    return this.head !== null && this.#mode === 'close';
  }

  /** Bytes of a message have arrived that are not the whole of it. */
  get isWithin(): boolean {
    return !this.isComplete && (this.head !== null || this.#pending.length > 0);
  }

  /** The body so far. */
  get body(): Buffer {
    return Buffer.concat(this.#body);
  }

  push(bytes: Buffer): void {
    this.#pending = this.#pending.length === 0 ? bytes : Buffer.concat([this.#pending, bytes]);
    this.#read();
  }

  /** The connection ended in order: completes a body that ends so. */
  end(): void {
    if (this.isCloseDelimited) this.isComplete = true;
  }

  /** Goes on to the next message. */
  next(): void {
    this.head = null;
    this.isComplete = false;
    this.#body = [];
    this.#read();
  }

  #read(): void {
    while (!this.isComplete && this.#step());
  }

  #step(): boolean {
    if (this.head === null) return this.#readHead();
    switch (this.#mode) {
      case 'none':
        this.isComplete = true;
        return false;
      case 'length':
        this.#takeBody();
        this.isComplete = this.#left === 0;
        return false;
      case 'close':
        this.#left = Number.POSITIVE_INFINITY;
        this.#takeBody();
        return false;
      case 'chunked':
        return this.#readChunked();
    }
  }

  #readHead(): boolean {
    const end = this.#pending.indexOf('\r\n\r\n');
    if (end < 0) return false;
    const lines = this.#pending.toString('latin1', 0, end).split('\r\n');
    this.#pending = this.#pending.subarray(end + 4);
    const [first = '', second = '', third = ''] = lines[0]!.split(' ');
    const version = this.#isRequest ? third : first;
    if (!/^HTTP\/1\.[01]$/.test(version)) refuse(`start line '${lines[0]}'`);
    if (!this.#isRequest && !/^\d{3}$/.test(second)) refuse(`status '${second}'`);
    const fields = new Map<string, string>();
    for (const line of lines.slice(1)) {
      const match = FIELD.exec(line);
      if (match === null) refuse(`field line '${line}'`);
      const name = match[1]!.toLowerCase();
      if (fields.has(name) && (name === 'content-length' || name === 'host')) refuse(`two ${name}`);
      fields.set(name, fields.has(name) ? `${fields.get(name)}, ${match[2]}` : match[2]!);
    }
    this.head = { first, second, fields };
    this.#chooseMode(this.head);
    return true;
  }

  #chooseMode(head: MessageHead): void {
    const coding = head.fields.get('transfer-encoding');
    const length = head.fields.get('content-length');
    if (coding !== undefined && length !== undefined) refuse('both framings');
    if (coding !== undefined && coding.toLowerCase() !== 'chunked') refuse(`coding '${coding}'`);
    if (length !== undefined && !/^\d+$/.test(length)) refuse(`length '${length}'`);
    this.#left = 0;
    this.#chunkState = 'size';
    if (this.#hasNoBody(head)) this.#mode = 'none';
    else if (coding !== undefined) this.#mode = 'chunked';
    else if (length !== undefined) this.#mode = 'length';
    else this.#mode = this.#isRequest ? 'none' : 'close';
    if (this.#mode === 'length') this.#left = Number(length);
  }

  #takeBody(): void {
    const count = Math.min(this.#left, this.#pending.length);
    if (count > 0) this.#body.push(this.#pending.subarray(0, count));
    this.#pending = this.#pending.subarray(count);
    this.#left -= count;
  }

  #readChunked(): boolean {
    if (this.#chunkState === 'data') {
      if (this.#pending.length === 0) return false;
      this.#takeBody();
      if (this.#left > 0) return false;
      this.#chunkState = 'crlf';
    }
    const end = this.#pending.indexOf('\r\n');
    if (end < 0) {
      if (this.#chunkState === 'crlf' && this.#pending.length > 1) refuse('no CRLF after a chunk');
      return false;
    }
    const line = this.#pending.toString('latin1', 0, end);
    this.#pending = this.#pending.subarray(end + 2);
    if (this.#chunkState === 'crlf') {
      if (line !== '') refuse('no CRLF after a chunk');
      this.#chunkState = 'size';
    } else if (this.#chunkState === 'trailer') {
      if (line === '') this.isComplete = true;
      else if (!FIELD.test(line)) refuse(`trailer line '${line}'`);
    } else {
      const match = CHUNK_SIZE.exec(line);
      if (match === null) refuse(`chunk size '${line}'`);
      this.#left = Number.parseInt(match[1]!, 16);
      this.#chunkState = this.#left === 0 ? 'trailer' : 'data';
    }
    return true;
  }
}

function refuse(what: string): never {
  throw new MalformedMessageError(what);
}

// An origin server that keeps every byte it is sent and answers with exactly the bytes that a test
// wants. What it is sent is read strictly: a request that is malformed or ambiguous is a fault,
// which tests ask for at their end, because a proxy must never forward one.

import { once } from 'node:events';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { readRequest, type WireMessage } from './wire_message.ts';
import { WireSocket } from './wire_socket.ts';

export class OriginConnection {
  readonly wire: WireSocket;
  /** Whole requests, in order. */
  readonly requests: WireMessage[] = [];
  /** Stops reading requests: what arrives is something else, as in a tunnel. */
  isRaw = false;
  readonly #origin: ScriptedOrigin;
  #consumed = 0;
  #isHeadTold = false;
  /** What ended here was looked at before and was no whole request with chunks. */
  #lookedAt = 0;

  constructor(origin: ScriptedOrigin, wire: WireSocket) {
    this.#origin = origin;
    this.wire = wire;
    wire.onChange = (): void => this.#read();
  }

  write(bytes: string | Buffer): void {
    this.wire.write(bytes);
  }

  end(): void {
    this.wire.end();
  }

  reset(): void {
    this.wire.reset();
  }

  /** Bytes behind the last whole request. */
  get unread(): string {
    return this.wire.received.toString('latin1', this.#consumed);
  }

  /** The request that is under way, whole or not; null while its head is not there. */
  peek(): WireMessage | null {
    return readRequest(this.wire.received, this.#consumed);
  }

  /** Chunks are read again only where they may have ended: a large body would take for ever. */
  #isWithinChunks(): boolean {
    if (this.#lookedAt === 0 || this.wire.isEnded || this.wire.isReset) return false;
    if (this.wire.received.includes('\r\n\r\n', this.#lookedAt - 3, 'latin1')) return false;
    this.#lookedAt = this.wire.receivedBytes;
    return true;
  }

  #read(): void {
    while (!this.isRaw && this.wire.receivedBytes > this.#consumed) {
      if (this.#isWithinChunks()) return;
      let request: WireMessage | null;
      try {
        request = this.peek();
      } catch (error) {
        this.isRaw = true;
        this.#origin.faults.push(`${error}: ${JSON.stringify(this.unread.slice(0, 400))}`);
        return;
      }
      if (request === null) return;
      if (!this.#isHeadTold) {
        this.#isHeadTold = true;
        this.#origin.onHead(request, this);
      }
      this.#lookedAt = request.framing === 'chunked' ? this.wire.receivedBytes : 0;
      if (!request.isComplete || this.isRaw) return;
      this.#consumed = request.end;
      this.#isHeadTold = false;
      this.#lookedAt = 0;
      this.requests.push(request);
      this.#origin.requests.push(request);
      this.#origin.onRequest(request, this);
    }
  }
}

export type OriginHandler = (request: WireMessage, connection: OriginConnection) => void;

export class ScriptedOrigin {
  readonly connections: OriginConnection[] = [];
  /** Whole requests over all connections, in the order in which they became whole. */
  readonly requests: WireMessage[] = [];
  /** What the proxy sent that is no valid request. */
  readonly faults: string[] = [];
  /** Told of each request once its head is there. */
  onHead: OriginHandler = () => {};
  /** Told of each whole request. */
  onRequest: OriginHandler = answerOk;
  /** Told of each connection. */
  onConnection: (connection: OriginConnection) => void = () => {};
  readonly #server: Server;

  private constructor() {
    this.#server = createServer({ allowHalfOpen: true }, (socket) => {
      const connection = new OriginConnection(this, new WireSocket(socket));
      this.connections.push(connection);
      // The proxy closes a connection that it gives up; so do we then.
      socket.on('end', () => {
        if (!connection.isRaw) socket.end();
      });
      this.onConnection(connection);
    });
  }

  /** Listens on a free port of loopback. */
  static async start(host: string = '127.0.0.1', port: number = 0): Promise<ScriptedOrigin> {
    const origin = new ScriptedOrigin();
    origin.#server.listen(port, host);
    await once(origin.#server, 'listening');
    return origin;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** Back to what it does by default; what it has recorded is forgotten, connections stay open. */
  restart(): void {
    this.onHead = () => {};
    this.onRequest = answerOk;
    this.onConnection = () => {};
    this.requests.length = 0;
    this.faults.length = 0;
  }

  get openConnections(): OriginConnection[] {
    return this.connections.filter(({ wire }) => !wire.isClosed);
  }

  /** Breaks off all connections and stops listening. */
  async close(): Promise<void> {
    for (const { wire } of this.openConnections) wire.socket.destroy();
    this.#server.close();
    await once(this.#server, 'close');
  }
}

/** An answer with a length. */
export function answerText(body: string, status: string = '200 OK', fields: string = ''): string {
  return `HTTP/1.1 ${status}\r\nContent-Length: ${body.length}\r\n${fields}\r\n${body}`;
}

/** 200 with the request's target as its body. */
export function answerOk(request: WireMessage, connection: OriginConnection): void {
  const body = `origin ${request.target}`;
  const isHead = request.method === 'HEAD';
  connection.write(isHead ? answerText(body).slice(0, -body.length) : answerText(body));
}

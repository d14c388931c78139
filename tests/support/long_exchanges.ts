// Exchanges that outlive a reload or an upgrade: a download whose client stops reading when the
// test says so, and a tunnel whose far end echoes. Every byte of both is checked.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { TestContext } from 'node:test';

/** A prime, so that no buffer's size hides a piece that is missing or comes twice. */
const PERIOD = 65_521;
const PATTERN: Buffer = Buffer.from(
  Array.from({ length: 2 * PERIOD }, (_, i) => (i % PERIOD) & 255),
);

/** An origin for both, closed with the test: `/download/BYTES`, and any upgrade. */
export async function startLongOrigin(t: TestContext): Promise<string> {
  const sockets = new Set<Socket>();
  const server = createServer((incoming, response) => {
    const bytes = Number(/^\/download\/(\d+)/.exec(incoming.url!)?.[1] ?? -1);
    if (bytes < 0) response.end('here');
    else sendPattern(response, bytes);
  });
  server.on('connection', (socket) => sockets.add(socket));
  server.on('upgrade', (_incoming, socket) => {
    socket.on('error', () => {});
    socket.write(
      'HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n',
    );
    socket.pipe(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function sendPattern(response: ServerResponse, bytes: number): void {
  response.setHeader('content-length', bytes);
  let sent = 0;
  const more = (): void => {
    while (sent < bytes) {
      const piece = patternAt(sent, Math.min(PERIOD, bytes - sent));
      sent += piece.length;
      if (!response.write(piece)) {
        response.once('drain', more);
        return;
      }
    }
    response.end();
  };
  more();
}

function patternAt(position: number, length: number): Buffer {
  return PATTERN.subarray(position % PERIOD, (position % PERIOD) + length);
}

/** A download that stands still after its first bytes until `finish`. */
export class LongDownload {
  readonly #bytes: number;
  readonly #response: IncomingMessage;
  #received = 0;

  private constructor(bytes: number, response: IncomingMessage) {
    this.#bytes = bytes;
    this.#response = response;
    response.on('data', (piece: Buffer) => this.#check(piece));
    response.pause();
  }

  static async begin(url: string, bytes: number): Promise<LongDownload> {
    const sent = request(`${url}/download/${bytes}`, { agent: false });
    sent.end();
    const [response] = (await once(sent, 'response')) as [IncomingMessage];
    assert.equal(response.statusCode, 200);
    return new LongDownload(bytes, response);
  }

  /** Reads the rest; throws where a byte is wrong or missing. */
  async finish(): Promise<void> {
    const ended = once(this.#response, 'end');
    this.#response.resume();
    await ended;
    assert.equal(this.#received, this.#bytes);
  }

  #check(piece: Buffer): void {
    for (let at = 0; at < piece.length; at += PERIOD) {
      const part = piece.subarray(at, at + PERIOD);
      if (!part.equals(patternAt(this.#received, part.length))) {
        this.#response.destroy(new Error(`wrong bytes after ${this.#received}`));
        return;
      }
      this.#received += part.length;
    }
  }
}

/** A tunnel through the proxy, as WebSocket opens one. */
export class LongTunnel {
  /** Resolves with how it ended: the code of an error, or `end`. */
  readonly ended: Promise<string>;
  readonly #socket: Socket;

  private constructor(socket: Socket) {
    this.#socket = socket;
    this.ended = new Promise((resolve) => {
      socket.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
      socket.on('close', () => resolve('end'));
    });
  }

  static async begin(url: string): Promise<LongTunnel> {
    const headers = { connection: 'upgrade', upgrade: 'websocket' };
    const sent = request(url, { agent: false, headers });
    sent.end();
    const [, socket] = (await once(sent, 'upgrade')) as [IncomingMessage, Socket];
    return new LongTunnel(socket);
  }

  /** Sends a text and waits until it has come back. */
  async echo(text: string): Promise<void> {
    this.#socket.write(text);
    let received = '';
    while (received.length < text.length) {
      const [piece] = (await once(this.#socket, 'data')) as [Buffer];
      received += piece.toString();
    }
    assert.equal(received, text);
  }

  /** Ends it from our side. */
  async end(): Promise<void> {
    const closed = once(this.#socket, 'close');
    this.#socket.end();
    await closed;
  }
}

// An origin over node:http for numbered exchanges: it checks that each request is the one of its
// number, whole, and counts how often it saw which.

import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { NUMBER_FIELD, numberedRequest, numberedResponse } from './numbered_exchange.ts';

export class NumberedOrigin {
  /** What was wrong with requests; the first few. */
  readonly faults: string[] = [];
  /** How often each number was seen. */
  readonly seen: Uint8Array;
  readonly #server: Server;

  private constructor(count: number) {
    this.seen = new Uint8Array(count);
    // It never closes a connection by itself: a request must not be lost to a race.
    this.#server = createServer({ keepAliveTimeout: 0, requestTimeout: 0 });
    this.#server.on('request', (request: IncomingMessage, response: ServerResponse) => {
      this.#receive(request, response);
    });
  }

  /** Listens on a free port for exchanges 0 to `count` - 1. */
  static async start(count: number): Promise<NumberedOrigin> {
    const origin = new NumberedOrigin(count);
    origin.#server.listen(0, '127.0.0.1');
    await once(origin.#server, 'listening');
    return origin;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }

  #receive(request: IncomingMessage, response: ServerResponse): void {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => {
      chunks.push(chunk);
    });
    request.on('end', () => {
      const number = Number(request.headers[NUMBER_FIELD]);
      this.#check(number, request, Buffer.concat(chunks));
      const { status, isChunked, body } = numberedResponse(number);
      const fields: Record<string, string> = { [NUMBER_FIELD]: String(number) };
      if (status !== 204 && !isChunked) fields['content-length'] = String(body.length);
      response.writeHead(status, fields);
      response.end(status === 204 || request.method === 'HEAD' ? undefined : body);
    });
    request.on('error', (error) => this.#fault(`a request broke off: ${error.message}`));
  }

  #check(number: number, request: IncomingMessage, body: Buffer): void {
    if (!(number >= 0 && number < this.seen.length)) {
      this.#fault(`number ${request.headers[NUMBER_FIELD]}`);
      return;
    }
    this.seen[number]!++;
    const wanted = numberedRequest(number);
    if (request.url !== `/exchange/${number}`) this.#fault(`${number} came for ${request.url}`);
    if (request.method !== wanted.method) this.#fault(`${number} came as ${request.method}`);
    if (!body.equals(wanted.body)) this.#fault(`the body of ${number} is another one`);
  }

  #fault(text: string): void {
    if (this.faults.length < 10) this.faults.push(text);
  }
}

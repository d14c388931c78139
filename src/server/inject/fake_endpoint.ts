// The far end of a connection to a fake endpoint: reads one request, shows it to the test's fake
// and writes what that answers, as bytes that the real client driver has to understand. Each
// connection serves one request.

import { FakeRequestView } from './fake_request.ts';
import type { FakeAnswer, FakeUpstream, InjectFields } from './inject_types.ts';
import type { Injection } from './injection.ts';
import type { MemoryConnection, MemoryPeer } from './memory_connection.ts';
import { type DecodeScratch, MessageReader } from './message_reader.ts';
import {
  bytesOf,
  framingPairs,
  hasField,
  isChunked,
  pairsOf,
  responseHead,
  writeBody,
} from './message_writer.ts';

/** A request on its way to a fake. */
export interface FakeCall {
  readonly injection: Injection;
  readonly upstream: string;
  readonly fake: FakeUpstream;
  /** URL of the endpoint; known once the stream was handed out. */
  endpoint: string;
}

const CONTINUE = responseHead(100, []);

export class FakeEndpoint implements MemoryPeer {
  readonly #call: FakeCall;
  readonly #reader: MessageReader;
  #connection: MemoryConnection | null = null;
  #wasContinued = false;
  #wasServed = false;

  constructor(call: FakeCall, scratch: DecodeScratch) {
    this.#call = call;
    this.#reader = new MessageReader(scratch, '');
  }

  begin(connection: MemoryConnection): void {
    this.#connection = connection;
    this.#call.injection.onConnectionOpen();
  }

  onBytes(bytes: Uint8Array): void {
    const reader = this.#reader;
    reader.receive(bytes);
    if (reader.isComplete) {
      if (this.#wasServed) return; // what passes through a tunnel
      this.#wasServed = true;
      void this.#serve();
      return;
    }
    if (reader.head?.headers.has('expect') !== true || this.#wasContinued) return;
    this.#wasContinued = true;
    this.#connection!.write(CONTINUE);
  }

  onEnd(): void {
    this.#connection!.end();
  }

  onClosed(_isReset: boolean): void {
    this.#call.injection.onConnectionClosed();
  }

  async #serve(): Promise<void> {
    const connection = this.#connection!;
    const { injection } = this.#call;
    try {
      const answer = await this.#ask();
      if (connection.isClosed) return;
      if (answer === 'reset') connection.breakOff();
      else await this.#answer(answer, connection);
    } catch (error) {
      injection.onThrown(error);
      connection.breakOff();
    }
  }

  #ask(): FakeAnswer | 'reset' | Promise<FakeAnswer | 'reset'> {
    const { upstream, endpoint, fake } = this.#call;
    if (typeof fake !== 'function') return typeof fake === 'string' ? 'reset' : fake;
    return fake(new FakeRequestView(upstream, endpoint, this.#reader));
  }

  async #answer(answer: FakeAnswer, connection: MemoryConnection): Promise<void> {
    for (const { status, headers } of answer.interim ?? []) {
      connection.write(responseHead(status, pairsOf(headers)));
    }
    const { status = 200, headers, body, trailers } = answer;
    const { method } = this.#reader.head!;
    const pairs = pairsOf(headers);
    const canHaveBody = method !== 'HEAD' && status >= 200 && status !== 204 && status !== 304;
    // What a body there would have been is said to HEAD, too (RFC 9110 section 9.3.2).
    const framing = status < 200 || status === 204 ? [] : framingPairs(pairs, body ?? '');
    connection.write(
      responseHead(status, [...pairs, ...framing, ...this.#switching(status, headers)]),
    );
    if (status === 101) return; // a tunnel: its end is the driver's
    if (canHaveBody && body !== undefined) {
      const bytes = bytesOf(body);
      if (bytes !== null) connection.write(bytes);
      else await this.#stream(answer, isChunked(pairs, body), connection, trailers);
    }
    if (!connection.isClosed) connection.end();
  }

  /** What a switch of protocols needs, where the test does not say it. */
  #switching(status: number, headers: InjectFields | undefined): [string, string][] {
    if (status !== 101) return [];
    const pairs = pairsOf(headers);
    const added: [string, string][] = [];
    const wanted = this.#reader.head!.headers.get('upgrade');
    if (!hasField(pairs, 'connection')) added.push(['Connection', 'upgrade']);
    if (!hasField(pairs, 'upgrade') && wanted !== null) added.push(['Upgrade', wanted]);
    return added;
  }

  async #stream(
    answer: FakeAnswer,
    isInChunks: boolean,
    connection: MemoryConnection,
    trailers: InjectFields | undefined,
  ): Promise<void> {
    try {
      const body = answer.body as AsyncIterable<string | Uint8Array>;
      await writeBody(body, isInChunks, trailers, async (bytes) => {
        if (connection.isClosed) return false;
        connection.write(bytes);
        await connection.taken();
        return !connection.isClosed;
      });
    } catch {
      connection.breakOff();
    }
  }
}

// The client of an injected request: writes it, reads the answer as a client would, and leaves.

import type { InjectFields, InjectRequest } from './inject_types.ts';
import type { Injection } from './injection.ts';
import type { MemoryConnection, MemoryPeer } from './memory_connection.ts';
import { type DecodeScratch, MessageReader } from './message_reader.ts';
import { bytesOf, hasField, isChunked, pairsOf, writeBody } from './message_writer.ts';
import type { WireRequest } from './wire_request.ts';

export class InjectClient implements MemoryPeer {
  readonly reader: MessageReader;
  readonly #injection: Injection;
  readonly #wire: WireRequest;
  readonly #onGone: () => void;
  #connection: MemoryConnection | null = null;
  readonly #continued: PromiseWithResolvers<void> = Promise.withResolvers();
  readonly #onAbort: () => void = () => this.#connection!.breakOff();

  constructor(wire: WireRequest, injection: Injection, scratch: DecodeScratch, onGone: () => void) {
    this.reader = new MessageReader(scratch, wire.method);
    this.#injection = injection;
    this.#wire = wire;
    this.#onGone = onGone;
  }

  begin(connection: MemoryConnection): void {
    const { head, request } = this.#wire;
    this.#connection = connection;
    this.#injection.onConnectionOpen();
    request.signal?.addEventListener('abort', this.#onAbort, { once: true });
    connection.write(head);
    if (request.body !== undefined) void this.#sendBody(request.body, connection);
    if (request.signal?.aborted === true) connection.breakOff();
  }

  onBytes(bytes: Uint8Array): void {
    const { reader } = this;
    if (reader.isComplete) return;
    reader.receive(bytes);
    if (reader.interim.length > 0 || reader.head !== null) this.#continued.resolve();
    if (!reader.isComplete) return;
    if (reader.head!.status === 101) this.#connection!.breakOff();
    else this.#connection!.end();
  }

  onEnd(): void {
    this.reader.end();
    this.#connection!.end();
  }

  onClosed(_isReset: boolean): void {
    this.#wire.request.signal?.removeEventListener('abort', this.#onAbort);
    this.#continued.resolve();
    this.#onGone();
    this.#injection.onConnectionClosed();
  }

  /** What the test's iterable throws is the client's death. */
  async #sendBody(
    body: NonNullable<InjectRequest['body']>,
    connection: MemoryConnection,
  ): Promise<void> {
    const { request } = this.#wire;
    const bytes = bytesOf(body);
    if (waitsToContinue(request.headers)) await this.#continued.promise;
    const isWanted = (): boolean => !connection.isClosed && !this.reader.isComplete;
    if (bytes !== null) {
      if (isWanted()) connection.write(bytes);
      return;
    }
    try {
      const iterable = body as AsyncIterable<string | Uint8Array>;
      const isInChunks = isChunked(pairsOf(request.headers), body);
      await writeBody(iterable, isInChunks, request.trailers, async (piece) => {
        if (!isWanted()) return false;
        connection.write(piece);
        await connection.taken();
        return isWanted();
      });
    } catch {
      connection.breakOff();
    }
  }
}

function waitsToContinue(headers: InjectFields | undefined): boolean {
  return hasField(pairsOf(headers), 'expect');
}

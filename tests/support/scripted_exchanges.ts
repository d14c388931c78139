// A `RequestHandler` in the hands of a test: it records what the downstream driver tells, answers
// as the test says, and has a whole driver on a simulated network around it.

import { strict as assert } from 'node:assert';
import {
  type BufferCounts,
  type BufferHandle,
  NO_BUFFER,
  SizeClass,
} from '../../src/base/buffer_pool.ts';
import { CONNECTIONS_MAX } from '../../src/base/limits.ts';
import { CELLS_COUNT } from '../../src/base/metrics_cells.ts';
import { ConnectionAcceptor } from '../../src/downstream/connection_acceptor.ts';
import { ConnectionRegistry } from '../../src/downstream/connection_registry.ts';
import type {
  DownstreamLimits,
  DownstreamTimeouts,
  ListenerOptions,
} from '../../src/downstream/options.ts';
import type {
  RequestHandler,
  ServerStream,
  ServerStreamHandler,
} from '../../src/http/exchange_contract.ts';
import { EXCHANGE_ERRORS, ExchangeError } from '../../src/http/exchange_error.ts';
import { FieldId } from '../../src/http/field_names.ts';
import type { HeaderBlock } from '../../src/http/header_block.ts';
import { Framing, type RequestHead, ResponseHead } from '../../src/http/message_head.ts';
import { latin1Text } from '../../src/http/text.ts';
import type { Listener } from '../../src/ring/transport.ts';
import { type FaultRates, SimulatedNetwork } from './simulated_network.ts';
import type { SimulatedPeer } from './simulated_peer.ts';

const SCRATCH_BYTES = 8_192;

export interface ScriptedOptions {
  readonly timeouts?: Partial<DownstreamTimeouts>;
  readonly limits?: Partial<DownstreamLimits>;
  readonly halfClose?: boolean;
  readonly counts?: BufferCounts;
  readonly seed?: number;
  readonly faults?: Partial<FaultRates>;
  /** Connections of both sides for which the transport has descriptors. */
  readonly connectionsMax?: number;
}

/** A response as a test writes it. */
export interface ScriptedResponse {
  readonly status?: number;
  readonly fields?: readonly (readonly [string, string])[];
  readonly framing?: Framing;
  readonly contentLength?: number;
  readonly bodyFollows?: boolean;
  readonly upgrade?: string;
}

/** One request as it was told, and the means to answer it. */
export class ScriptedExchange implements ServerStreamHandler {
  readonly stream: ServerStream;
  readonly method: string;
  readonly target: string;
  /** What was told, in order: `body:5`, `end`, `writable`, `sent`, `aborted:client_closed`. */
  readonly events: string[] = [];
  body = '';
  trailers = '';
  error: ExchangeError = ExchangeError.NONE;
  /** Ask for the next chunk as soon as one came. */
  readsOn = true;
  onEnd: (() => void) | null = null;
  onBody: (() => void) | null = null;
  onWritable: (() => void) | null = null;
  onAborted: (() => void) | null = null;
  readonly #harness: DownstreamHarness;
  #isInCall = 0;

  constructor(harness: DownstreamHarness, stream: ServerStream) {
    const { bytes } = harness.network.pool.arena;
    const { head } = stream;
    this.#harness = harness;
    this.stream = stream;
    this.method = latin1Text(bytes, head.methodStart, head.methodEnd);
    this.target = latin1Text(bytes, head.targetStart, head.targetEnd);
  }

  get isOver(): boolean {
    return this.events.includes('sent') || this.error !== ExchangeError.NONE;
  }

  onRequestBody(buffer: BufferHandle, start: number, end: number, isLast: boolean): void {
    this.#tell(`body:${end - start}${isLast ? ':last' : ''}`);
    const { pool } = this.#harness.network;
    assert(
      start >= pool.startOf(buffer) && end <= pool.endOf(buffer),
      'a chunk lies in its buffer',
    );
    this.body += latin1Text(pool.arena.bytes, start, end);
    pool.release(buffer);
    this.onBody?.();
    if (this.readsOn && !isLast && !this.isOver) this.read();
  }

  onRequestEnd(trailers: HeaderBlock | null): void {
    this.#tell('end');
    if (trailers !== null) this.trailers = fieldsText(this.#harness, trailers);
    this.onEnd?.();
  }

  onRequestAborted(error: ExchangeError): void {
    this.#tell(`aborted:${EXCHANGE_ERRORS[error]!.code}`);
    this.error = error;
    this.onAborted?.();
  }

  onResponseWritable(): void {
    this.#tell('writable');
    this.onWritable?.();
  }

  onResponseSent(): void {
    this.#tell('sent');
  }

  read(): void {
    this.#call(() => this.stream.readBody());
  }

  writeHead(response: ScriptedResponse): void {
    this.#call(() => this.stream.writeHead(this.#harness.makeHead(response)));
  }

  writeInterim(response: ScriptedResponse): void {
    this.#call(() => this.stream.writeInterim(this.#harness.makeHead(response)));
  }

  /** Writes a chunk; without a buffer for it the response is broken off. */
  write(text: string, isLast = false): void {
    const { buffer, start, end } = this.#harness.makeBody(text);
    if (buffer === NO_BUFFER) {
      this.abort();
      return;
    }
    this.#call(() => this.stream.writeBody(buffer, start, end, isLast));
  }

  end(trailers: HeaderBlock | null = null): void {
    if (this.isOver) return;
    this.#call(() => this.stream.endBody(trailers));
  }

  abort(): void {
    this.#call(() => this.stream.abort(ExchangeError.UPSTREAM_RESET));
    this.events.push('aborting');
    this.error = ExchangeError.UPSTREAM_RESET;
  }

  tunnel(upgrade: string): void {
    this.#call(() => {
      this.stream.switchToTunnel(this.#harness.makeHead({ status: 101, upgrade }));
    });
  }

  /** A whole answer with a Content-Length, as the proxy would relay it. */
  answer(body: string, response: ScriptedResponse = {}): void {
    this.writeHead({
      framing: Framing.LENGTH,
      contentLength: body.length,
      bodyFollows: true,
      ...response,
    });
    if (body !== '') this.write(body, true);
    this.end();
  }

  #tell(event: string): void {
    assert.equal(this.#isInCall, 0, 'a call does not call back before it returns');
    assert(!this.isOver, `nothing is told after the end: ${this.events} + ${event}`);
    this.events.push(event);
  }

  #call(call: () => void): void {
    this.#isInCall++;
    call();
    this.#isInCall--;
  }
}

/** A driver on a simulated network, its exchanges scripted by `onRequest`. */
export class DownstreamHarness implements RequestHandler {
  readonly network: SimulatedNetwork;
  readonly cells: Float64Array = new Float64Array(CELLS_COUNT);
  readonly registry: ConnectionRegistry;
  readonly acceptor: ConnectionAcceptor;
  readonly listener: Listener;
  readonly exchanges: ScriptedExchange[] = [];
  readonly refused: string[] = [];
  /** Called inside `onRequest`. By default the request is read and answered with its target. */
  onExchange: (exchange: ScriptedExchange) => void = (exchange) => {
    exchange.onEnd = () => exchange.answer(exchange.target);
    exchange.read();
  };
  readonly #ownedBefore: number;
  readonly #scratch: number;
  #scratchAt = 0;

  constructor(options: ScriptedOptions = {}) {
    this.network = new SimulatedNetwork({
      ...(options.counts === undefined ? {} : { counts: options.counts }),
      ...(options.seed === undefined ? {} : { seed: options.seed }),
      ...(options.faults === undefined ? {} : { faults: options.faults }),
    });
    this.network.transport.connectionsMax = options.connectionsMax ?? CONNECTIONS_MAX;
    this.registry = new ConnectionRegistry(this.cells);
    this.acceptor = new ConnectionAcceptor(
      this.network.transport,
      makeListenerOptions(options),
      this,
      this.cells,
      this.registry,
      (host) => host === '10.0.0.1',
    );
    this.listener = this.acceptor.listen(3);
    this.#scratch = this.network.pool.arena.reserveStatic(SCRATCH_BYTES).start;
    this.#ownedBefore = this.network.pool.ownedCount;
  }

  onRequest(stream: ServerStream): ServerStreamHandler {
    const exchange = new ScriptedExchange(this, stream);
    this.exchanges.push(exchange);
    this.onExchange(exchange);
    return exchange;
  }

  onRequestRefused(_stream: ServerStream, error: ExchangeError, status: number): void {
    this.refused.push(`${EXCHANGE_ERRORS[error]!.code} ${status}`);
  }

  get last(): ScriptedExchange {
    return this.exchanges.at(-1)!;
  }

  /** A client whose connection is accepted. */
  connect(): SimulatedPeer {
    const peer = this.network.connect(this.listener);
    this.network.run();
    return peer;
  }

  /** A client that has sent `text`. */
  send(text: string): SimulatedPeer {
    const peer = this.connect();
    peer.write(text);
    this.network.run();
    return peer;
  }

  /** A head with its texts in scratch memory, good until some heads later. */
  makeHead(response: ScriptedResponse): ResponseHead {
    const head = new ResponseHead();
    head.status = response.status ?? 200;
    head.framing = response.framing ?? Framing.NONE;
    head.contentLength = response.contentLength ?? -1;
    head.bodyFollows = response.bodyFollows ?? false;
    for (const [name, value] of response.fields ?? []) {
      const nameStart = this.#put(name);
      const valueStart = this.#put(value);
      head.fields.add(
        nameStart,
        nameStart + name.length,
        valueStart,
        valueStart + value.length,
        FieldId.UNKNOWN,
      );
    }
    if (response.upgrade !== undefined) {
      head.upgradeStart = this.#put(response.upgrade);
      head.upgradeEnd = head.upgradeStart + response.upgrade.length;
    }
    return head;
  }

  /** Trailers of one field. */
  makeTrailers(name: string, value: string): HeaderBlock {
    return this.makeHead({ fields: [[name, value]] }).fields;
  }

  makeBody(text: string): { buffer: BufferHandle; start: number; end: number } {
    const { pool } = this.network;
    const sizeClass = [SizeClass.SMALL, SizeClass.MEDIUM, SizeClass.LARGE].find(
      (candidate) => pool.capacityOf(candidate) >= text.length,
    );
    const buffer = pool.acquire(sizeClass!);
    if (buffer === NO_BUFFER) return { buffer, start: 0, end: 0 };
    const start = pool.startOf(buffer);
    pool.arena.bytes.set(Buffer.from(text, 'latin1'), start);
    return { buffer, start, end: start + text.length };
  }

  fieldText(head: RequestHead, name: string): string {
    const lines = fieldsText(this, head.fields).split('\n');
    return lines.find((line) => line.toLowerCase().startsWith(`${name}: `)) ?? '';
  }

  /** At the end of a test: every connection closes, and nothing is left. */
  finish(): void {
    this.network.calm();
    this.registry.resetAll();
    this.network.run();
    assert.equal(this.registry.count, 0, 'all connections are gone');
    assert.equal(this.network.pool.ownedCount, this.#ownedBefore, 'no buffer is leaked');
    for (const exchange of this.exchanges) {
      assert(exchange.isOver, `an exchange ends: ${exchange.target} ${exchange.events}`);
    }
  }

  #put(text: string): number {
    if (this.#scratchAt + text.length > SCRATCH_BYTES) this.#scratchAt = 0;
    const at = this.#scratch + this.#scratchAt;
    this.network.pool.arena.bytes.set(Buffer.from(text, 'latin1'), at);
    this.#scratchAt += text.length;
    return at;
  }
}

function fieldsText(harness: DownstreamHarness, fields: HeaderBlock): string {
  const { bytes } = harness.network.pool.arena;
  let text = '';
  for (let i = 0; i < fields.count; i++) {
    if (fields.isRemoved(i)) continue;
    const name = latin1Text(bytes, fields.nameStart(i), fields.nameEnd(i));
    text += `${name}: ${latin1Text(bytes, fields.valueStart(i), fields.valueEnd(i))}\n`;
  }
  return text;
}

export function makeListenerOptions(options: ScriptedOptions): ListenerOptions {
  return {
    address: '127.0.0.1:80',
    timeouts: {
      requestHeadMs: 10_000,
      bodyIdleMs: 60_000,
      keepAliveIdleMs: 75_000,
      lingerMs: 2_000,
      drainIdleMs: 5_000,
      ...options.timeouts,
    },
    limits: {
      requestHeadBytesMax: 32_768,
      fieldBytesMax: 16_384,
      fieldsCountMax: 128,
      targetBytesMax: 8_192,
      requestsPerConnectionMax: 1_000,
      connectionsMax: 100,
      bodyRateMin: 240,
      bodyRateGraceMs: 10_000,
      lingerBytesMax: 262_144,
      ...options.limits,
    },
    allowUnderscores: false,
    halfClose: options.halfClose ?? false,
    source: null,
  };
}

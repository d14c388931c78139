// An `Upstream` on the simulated network with scripted endpoints, and exchanges that write down
// what they are told. For the tests of the upstream layer.

import { strict as assert } from 'node:assert';
import type { ByteRange } from '../../src/base/arena.ts';
import type { BufferCounts } from '../../src/base/buffer_pool.ts';
import { SizeClass } from '../../src/base/buffer_pool.ts';
import { CELLS_COUNT } from '../../src/base/metrics_cells.ts';
import type { TcpAddress } from '../../src/base/socket_address.ts';
import type { ClientStream, ClientStreamHandler } from '../../src/http/exchange_contract.ts';
import { EXCHANGE_ERRORS, ExchangeError } from '../../src/http/exchange_error.ts';
import { FieldId } from '../../src/http/field_names.ts';
import type { HeaderBlock } from '../../src/http/header_block.ts';
import { Framing, RequestHead, type ResponseHead } from '../../src/http/message_head.ts';
import { identifyMethod } from '../../src/http/methods.ts';
import { latin1Text } from '../../src/http/text.ts';
import type {
  EndpointOptions,
  PoolLimits,
  UpstreamOptions,
  UpstreamTimeouts,
} from '../../src/upstream/options.ts';
import type { StreamWaiter, Upstream } from '../../src/upstream/upstream.ts';
import { Upstreams } from '../../src/upstream/upstreams.ts';
import {
  SimulatedNetwork,
  type SimulatedNetworkOptions,
  type SimulatedPeer,
} from './simulated_network.ts';

export const ADDRESS: TcpAddress = { kind: 'tcp', host: '10.0.0.1', port: 9000, family: 4 };

const TEXT_BYTES = 45_000;
const TIMEOUTS: UpstreamTimeouts = {
  connectMs: 5_000,
  firstByteMs: 60_000,
  betweenBytesMs: 30_000,
  tunnelIdleMs: 100_000,
};
const POOL: PoolLimits = {
  idleConnectionsMax: 8,
  connectionsMax: 16,
  idleTimeoutMs: 55_000,
  ageMsMax: 3_600_000,
};

export interface UpstreamBenchOptions {
  readonly endpoints?: readonly Partial<EndpointOptions>[];
  readonly timeouts?: Partial<UpstreamTimeouts>;
  readonly pool?: Partial<PoolLimits>;
  readonly responseHeadBytesMax?: number;
  readonly counts?: BufferCounts;
  readonly network?: SimulatedNetworkOptions;
}

export interface RequestSpec {
  readonly method?: string;
  readonly target?: string;
  readonly framing?: Framing;
  readonly contentLength?: number;
  readonly bodyFollows?: boolean;
  readonly upgrade?: string;
  readonly fields?: readonly (readonly [string, string])[];
}

/** Everything that a test of the upstream layer needs. */
export class UpstreamBench {
  readonly network: SimulatedNetwork;
  readonly upstreams: Upstreams;
  readonly options: UpstreamOptions;
  /** Of the snapshot that serves; exchanges begin with it. */
  upstream: Upstream;
  readonly cells: Float64Array = new Float64Array(CELLS_COUNT);
  /** Connections that ADDRESS has taken, in order. */
  readonly peers: SimulatedPeer[] = [];
  readonly exchanges: RecordedExchange[] = [];
  readonly #baseline: number;
  /** Where the text of heads lies: outside of the pool, which a test may empty. */
  readonly #text: ByteRange;

  constructor(options: UpstreamBenchOptions = {}) {
    const counts = options.counts;
    const network: SimulatedNetworkOptions = {
      ...(counts === undefined ? {} : { counts }),
      ...options.network,
    };
    this.network = new SimulatedNetwork(network);
    this.network.serve(ADDRESS, (peer) => this.peers.push(peer));
    this.upstreams = new Upstreams(this.network.transport, this.cells);
    this.options = upstreamOptions(options);
    this.upstream = this.upstreams.open(this.options);
    this.upstreams.begin([this.upstream]);
    this.#text = this.network.pool.arena.reserveStatic(TEXT_BYTES);
    this.#baseline = this.network.pool.ownedCount;
  }

  /** The connection that was taken last. */
  get peer(): SimulatedPeer {
    const peer = this.peers.at(-1);
    assert(peer !== undefined, 'a connection was taken');
    return peer;
  }

  /** An exchange that is not begun yet. */
  exchange(options: { readonly reads?: boolean } = {}): RecordedExchange {
    const exchange = new RecordedExchange(this, options.reads ?? true);
    this.exchanges.push(exchange);
    return exchange;
  }

  /** Acquires a stream and sends a GET on it. */
  get(target = '/', freshOnly = false): RecordedExchange {
    const exchange = this.exchange();
    exchange.spec = { target };
    exchange.acquire(freshOnly);
    this.network.run();
    return exchange;
  }

  /** A GET that is answered: leaves an idle connection behind. */
  warm(): SimulatedPeer {
    const exchange = this.get('/warm');
    this.peer.takeReceived();
    this.peer.write('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n');
    this.network.run();
    assert.equal(exchange.outcome, 'end');
    return this.peer;
  }

  /** Text in a buffer of the pool, owned by the caller. */
  chunk(
    text: string,
    sizeClass: SizeClass = SizeClass.SMALL,
  ): { readonly buffer: number; readonly start: number; readonly end: number } {
    const { pool } = this.network;
    const buffer = pool.acquire(sizeClass);
    assert(buffer !== 0, 'the pool has a buffer for a test');
    const start = pool.startOf(buffer);
    pool.arena.bytes.set(Buffer.from(text, 'latin1'), start);
    return { buffer, start, end: start + text.length };
  }

  /** Writes a head on a stream; its text is gone as soon as that returns, as it may be. */
  writeHead(stream: ClientStream, spec: RequestSpec): void {
    const { pool } = this.network;
    const head = new RequestHead();
    const { bytes } = pool.arena;
    let at = this.#text.start;
    const put = (text: string): [number, number] => {
      bytes.set(Buffer.from(text, 'latin1'), at);
      at += text.length;
      return [at - text.length, at];
    };
    [head.methodStart, head.methodEnd] = put(spec.method ?? 'GET');
    head.method = identifyMethod(bytes, head.methodStart, head.methodEnd);
    [head.targetStart, head.targetEnd] = put(spec.target ?? '/');
    head.pathEnd = head.targetEnd;
    [head.authorityStart, head.authorityEnd] = put('example.test');
    head.framing = spec.framing ?? Framing.NONE;
    head.contentLength = spec.contentLength ?? -1;
    head.bodyFollows = spec.bodyFollows ?? false;
    [head.upgradeStart, head.upgradeEnd] = put(spec.upgrade ?? '');
    for (const [name, value] of spec.fields ?? []) {
      head.fields.add(...put(name), ...put(value), FieldId.UNKNOWN);
    }
    assert(at <= this.#text.end, 'the text of a head has room');
    stream.writeHead(head);
    bytes.fill(0xdb, this.#text.start, at);
  }

  /** Lets everything end, closes the upstream and checks that nothing is held any more. */
  finish(): void {
    this.network.run();
    for (const exchange of this.exchanges) exchange.stream?.abort();
    this.upstream.drain();
    this.network.run();
    this.network.calm();
    this.network.run();
    const { transport, pool } = this.network;
    assert.equal(this.upstream.connectionsCount, 0, 'no connection is left');
    assert.equal(this.upstream.clients.usedCount, 0, 'no client is left');
    assert.equal(transport.connectionsCount, 0, 'no socket is left');
    assert.equal(transport.timers.count, 0, 'no timer is left');
    assert.equal(pool.ownedCount, this.#baseline, 'no buffer is left');
  }
}

/** One exchange on the client's side of the contract; asserts that the driver keeps it. */
export class RecordedExchange implements ClientStreamHandler, StreamWaiter {
  /** What came, in order: `100`, `head 200`, `body`, `writable`, `end`, an error's code. */
  readonly events: string[] = [];
  spec: RequestSpec = {};
  /** Null before the exchange has one and once it is over. */
  stream: ClientStream | null = null;
  /** The last one, kept after the end. */
  streamLast: ClientStream | null = null;
  body = '';
  trailers: Record<string, string> = {};
  fields: Record<string, string> = {};
  /** Called after the event was written down. */
  onEvent: (event: string) => void = () => {};
  /** Called once there is a stream and its head was written. */
  onReady: () => void = () => {};
  /** Writes the head as soon as there is a stream. */
  writesHead = true;
  bytesSentAtEnd = -1;
  /** Whether it said the last of its request. */
  isWritten = false;
  #isResponseEnded = false;
  readonly #bench: UpstreamBench;
  readonly #reads: boolean;
  #isInCall = false;

  constructor(bench: UpstreamBench, reads: boolean) {
    this.#bench = bench;
    this.#reads = reads;
  }

  /** `end`, an error's code, or '' while it goes on. */
  get outcome(): string {
    const last = this.events.findLast((event) => event !== 'writable');
    const isEnd = last === 'end' || EXCHANGE_ERRORS.some((row) => row.code === last);
    return isEnd && last !== undefined ? last : '';
  }

  acquire(freshOnly = false): void {
    const stream = this.#bench.upstream.acquire(this, this, freshOnly);
    if (stream !== null) this.onStreamReady(stream);
    else if (this.#bench.upstream.lastError !== ExchangeError.NONE) {
      this.#note(EXCHANGE_ERRORS[this.#bench.upstream.lastError]!.code);
    } else this.#note('waiting');
  }

  /** Writes text as a chunk of the body. */
  write(text: string, isLast = false, sizeClass: SizeClass = SizeClass.SMALL): void {
    const { buffer, start, end } = this.#bench.chunk(text, sizeClass);
    this.#call(() => this.stream!.writeBody(buffer, start, end, isLast));
  }

  end(trailers: HeaderBlock | null = null): void {
    this.isWritten = true;
    this.#call(() => this.stream!.endBody(trailers));
    if (this.#isResponseEnded) this.stream = null;
  }

  read(): void {
    this.#call(() => this.stream!.readBody());
  }

  abort(): void {
    this.#call(() => this.stream!.abort());
    this.stream = null;
  }

  onStreamReady(stream: ClientStream): void {
    this.stream = stream;
    this.streamLast = stream;
    if (!this.writesHead) return;
    this.isWritten = (this.spec.framing ?? Framing.NONE) === Framing.NONE;
    this.#call(() => this.#bench.writeHead(stream, this.spec));
    this.onReady();
  }

  onStreamUnavailable(error: ExchangeError): void {
    this.#note(EXCHANGE_ERRORS[error]!.code);
  }

  onInterimResponse(head: ResponseHead): void {
    this.#note(String(head.status));
  }

  onResponseHead(head: ResponseHead): void {
    const { bytes } = this.#bench.network.pool.arena;
    this.fields = textOf(bytes, head.fields);
    this.#note(`head ${head.status}`);
    if (this.#reads) this.stream?.readBody();
  }

  onResponseBody(buffer: number, start: number, end: number, isLast: boolean): void {
    const { pool } = this.#bench.network;
    assert(start < end, 'a chunk has bytes');
    this.body += latin1Text(pool.arena.bytes, start, end);
    pool.release(buffer);
    this.#note(isLast ? 'last' : 'body');
    if (this.#reads && !isLast) this.stream?.readBody();
  }

  onResponseEnd(trailers: HeaderBlock | null): void {
    const { bytes } = this.#bench.network.pool.arena;
    if (trailers !== null) this.trailers = textOf(bytes, trailers);
    this.#isResponseEnded = true;
    this.bytesSentAtEnd = this.streamLast!.requestBytesSent;
    if (this.isWritten) this.stream = null;
    this.#note('end');
  }

  onRequestWritable(): void {
    this.#note('writable');
  }

  onUpstreamError(error: ExchangeError): void {
    this.bytesSentAtEnd = this.streamLast!.requestBytesSent;
    this.stream = null;
    this.#note(EXCHANGE_ERRORS[error]!.code);
  }

  #call(method: () => void): void {
    this.#isInCall = true;
    method();
    this.#isInCall = false;
  }

  #note(event: string): void {
    assert(!this.#isInCall || event === 'waiting', 'no method calls back before it returns');
    this.events.push(event);
    this.onEvent(event);
  }
}

function textOf(bytes: Uint8Array, fields: HeaderBlock): Record<string, string> {
  const result: Record<string, string> = {};
  for (let i = 0; i < fields.count; i++) {
    if (fields.isRemoved(i)) continue;
    const name = latin1Text(bytes, fields.nameStart(i), fields.nameEnd(i));
    result[name] = latin1Text(bytes, fields.valueStart(i), fields.valueEnd(i));
  }
  return result;
}

function upstreamOptions(options: UpstreamBenchOptions): UpstreamOptions {
  const endpoints = (options.endpoints ?? [{}]).map((endpoint, slot) => ({
    url: 'http://10.0.0.1:9000',
    host: '10.0.0.1',
    port: 9000,
    unixPath: '',
    weight: 1,
    slot,
    source: null,
    ...endpoint,
  }));
  return {
    name: 'test',
    endpoints,
    hostHeader: { kind: 'preserve' },
    timeouts: { ...TIMEOUTS, ...options.timeouts },
    pool: { ...POOL, ...options.pool },
    responseHeadBytesMax: options.responseHeadBytesMax ?? 32_768,
    slot: 0,
    source: null,
  };
}

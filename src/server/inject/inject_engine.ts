// Runs requests through a configuration without sockets towards the client, and without any where
// upstreams are fake. It is the whole proxy but for the listener: connections in memory, the real
// driver of either side, routes, middleware, error pages. It has a transport, counters and
// instances of middleware of its own, so it needs nothing that is running, and disturbs nothing.

import { compileAddressRanges } from '../../base/address_ranges.ts';
import { Arena } from '../../base/arena.ts';
import { assert, VERIFY } from '../../base/assert.ts';
import { BufferPool } from '../../base/buffer_pool.ts';
import { ZProxyError } from '../../base/errors.ts';
import type { LogSink } from '../../base/log_sink.ts';
import { CELLS_COUNT } from '../../base/metrics_cells.ts';
import type { Snapshot } from '../../config/snapshot.ts';
import { ConnectionRegistry } from '../../downstream/connection_registry.ts';
import { Http1Server } from '../../downstream/http1_server.ts';
import { ListenerSettings } from '../../downstream/listener_settings.ts';
import { Proxy as HttpProxy } from '../../proxy/proxy.ts';
import type { ProxyState } from '../../proxy/proxy_state.ts';
import { NodeTransport } from '../../ring/node_transport.ts';
import { Upstreams } from '../../upstream/upstreams.ts';
import { Resolver } from '../resolver.ts';
import { FakeTransport } from './fake_transport.ts';
import { InjectClient } from './inject_client.ts';
import { InjectHandler } from './inject_handler.ts';
import { INJECT_LOG_FORMAT } from './inject_log.ts';
import { makeResult } from './inject_result.ts';
import type { FakeUpstreams, InjectRequest, InjectResult } from './inject_types.ts';
import { fakeOptions, InjectUpstream } from './inject_upstream.ts';
import { Injection } from './injection.ts';
import { MemoryConnection } from './memory_connection.ts';
import { DecodeScratch } from './message_reader.ts';
import { type WireRequest, wireRequest } from './wire_request.ts';

/** Memory of its own: pages that are not used cost nothing. */
const ARENA_BYTES = 64 * 1024 * 1024;
const BUFFERS = { small: 8_192, medium: 512, large: 256 };
/** For connections to real endpoints; no descriptor is opened before one is asked. */
const DESCRIPTORS_MAX = 1_024;
/** Where the names of fake endpoints lead (RFC 5737). */
const FAKE_ADDRESS = { host: '192.0.2.1', family: 4 } as const;
const CLIENT_PORT_MIN = 1_024;
const CLIENT_PORT_MAX = 65_535;

/** What belongs to one snapshot. */
interface Serving {
  readonly snapshot: Snapshot;
  readonly state: ProxyState;
  readonly upstreams: readonly InjectUpstream[];
  /** By listener index and scheme. */
  readonly servers: Map<string, Http1Server>;
}

export class InjectEngine {
  readonly #log: LogSink;
  readonly #pool: BufferPool = new BufferPool(new Arena(ARENA_BYTES), BUFFERS);
  readonly #transport: NodeTransport;
  readonly #scratch: DecodeScratch;
  readonly #fakeTransport: FakeTransport;
  readonly #cells: Float64Array = new Float64Array(CELLS_COUNT);
  readonly #registry: ConnectionRegistry = new ConnectionRegistry(this.#cells);
  readonly #handler: InjectHandler;
  readonly #proxy: HttpProxy;
  readonly #realUpstreams: Upstreams;
  readonly #fakeUpstreams: Upstreams;
  readonly #open: Set<MemoryConnection> = new Set();
  readonly #injections: Map<number, Injection> = new Map();
  readonly #buffersHeld: number;
  #resolver: Resolver | null = null;
  #serving: Serving | null = null;
  #clientPort = CLIENT_PORT_MIN;
  #isClosed = false;

  constructor(log: LogSink) {
    this.#log = log;
    this.#transport = new NodeTransport(this.#pool, { descriptorsMax: DESCRIPTORS_MAX });
    this.#scratch = new DecodeScratch(this.#pool);
    this.#buffersHeld = this.#pool.ownedCount;
    this.#fakeTransport = new FakeTransport(this.#transport, this.#scratch, this.#open);
    this.#handler = new InjectHandler(this.#pool.arena.bytes, (port) => this.#injections.get(port));
    this.#proxy = new HttpProxy({
      transport: this.#transport,
      cells: this.#cells,
      accessLog: this.#handler.log,
      log,
    });
    this.#realUpstreams = new Upstreams(this.#transport, this.#cells);
    this.#fakeUpstreams = new Upstreams(this.#fakeTransport, this.#cells);
  }

  /** Buffers that exchanges hold; none between two requests. */
  get buffersCount(): number {
    return this.#pool.ownedCount - this.#buffersHeld;
  }

  /**
   * Requests go through this configuration from now on. Its modules of middleware have been
   * imported. Throws a ZProxyError where a middleware cannot be made; nothing has changed then.
   */
  use(snapshot: Snapshot): void {
    const upstreams = snapshot.upstreams.map((options) => this.#openUpstream(options));
    const state = this.#prepare(snapshot, upstreams);
    const before = this.#serving;
    this.#realUpstreams.begin(upstreams.map(({ real }) => real));
    this.#fakeUpstreams.begin(upstreams.map(({ fake }) => fake));
    this.#handler.serve(this.#proxy, state);
    this.#serving = { snapshot, state, upstreams, servers: new Map() };
    this.#proxy.use(state, () => {
      if (before !== null) this.#endUpstreams(before.upstreams);
    });
    this.#resolver?.keep(snapshot.upstreams);
  }

  /** Sends a request and waits for all that it causes. Rejects with what a fake throws. */
  async inject(given: InjectRequest | string, fakes: FakeUpstreams): Promise<InjectResult> {
    const wire = wireRequest(given);
    await this.#resolve(fakes);
    if (this.#isClosed) throw closedError();
    const server = this.#serverFor(wire);
    const injection = new Injection(fakes);
    const port = this.#takePort();
    const client = new InjectClient(wire, injection, this.#scratch, () => {
      this.#open.delete(connection);
      this.#injections.delete(port);
    });
    const connection = new MemoryConnection(this.#transport, client, {
      remoteHost: wire.clientIp,
      remotePort: port,
      localHost: '127.0.0.1',
      localPort: wire.scheme === 'https' ? 443 : 80,
    });
    this.#injections.set(port, injection);
    this.#open.add(connection);
    this.#transport.clock.update();
    server.serve(connection);
    client.begin(connection);
    await injection.over;
    injection.throwIfFailed();
    return makeResult(client.reader, injection);
  }

  /** Ends all that is under way and gives everything back. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#resolver?.close();
    const over = [...this.#injections.values()].map((injection) => injection.over);
    for (const connection of this.#open) connection.breakOff();
    await Promise.all(over);
    const serving = this.#serving;
    if (serving !== null) await new Promise<void>((resolve) => serving.state.retire(resolve));
    this.#realUpstreams.close();
    this.#fakeUpstreams.close();
    if (VERIFY) assert(this.#proxy.openCount === 0, 'every injected exchange is over');
    await this.#transport.close();
    this.#scratch.close();
    if (VERIFY) assert(this.#pool.ownedCount === 0, 'every buffer is back in the pool');
  }

  #prepare(snapshot: Snapshot, upstreams: readonly InjectUpstream[]): ProxyState {
    const { proxy, routes, routeTable } = snapshot;
    const options = { ...proxy, accessLog: { format: INJECT_LOG_FORMAT } };
    let state: ProxyState | null = null;
    try {
      state = this.#proxy.prepare({ options, routes, routeTable, upstreams });
      state.compile(routes.length);
      return state;
    } catch (error) {
      state?.close();
      this.#endUpstreams(upstreams);
      throw error;
    }
  }

  #openUpstream(options: Snapshot['upstreams'][number]): InjectUpstream {
    const real = this.#realUpstreams.open(options);
    const fake = this.#fakeUpstreams.open(fakeOptions(options));
    for (const { host, unixPath } of options.endpoints) {
      if (unixPath === '' && isName(host)) fake.setAddresses(host, [FAKE_ADDRESS]);
    }
    return new InjectUpstream(real, fake, this.#fakeTransport, this.#handler);
  }

  #endUpstreams(upstreams: readonly InjectUpstream[]): void {
    this.#realUpstreams.end(upstreams.map(({ real }) => real));
    this.#fakeUpstreams.end(upstreams.map(({ fake }) => fake));
  }

  /** Names are looked up before the first request that may go to a real endpoint. */
  async #resolve(fakes: FakeUpstreams): Promise<void> {
    const { upstreams } = this.#serving!.snapshot;
    const real = upstreams.filter(({ name }) => !Object.hasOwn(fakes, name));
    if (real.length === 0 || this.#isClosed) return;
    this.#resolver ??= new Resolver({
      upstreams: [],
      log: this.#log,
      onChange: (updates) => {
        for (const { host, addresses } of updates) {
          this.#realUpstreams.setAddresses(host, addresses);
        }
      },
    });
    await this.#resolver.add(real);
  }

  #serverFor(wire: WireRequest): Http1Server {
    const { snapshot, state, servers } = this.#serving!;
    const wanted = wire.request.listener;
    const { listeners } = snapshot;
    const index = wanted === undefined ? 0 : listeners.findIndex((one) => one.address === wanted);
    const listener = listeners[index];
    if (listener === undefined) throw listenerError(wanted!, snapshot);
    const key = `${index} ${wire.scheme}`;
    const known = servers.get(key);
    if (known !== undefined) return known;
    const { trustedProxies } = state.options;
    const isTrusted = compileAddressRanges(trustedProxies);
    const settings = new ListenerSettings(this.#pool, listener, isTrusted);
    const server = new Http1Server(
      this.#transport,
      settings,
      this.#handler,
      this.#cells,
      this.#registry,
    );
    server.scheme = wire.scheme;
    servers.set(key, server);
    return server;
  }

  /** A client is told from the others by its port. */
  #takePort(): number {
    do {
      this.#clientPort =
        this.#clientPort >= CLIENT_PORT_MAX ? CLIENT_PORT_MIN : this.#clientPort + 1;
    } while (this.#injections.has(this.#clientPort));
    return this.#clientPort;
  }
}

function isName(host: string): boolean {
  return !host.includes(':') && !/^\d+\.\d+\.\d+\.\d+$/.test(host);
}

function closedError(): ZProxyError {
  return new ZProxyError(
    'ZP_PROXY_CLOSED',
    'inject() was called after close(); create another proxy.',
  );
}

function listenerError(wanted: string, snapshot: Snapshot): ZProxyError {
  const addresses = snapshot.listeners.map(({ address }) => `"${address}"`).join(', ');
  return new ZProxyError(
    'ZP_INJECT_INVALID',
    `The injected request names the listener "${wanted}"; there is ${addresses}.`,
  );
}

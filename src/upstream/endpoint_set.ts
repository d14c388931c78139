// The endpoints of all upstreams of one name, over the snapshots that are alive: the newest one and
// those that exchanges still run on. An endpoint that several of them have is the same one, with
// the same connections; that is what makes a reload cost no connection.
//
//   upstream "api" of snapshot 7 (two exchanges left) --> [ a ][ b ]
//                                                            |
//   upstream "api" of snapshot 8 (the newest) ---------> [ c ][ b ]     limits of all: snapshot 8's
//
// a: nothing idle, busy connections are closed after their exchange; gone with snapshot 7.

import { assert } from '../base/assert.ts';
import { ObjectPool } from '../base/object_pool.ts';
import type { TcpAddress } from '../base/socket_address.ts';
import { ExchangeError } from '../http/exchange_error.ts';
import type { Transport } from '../ring/transport.ts';
import { ClientContext } from './client_context.ts';
import { ConnectionPool, type PoolHost } from './connection_pool.ts';
import { Endpoint, endpointAuthority } from './endpoint.ts';
import { Http1Client } from './http1_client.ts';
import type { EndpointOptions, PoolLimits } from './options.ts';

/** Unused client objects that are kept. */
const CLIENTS_FREE_MAX = 256;

/** An upstream of one snapshot, with requests that wait for a connection. */
export interface CapacityWaiter {
  readonly waitingCount: number;
  /** Serves who waits, in order. */
  onCapacity(): void;
}

/** A numeric address that a name resolves to. */
export type HostAddress = Pick<TcpAddress, 'host' | 'family'>;

/** What host names resolve to, as far as it is known. */
export type KnownAddresses = ReadonlyMap<string, readonly HostAddress[]>;

export class EndpointSet implements PoolHost {
  readonly transport: Transport;
  readonly cells: Float64Array;
  readonly context: ClientContext;
  readonly clients: ObjectPool<Http1Client>;
  isDraining = false;
  /** Nothing is to be had any more. */
  isClosed = false;
  readonly #endpoints: Map<string, Endpoint> = new Map();
  /** Oldest snapshot first: its requests have waited longest. */
  readonly #upstreams: CapacityWaiter[] = [];
  readonly #known: KnownAddresses;
  #limits: PoolLimits;
  #isServing = false;

  /** `cells` is the worker's row; `limits` count until others do. */
  constructor(
    limits: PoolLimits,
    transport: Transport,
    cells: Float64Array,
    known: KnownAddresses,
  ) {
    const context = new ClientContext(transport);
    this.transport = transport;
    this.cells = cells;
    this.#known = known;
    this.context = context;
    this.clients = new ObjectPool((): Http1Client => new Http1Client(context), CLIENTS_FREE_MAX);
    this.#limits = limits;
  }

  get limits(): PoolLimits {
    return this.#limits;
  }

  get nowMs(): number {
    return this.transport.clock.nowMs;
  }

  /** Connections of all endpoints, those included that are being opened or closed. */
  get connectionsCount(): number {
    return this.clients.usedCount;
  }

  get idleCount(): number {
    let count = 0;
    for (const endpoint of this.#endpoints.values()) count += endpoint.pool.idleCount;
    return count;
  }

  /** No live snapshot has an upstream of that name, and no connection is left. */
  get isUnused(): boolean {
    return this.#upstreams.length === 0 && this.connectionsCount === 0;
  }

  // --- upstreams come and go -------------------------------------------------------------------

  join(upstream: CapacityWaiter): void {
    this.#upstreams.push(upstream);
  }

  leave(upstream: CapacityWaiter): void {
    assert(upstream.waitingCount === 0, 'an upstream leaves when nobody waits in it');
    const index = this.#upstreams.indexOf(upstream);
    assert(index >= 0, 'an upstream leaves the set that it is in');
    this.#upstreams.splice(index, 1);
  }

  /**
   * The endpoint with that URL and slot, made if there is none, until `release`. A slot that has
   * changed makes it another one: what it has counted stays where it was.
   */
  acquire(options: EndpointOptions): Endpoint {
    const key = keyOf(options);
    let endpoint = this.#endpoints.get(key);
    if (endpoint === undefined) {
      const authority = endpointAuthority(options);
      const pool = new ConnectionPool(this, { url: options.url, authority, slot: options.slot });
      endpoint = new Endpoint(options, pool);
      this.#endpoints.set(key, endpoint);
      const addresses = this.#known.get(options.host);
      if (addresses !== undefined) setHostAddresses(endpoint, addresses);
    }
    endpoint.usesCount++;
    return endpoint;
  }

  release(endpoint: Endpoint): void {
    assert(endpoint.usesCount > 0, 'an endpoint is released as often as it is acquired');
    endpoint.usesCount--;
    if (endpoint.usesCount > 0) return;
    endpoint.pool.keep(false);
    this.#forgetUnused();
  }

  /** A snapshot begins to serve: `kept` are its endpoints, of which alone connections are kept. */
  begin(kept: ReadonlySet<Endpoint>, limits: PoolLimits): void {
    const before = this.#limits;
    this.#limits = limits;
    for (const endpoint of this.#endpoints.values()) {
      endpoint.pool.keep(kept.has(endpoint));
      endpoint.pool.followLimits(before);
    }
    this.#forgetUnused();
    // There may be room for those that wait; they are called from a turn, like always.
    if (this.#hasWaiting()) this.transport.defer(() => this.onCapacity());
  }

  /**
   * Addresses of all endpoints whose URL names that host; none: it does not resolve.
   */
  setAddresses(host: string, addresses: readonly HostAddress[]): void {
    let isChanged = false;
    for (const endpoint of this.#endpoints.values()) {
      if (endpoint.options.host !== host) continue;
      setHostAddresses(endpoint, addresses);
      isChanged = true;
    }
    if (isChanged) this.onCapacity();
  }

  /** Adds the host names of all endpoints. */
  addHosts(hosts: Set<string>): void {
    for (const { options } of this.#endpoints.values()) hosts.add(options.host);
  }

  // --- the end ---------------------------------------------------------------------------------

  /** Closes idle connections, now and as they become idle. Requests are still served. */
  drain(): void {
    this.isDraining = true;
    for (const endpoint of this.#endpoints.values()) endpoint.pool.closeIdle();
  }

  /** Ends all: exchanges and waiting requests are told DRAINING from the next turn. */
  close(): void {
    this.isClosed = true;
    this.drain();
    for (const endpoint of this.#endpoints.values()) {
      endpoint.pool.failBusy(ExchangeError.DRAINING);
    }
    if (this.#hasWaiting()) this.transport.defer(() => this.onCapacity());
  }

  // --- told by the pools -----------------------------------------------------------------------

  /** Connections or slots are free. */
  onCapacity(): void {
    if (this.#isServing) return;
    this.#isServing = true;
    for (let i = 0; i < this.#upstreams.length; i++) {
      const upstream = this.#upstreams[i]!;
      if (upstream.waitingCount > 0) upstream.onCapacity();
    }
    this.#isServing = false;
  }

  onShortage(): void {
    for (const endpoint of this.#endpoints.values()) endpoint.pool.closeOldestIdle();
  }

  /**
   * Endpoints that nobody has stay until their last connection is gone: a mirror may still read an
   * answer, the kernel may still have to take the last of a request.
   */
  #forgetUnused(): void {
    for (const [key, { usesCount, pool }] of this.#endpoints) {
      if (usesCount === 0 && pool.count === 0) this.#endpoints.delete(key);
    }
  }

  #hasWaiting(): boolean {
    return this.#upstreams.some((upstream) => upstream.waitingCount > 0);
  }
}

function setHostAddresses(endpoint: Endpoint, addresses: readonly HostAddress[]): void {
  const { port } = endpoint.options;
  endpoint.setAddresses(addresses.map(({ host, family }) => ({ kind: 'tcp', host, port, family })));
}

function keyOf(options: EndpointOptions): string {
  return `${options.slot} ${options.url}`;
}

// One endpoint of an upstream in one worker: what it is called, where it is, and its connections.
// It outlives snapshots: all that have it share it.

import { isIPv4 } from 'node:net';
import { assert } from '../base/assert.ts';
import { formatSocketAddress, type SocketAddress } from '../base/socket_address.ts';
import type { ClientStreamHandler } from '../http/exchange_contract.ts';
import type { ConnectionPool } from './connection_pool.ts';
import type { EndpointShare } from './endpoint_share.ts';
import type { Http1Client } from './http1_client.ts';
import type { EndpointOptions } from './options.ts';

const HTTP_PORT = 80;

export class Endpoint {
  readonly options: EndpointOptions;
  readonly pool: ConnectionPool;
  /** How often upstreams of live snapshots have it; only the set that it is in writes it. */
  usesCount = 0;
  #addresses: readonly SocketAddress[];
  #addressNext = 0;

  constructor(options: EndpointOptions, pool: ConnectionPool) {
    this.options = options;
    this.pool = pool;
    this.#addresses = ownAddresses(options);
  }

  /** Whether it is known where the endpoint is. */
  get isResolved(): boolean {
    return this.#addresses.length > 0;
  }

  /** Whether a stream can be had now. */
  canServe(freshOnly: boolean): boolean {
    return this.isResolved && this.pool.hasCapacity(freshOnly);
  }

  get addresses(): readonly SocketAddress[] {
    return this.#addresses;
  }

  /**
   * An idle connection or a new one, to the endpoint's addresses in turn; null at the limit.
   * `share` is the endpoint as the exchange's snapshot has it.
   */
  acquire(
    share: EndpointShare,
    handler: ClientStreamHandler,
    freshOnly: boolean,
  ): Http1Client | null {
    assert(this.isResolved, 'an endpoint is connected to where it is');
    const idle = freshOnly ? null : this.pool.acquireIdle(share, handler);
    if (idle !== null) return idle;
    const first = this.#addressNext % this.#addresses.length;
    const client = this.pool.acquireNew(share, first, handler);
    if (client !== null) this.#addressNext = first + 1;
    return client;
  }

  /**
   * Takes newly resolved addresses. Connections to addresses that are gone serve what they are at
   * and no more. Without any address those that there are stay, for when the name resolves again.
   */
  setAddresses(addresses: readonly SocketAddress[]): void {
    this.#addresses = addresses;
    if (addresses.length > 0) this.pool.keepOnly(addresses.map(formatSocketAddress));
  }
}

/** What `Host` the endpoint is sent where it is not the client's (RFC 9110 section 7.2). */
export function endpointAuthority(options: EndpointOptions): string {
  if (options.unixPath !== '') return 'localhost';
  const host = options.host.includes(':') ? `[${options.host}]` : options.host;
  return options.port === HTTP_PORT ? host : `${host}:${options.port}`;
}

/** The address of an endpoint that needs no resolution; none for a host name. */
function ownAddresses(options: EndpointOptions): readonly SocketAddress[] {
  if (options.unixPath !== '') return [{ kind: 'unix', path: options.unixPath }];
  // A name has no colon: isIPv6, whose first call takes tens of milliseconds, need not be asked.
  const family = options.host.includes(':') ? 6 : isIPv4(options.host) ? 4 : 0;
  if (family === 0) return [];
  return [{ kind: 'tcp', host: options.host, port: options.port, family }];
}

// The connections of one worker to one endpoint. Idle ones are used last in, first out: the
// freshest is the one most likely to be alive still, and those that are too many age at the other
// end until their timeout.
//
//   acquireIdle, acquireNew (fewer than `connectionsMax`) -> busy list
//   reusable -> idle list, at most `idleConnectionsMax`: the oldest makes room
//   closing  -> in no list; its slot is free once the descriptor is gone
//
// An endpoint that a new snapshot does not have keeps none: busy connections are closed after their
// exchange. Exchanges of an older snapshot may still open some.

import { Cell, EndpointCell, endpointCell } from '../base/metrics_cells.ts';
import type { ObjectPool } from '../base/object_pool.ts';
import { formatSocketAddress } from '../base/socket_address.ts';
import type { ClientStreamHandler } from '../http/exchange_contract.ts';
import { EXCHANGE_ERRORS, ExchangeError } from '../http/exchange_error.ts';
import { ClientList } from './client_list.ts';
import type { ClientOwner } from './client_owner.ts';
import type { EndpointShare } from './endpoint_share.ts';
import type { Http1Client } from './http1_client.ts';
import type { PoolLimits } from './options.ts';

/** What the pools of an upstream share. */
export interface PoolHost {
  /** Those of the newest snapshot. */
  readonly limits: PoolLimits;
  readonly clients: ObjectPool<Http1Client>;
  readonly cells: Float64Array;
  readonly nowMs: number;
  /** Connections are not kept any more. */
  readonly isDraining: boolean;
  /** A connection or a slot has become free. Called in the transport's turn, after all else. */
  onCapacity(): void;
  /** Out of descriptors or local ports: idle connections make room. */
  onShortage(): void;
}

/** The endpoint that a pool is of, as its streams show it. */
export interface PoolEndpoint {
  readonly url: string;
  readonly authority: string;
  /** Of the endpoint's cells. */
  readonly slot: number;
}

export class ConnectionPool implements ClientOwner {
  readonly url: string;
  readonly authority: string;
  readonly #host: PoolHost;
  readonly #cell: number;
  readonly #idle: ClientList = new ClientList();
  readonly #busy: ClientList = new ClientList();
  /** Connections that hold a slot: connecting, busy, idle, closing. */
  #count = 0;
  /** The addresses whose connections are kept; null for all. */
  #keptAddresses: readonly string[] | null = null;
  /** The newest snapshot has the endpoint: connections may be kept. */
  #isKept = true;

  constructor(host: PoolHost, endpoint: PoolEndpoint) {
    this.#host = host;
    this.url = endpoint.url;
    this.authority = endpoint.authority;
    this.#cell = endpointCell(endpoint.slot);
  }

  get idleCount(): number {
    return this.#idle.count;
  }

  get count(): number {
    return this.#count;
  }

  get limits(): PoolLimits {
    return this.#host.limits;
  }

  hasCapacity(freshOnly: boolean): boolean {
    return this.#count < this.#host.limits.connectionsMax || (!freshOnly && this.#idle.count > 0);
  }

  /** The connection that became idle last; null where none is idle. */
  acquireIdle(share: EndpointShare, handler: ClientStreamHandler): Http1Client | null {
    for (;;) {
      const client = this.#idle.first;
      if (client === null) return null;
      if (client.isAged(this.#host.nowMs)) {
        client.closeIdle();
        continue;
      }
      this.#idle.remove(client);
      client.isIdle = false;
      this.#use(client);
      client.reuse(share, handler);
      this.#host.cells[Cell.UPSTREAM_REUSES]!++;
      return client;
    }
  }

  /** A new connection, which is opened to address number `first` first; null at the limit. */
  acquireNew(
    share: EndpointShare,
    first: number,
    handler: ClientStreamHandler,
  ): Http1Client | null {
    if (this.#count >= this.#host.limits.connectionsMax) return null;
    this.#count++;
    this.#host.cells[this.#cell + EndpointCell.CONNECTIONS]!++;
    const client = this.#host.clients.acquire();
    this.#use(client);
    client.connect(this, share, first, handler);
    return client;
  }

  /** Closes the connection that has been idle longest. Returns whether there was one. */
  closeOldestIdle(): boolean {
    const client = this.#idle.last;
    if (client === null) return false;
    client.closeIdle();
    return true;
  }

  /** Closes the oldest idle connection so that a slot becomes free, unless one is becoming free. */
  makeRoom(): void {
    if (this.#count === this.#busy.count + this.#idle.count) this.closeOldestIdle();
  }

  closeIdle(): void {
    while (this.closeOldestIdle());
  }

  /** Ends every exchange with `error`, from the next turn. */
  failBusy(error: ExchangeError): void {
    for (let client = this.#busy.first; client !== null; client = client.next) {
      client.failLater(error);
    }
  }

  /** From now on only connections to these addresses (formatted) are kept. */
  keepOnly(addresses: readonly string[]): void {
    this.#keptAddresses = addresses;
    let client = this.#idle.first;
    while (client !== null) {
      const { next } = client;
      if (!this.#mayKeep(client)) client.closeIdle();
      client = next;
    }
  }

  /** Whether the newest snapshot has the endpoint; without it nothing idle stays. */
  keep(isKept: boolean): void {
    this.#isKept = isKept;
    if (!isKept) this.closeIdle();
  }

  /** The limits of the host are others than `before`: idle connections follow them at once. */
  followLimits(before: PoolLimits): void {
    const { idleConnectionsMax, idleTimeoutMs } = this.#host.limits;
    while (this.#idle.count > idleConnectionsMax) this.closeOldestIdle();
    const byMs = idleTimeoutMs - before.idleTimeoutMs;
    if (byMs === 0) return;
    for (let client = this.#idle.first; client !== null; client = client.next) {
      client.moveIdleDeadline(byMs);
    }
  }

  // --- told by the clients ---------------------------------------------------------------------

  onClientReusable(client: Http1Client): boolean {
    const { idleConnectionsMax } = this.#host.limits;
    if (this.#host.isDraining || idleConnectionsMax === 0 || !this.#mayKeep(client)) return false;
    if (this.#idle.count >= idleConnectionsMax) this.closeOldestIdle();
    this.#busy.remove(client);
    this.#idle.addFirst(client);
    client.isIdle = true;
    return true;
  }

  onClientConnected(): void {
    this.#host.cells[Cell.UPSTREAM_CONNECTS]!++;
  }

  onConnectFailure(error: ExchangeError): void {
    this.#host.cells[Cell.UPSTREAM_CONNECT_FAILURES]!++;
    if (error === ExchangeError.OVERLOADED) this.#host.onShortage();
  }

  onExchangeEnd(error: ExchangeError): void {
    this.#host.cells[this.#cell + EndpointCell.IN_FLIGHT]!--;
    if (EXCHANGE_ERRORS[error]!.origin === 'upstream') {
      this.#host.cells[this.#cell + EndpointCell.FAILURES]!++;
    }
  }

  onClientClosing(client: Http1Client): void {
    (client.isIdle ? this.#idle : this.#busy).remove(client);
    client.isIdle = false;
  }

  onClientClosed(client: Http1Client): void {
    this.#count--;
    this.#host.cells[this.#cell + EndpointCell.CONNECTIONS]!--;
    this.#host.clients.release(client);
    this.#host.onCapacity();
  }

  onIdleAvailable(): void {
    this.#host.onCapacity();
  }

  #use(client: Http1Client): void {
    this.#busy.addFirst(client);
    this.#host.cells[this.#cell + EndpointCell.REQUESTS]!++;
    this.#host.cells[this.#cell + EndpointCell.IN_FLIGHT]!++;
  }

  #mayKeep(client: Http1Client): boolean {
    const { address } = client;
    if (!this.#isKept) return false;
    if (this.#keptAddresses === null || address === null) return true;
    return this.#keptAddresses.includes(formatSocketAddress(address));
  }
}

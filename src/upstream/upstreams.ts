// All upstreams of one worker, over the snapshots that are alive: finds for an upstream of a new
// snapshot the endpoints, and with them the connections, that the one of that name has before it.

import type { Transport } from '../ring/transport.ts';
import { EndpointSet, type HostAddress } from './endpoint_set.ts';
import type { UpstreamOptions } from './options.ts';
import { Upstream } from './upstream.ts';

export class Upstreams {
  readonly #transport: Transport;
  readonly #cells: Float64Array;
  readonly #sets: Map<string, EndpointSet> = new Map();
  /** For endpoints that come later. */
  readonly #addresses: Map<string, readonly HostAddress[]> = new Map();
  /** Those that exchanges begin with. */
  #current: ReadonlyMap<string, Upstream> = new Map();

  /** `cells` is the worker's row. */
  constructor(transport: Transport, cells: Float64Array) {
    this.#transport = transport;
    this.#cells = cells;
  }

  /** Connections to all endpoints, those included that are being opened or closed. */
  get connectionsCount(): number {
    let count = 0;
    for (const set of this.#sets.values()) count += set.connectionsCount;
    return count;
  }

  /** Names that are known: of the snapshots that are alive, or whose connections are not closed. */
  get namesCount(): number {
    return this.#sets.size;
  }

  /** An upstream of a snapshot that is being prepared; nothing changes for those that serve. */
  open(options: UpstreamOptions): Upstream {
    let set = this.#sets.get(options.name);
    if (set === undefined) {
      set = new EndpointSet(options.pool, this.#transport, this.#cells, this.#addresses);
      this.#sets.set(options.name, set);
    }
    return new Upstream(options, set);
  }

  /** Exchanges begin with these from now on. Returns those before, for `end` to end later. */
  begin(upstreams: readonly Upstream[]): Upstream[] {
    const before = this.#current;
    const current = new Map(upstreams.map((upstream) => [upstream.name, upstream]));
    this.#current = current;
    for (const [name, upstream] of before) if (!current.has(name)) upstream.letGo();
    for (const upstream of upstreams) upstream.begin(before.get(upstream.name) ?? null);
    this.#forgetUnused();
    return [...before.values()];
  }

  /** No exchange uses these any more, or none ever will. */
  end(upstreams: readonly Upstream[]): void {
    for (const upstream of upstreams) upstream.end();
    this.#forgetUnused();
  }

  /** What a host name resolves to, whichever endpoints have it; none: it does not. */
  setAddresses(host: string, addresses: readonly HostAddress[]): void {
    this.#addresses.set(host, addresses);
    for (const set of this.#sets.values()) set.setAddresses(host, addresses);
  }

  /** Ends all: exchanges and waiting requests are told DRAINING from the next turn. */
  close(): void {
    for (const set of this.#sets.values()) set.close();
  }

  /** A name stays until the last of its connections is closed: looked at with each snapshot. */
  #forgetUnused(): void {
    const hosts = new Set<string>();
    for (const [name, set] of this.#sets) {
      if (set.isUnused) this.#sets.delete(name);
      else set.addHosts(hosts);
    }
    for (const host of this.#addresses.keys()) if (!hosts.has(host)) this.#addresses.delete(host);
  }
}

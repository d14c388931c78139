// Names of endpoints: resolved by the supervisor, once for all workers, through the system's own
// resolver (`dns.lookup`: hosts file and search domains count), again and again. A name that does
// not resolve is a warning, never a reason not to start: its endpoint answers 503 (dns_error) until
// it does. A name that resolved once keeps its last addresses while the resolver is in trouble.

import { lookup } from 'node:dns';
import { isIPv4 } from 'node:net';
import { formatLocation } from '../base/errors.ts';
import { RESOLVE_INTERVAL_MS, RESOLVE_RETRY_MS_MIN, RESOLVE_START_MS_MAX } from '../base/limits.ts';
import { LogLevel, type LogSink } from '../base/log_sink.ts';
import type { SocketAddress } from '../base/socket_address.ts';
import type { UpstreamOptions } from '../upstream/options.ts';
import { locationOf } from './source_location.ts';
import type { EndpointAddresses } from './worker_protocol.ts';

/** Look-ups block a thread each; two leave the rest of libuv's four to the logs. */
const LOOKUPS_MAX = 2;

export interface LookupResult {
  readonly address: string;
  readonly family: number;
}
/** `dns.lookup` with `all`; tests give their own. Rejects with an error that has a code. */
export type LookupHost = (host: string) => Promise<readonly LookupResult[]>;

export interface ResolverOptions {
  readonly upstreams: readonly UpstreamOptions[];
  readonly log: LogSink;
  /** Some addresses are not what they were. */
  readonly onChange: (updates: readonly EndpointAddresses[]) => void;
  readonly lookupHost?: LookupHost;
}

interface Use {
  readonly upstreamIndex: number;
  readonly endpointIndex: number;
  readonly port: number;
}

/** One name, whoever uses it. */
interface Name {
  readonly host: string;
  readonly place: string;
  readonly uses: Use[];
  found: readonly LookupResult[];
  failures: number;
  wasLookedUp: boolean;
  timer: NodeJS.Timeout | null;
}

export class Resolver {
  readonly #log: LogSink;
  readonly #onChange: ResolverOptions['onChange'];
  readonly #lookupHost: LookupHost;
  readonly #names: readonly Name[];
  readonly #queue: Name[] = [];
  #activeCount = 0;
  #unresolvedCount: number;
  #onFirstRound: () => void = () => {};
  #isClosed = false;

  constructor(options: ResolverOptions) {
    this.#log = options.log;
    this.#onChange = options.onChange;
    this.#lookupHost = options.lookupHost ?? lookupAll;
    this.#names = collectNames(options.upstreams);
    this.#unresolvedCount = this.#names.length;
  }

  /**
   * Resolves once each name was looked up, or after a second: a start does not wait for a resolver.
   */
  start(): Promise<void> {
    if (this.#names.length === 0) return Promise.resolve();
    const first = new Promise<void>((resolve) => {
      const timeout = setTimeout(resolve, RESOLVE_START_MS_MAX);
      this.#onFirstRound = () => {
        clearTimeout(timeout);
        resolve();
      };
    });
    for (const name of this.#names) this.#enqueue(name);
    return first;
  }

  /** What is known now; for a worker that starts. */
  current(): EndpointAddresses[] {
    return this.#names.flatMap(updatesOf);
  }

  close(): void {
    this.#isClosed = true;
    for (const name of this.#names) if (name.timer !== null) clearTimeout(name.timer);
    this.#onFirstRound();
  }

  #enqueue(name: Name): void {
    this.#queue.push(name);
    this.#next();
  }

  #next(): void {
    while (this.#activeCount < LOOKUPS_MAX && this.#queue.length > 0 && !this.#isClosed) {
      this.#activeCount++;
      void this.#resolve(this.#queue.shift()!);
    }
  }

  async #resolve(name: Name): Promise<void> {
    let delayMs = RESOLVE_INTERVAL_MS;
    try {
      const found = await this.#lookupHost(name.host);
      if (!this.#isClosed) this.#onFound(name, found);
    } catch (error) {
      delayMs = Math.min(RESOLVE_RETRY_MS_MIN * 2 ** name.failures, RESOLVE_INTERVAL_MS);
      if (!this.#isClosed) this.#onFailed(name, error as NodeJS.ErrnoException);
    }
    this.#activeCount--;
    if (!name.wasLookedUp) {
      name.wasLookedUp = true;
      if (--this.#unresolvedCount === 0) this.#onFirstRound();
    }
    if (this.#isClosed) return;
    name.timer = setTimeout(() => this.#enqueue(name), delayMs).unref();
    this.#next();
  }

  #onFound(name: Name, found: readonly LookupResult[]): void {
    if (name.failures > 0) {
      this.#log.log(LogLevel.INFO, `${name.place}host '${name.host}' resolves now`);
    }
    name.failures = 0;
    if (isSame(name.found, found)) return;
    name.found = found;
    this.#onChange(updatesOf(name));
  }

  #onFailed(name: Name, error: NodeJS.ErrnoException): void {
    name.failures++;
    if (name.failures > 1) return;
    const effect =
      name.found.length > 0
        ? 'its last addresses stay in use'
        : 'its endpoint answers 503 (dns_error) until it does';
    const code = error.code ?? error.message;
    const text = `${name.place}host '${name.host}' does not resolve (${code}); ${effect}`;
    this.#log.log(LogLevel.WARN, text);
  }
}

function collectNames(upstreams: readonly UpstreamOptions[]): Name[] {
  const names = new Map<string, Name>();
  upstreams.forEach((upstream, upstreamIndex) => {
    upstream.endpoints.forEach((endpoint, endpointIndex) => {
      const { host, port, source } = endpoint;
      if (host === '' || host.includes(':') || isIPv4(host)) return;
      let name = names.get(host);
      if (name === undefined) {
        const location = locationOf(source);
        const place = location === undefined ? '' : `${formatLocation(location)}: `;
        name = { host, place, uses: [], found: [], failures: 0, wasLookedUp: false, timer: null };
        names.set(host, name);
      }
      name.uses.push({ upstreamIndex, endpointIndex, port });
    });
  });
  return [...names.values()];
}

function updatesOf(name: Name): EndpointAddresses[] {
  return name.uses.map(({ upstreamIndex, endpointIndex, port }) => ({
    upstreamIndex,
    endpointIndex,
    addresses: name.found.map(
      ({ address, family }): SocketAddress => ({
        kind: 'tcp',
        host: address,
        port,
        family: family === 6 ? 6 : 4,
      }),
    ),
  }));
}

/** The order counts: it is the resolver's preference. */
function isSame(left: readonly LookupResult[], right: readonly LookupResult[]): boolean {
  return (
    left.length === right.length &&
    left.every((result, index) => result.address === right[index]!.address)
  );
}

function lookupAll(host: string): Promise<readonly LookupResult[]> {
  return new Promise((resolve, reject) => {
    lookup(host, { all: true }, (error, found) => {
      if (error !== null) reject(error);
      else resolve(found);
    });
  });
}

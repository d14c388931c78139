// Names of endpoints: resolved by the supervisor, once for all workers, through the system's own
// resolver (`dns.lookup`: hosts file and search domains count), again and again. A name that does
// not resolve is a warning, never a reason not to start: its endpoint answers 503 (dns_error) until
// it does. A name that resolved once keeps its last addresses while the resolver is in trouble.

import { lookup } from 'node:dns';
import { isIPv4 } from 'node:net';
import { formatLocation } from '../base/errors.ts';
import { RESOLVE_INTERVAL_MS, RESOLVE_RETRY_MS_MIN, RESOLVE_START_MS_MAX } from '../base/limits.ts';
import { LogLevel, type LogSink } from '../base/log_sink.ts';
import type { UpstreamOptions } from '../upstream/options.ts';
import { locationOf } from './source_location.ts';
import type { HostAddresses } from './worker_protocol.ts';

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
  readonly onChange: (updates: readonly HostAddresses[]) => void;
  readonly lookupHost?: LookupHost;
}

/** One name, whoever uses it. */
interface Name {
  readonly host: string;
  place: string;
  found: readonly LookupResult[];
  failures: number;
  wasLookedUp: boolean;
  isGone: boolean;
  timer: NodeJS.Timeout | null;
}

export class Resolver {
  readonly #log: LogSink;
  readonly #onChange: ResolverOptions['onChange'];
  readonly #lookupHost: LookupHost;
  readonly #names = new Map<string, Name>();
  readonly #upstreams: readonly UpstreamOptions[];
  readonly #queue: Name[] = [];
  #activeCount = 0;
  /** Told after each first look-up of a name. */
  readonly #waiting = new Set<() => void>();
  #isClosed = false;

  constructor(options: ResolverOptions) {
    this.#log = options.log;
    this.#onChange = options.onChange;
    this.#lookupHost = options.lookupHost ?? lookupAll;
    this.#upstreams = options.upstreams;
  }

  /**
   * Resolves once each name was looked up, or after a second: a start does not wait for a resolver.
   */
  start(): Promise<void> {
    return this.add(this.#upstreams);
  }

  /** Resolves the names of these upstreams, too. The promise is that of `start`. */
  add(upstreams: readonly UpstreamOptions[]): Promise<void> {
    const added: Name[] = [];
    for (const [host, place] of placesOf(upstreams)) {
      const known = this.#names.get(host);
      if (known !== undefined) {
        known.place = place;
        continue;
      }
      const name: Name = {
        host,
        place,
        found: [],
        failures: 0,
        wasLookedUp: false,
        isGone: false,
        timer: null,
      };
      this.#names.set(host, name);
      added.push(name);
    }
    const looked = this.#wait(added);
    for (const name of added) this.#enqueue(name);
    return looked;
  }

  /** Forgets the names that none of these upstreams has. */
  keep(upstreams: readonly UpstreamOptions[]): void {
    const wanted = placesOf(upstreams);
    for (const [host, name] of this.#names) {
      if (wanted.has(host)) continue;
      this.#names.delete(host);
      name.isGone = true;
      if (name.timer !== null) clearTimeout(name.timer);
    }
    for (const look of [...this.#waiting]) look();
  }

  /** What is known now; for a worker that starts. */
  current(): HostAddresses[] {
    return [...this.#names.values()].map(addressesOf);
  }

  close(): void {
    this.#isClosed = true;
    this.keep([]);
  }

  #wait(names: readonly Name[]): Promise<void> {
    if (names.length === 0) return Promise.resolve();
    return new Promise((resolve) => {
      const finish = (): void => {
        clearTimeout(timeout);
        this.#waiting.delete(look);
        resolve();
      };
      const look = (): void => {
        if (this.#isClosed || names.every((name) => name.wasLookedUp || name.isGone)) finish();
      };
      const timeout = setTimeout(finish, RESOLVE_START_MS_MAX);
      this.#waiting.add(look);
    });
  }

  #enqueue(name: Name): void {
    this.#queue.push(name);
    this.#next();
  }

  #next(): void {
    while (this.#activeCount < LOOKUPS_MAX && this.#queue.length > 0 && !this.#isClosed) {
      const name = this.#queue.shift()!;
      if (name.isGone) continue;
      this.#activeCount++;
      void this.#resolve(name);
    }
  }

  async #resolve(name: Name): Promise<void> {
    let delayMs = RESOLVE_INTERVAL_MS;
    try {
      const found = await this.#lookupHost(name.host);
      if (!name.isGone) this.#onFound(name, found);
    } catch (error) {
      delayMs = Math.min(RESOLVE_RETRY_MS_MIN * 2 ** name.failures, RESOLVE_INTERVAL_MS);
      if (!name.isGone) this.#onFailed(name, error as NodeJS.ErrnoException);
    }
    this.#activeCount--;
    if (!name.wasLookedUp) {
      name.wasLookedUp = true;
      for (const look of [...this.#waiting]) look();
    }
    if (!name.isGone) name.timer = setTimeout(() => this.#enqueue(name), delayMs).unref();
    this.#next();
  }

  #onFound(name: Name, found: readonly LookupResult[]): void {
    if (name.failures > 0) {
      this.#log.log(LogLevel.INFO, `${name.place}host '${name.host}' resolves now`);
    }
    name.failures = 0;
    if (isSame(name.found, found)) return;
    name.found = found;
    this.#onChange([addressesOf(name)]);
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

/** Host names of endpoints, and where each is written first, for messages. */
function placesOf(upstreams: readonly UpstreamOptions[]): Map<string, string> {
  const places = new Map<string, string>();
  for (const { endpoints } of upstreams) {
    for (const { host, source } of endpoints) {
      if (host === '' || host.includes(':') || isIPv4(host) || places.has(host)) continue;
      const location = locationOf(source);
      places.set(host, location === undefined ? '' : `${formatLocation(location)}: `);
    }
  }
  return places;
}

function addressesOf(name: Name): HostAddresses {
  return {
    host: name.host,
    addresses: name.found.map(({ address, family }) => ({
      host: address,
      family: family === 6 ? 6 : 4,
    })),
  };
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

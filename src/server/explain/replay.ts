// Which requests of an access log another configuration would answer with another route. Routes are
// the same by name, or by what they ask for.

import { createReadStream } from 'node:fs';
import { isIP } from 'node:net';
import { createInterface } from 'node:readline';
import { ZProxyError } from '../../base/errors.ts';
import { identityOf } from '../../config/route_identity.ts';
import type { Snapshot, Source } from '../../config/snapshot.ts';
import { type LoggedRequest, readLogLine } from './logged_request.ts';
import { type ProbeResult, RouteProbe } from './route_probe.ts';

const EXAMPLES_MAX = 3;

/** A route, or what the proxy answers instead (`404 route_not_found`), then without a place. */
export interface ReplayedRoute {
  readonly name: string;
  readonly source: Source | null;
}

/** Requests that went one way and would go another. */
export interface ReplayMove {
  readonly from: ReplayedRoute;
  readonly to: ReplayedRoute;
  readonly count: number;
  /** The first ones: `GET example.com /path`. */
  readonly examples: readonly string[];
}

export interface ReplayReport {
  readonly requests: number;
  /** Lines that are no request of a known format. */
  readonly skipped: number;
  readonly moved: number;
  /** Most requests first. */
  readonly moves: readonly ReplayMove[];
  /** Conditions that a log cannot tell about, a sentence each. */
  readonly doubts: readonly string[];
}

export interface ReplayOptions {
  readonly file: string;
  /** Host of requests whose line has none. */
  readonly host: string;
}

/** Throws ZP_REPLAY where the log cannot be read. */
export async function replay(
  from: Snapshot,
  to: Snapshot,
  options: ReplayOptions,
): Promise<ReplayReport> {
  const tally = new Tally(from, to, options.host);
  const stream = createReadStream(options.file);
  try {
    const lines = createInterface({ input: stream, crlfDelay: Number.POSITIVE_INFINITY });
    for await (const line of lines) tally.add(line);
  } catch (error) {
    const text = `reading the access log ${options.file} failed: ${(error as Error).message}`;
    throw new ZProxyError('ZP_REPLAY', text, { cause: error });
  } finally {
    stream.destroy();
  }
  return tally.report();
}

interface Side {
  readonly snapshot: Snapshot;
  readonly probe: RouteProbe;
}

class Tally {
  readonly #from: Side;
  readonly #to: Side;
  readonly #host: string;
  readonly #moves = new Map<string, { move: ReplayMove; count: number; examples: string[] }>();
  #requests = 0;
  #skipped = 0;
  #moved = 0;
  #hostless = 0;

  constructor(from: Snapshot, to: Snapshot, host: string) {
    this.#from = { snapshot: from, probe: new RouteProbe(from) };
    this.#to = { snapshot: to, probe: new RouteProbe(to) };
    this.#host = host;
  }

  add(line: string): void {
    if (line === '') return;
    const request = readLogLine(line);
    if (request === null) {
      this.#skipped++;
      return;
    }
    this.#requests++;
    const host = request.host === '' ? this.#host : request.host;
    if (host === '') this.#hostless++;
    const head = headOf(request, host);
    const client = isIP(request.client) === 0 ? '' : request.client;
    const from = this.#from.probe.find(head, client, 'http');
    const to = this.#to.probe.find(head, client, 'http');
    if (!this.#isSame(from, to))
      this.#move(from, to, `${request.method} ${host} ${request.target}`);
  }

  report(): ReplayReport {
    const moves = [...this.#moves.values()]
      .sort((a, b) => b.count - a.count)
      .map(({ move, count, examples }) => ({ ...move, count, examples }));
    return {
      requests: this.#requests,
      skipped: this.#skipped,
      moved: this.#moved,
      moves,
      doubts: this.#doubts(),
    };
  }

  #isSame(from: ProbeResult, to: ProbeResult): boolean {
    if (from.kind === 'answer' || to.kind === 'answer') {
      return from.kind === 'answer' && to.kind === 'answer' && from.status === to.status;
    }
    const before = this.#from.snapshot.routes[from.routeIndex]!;
    const after = this.#to.snapshot.routes[to.routeIndex]!;
    if (before.name === after.name) return true;
    return identityOf(before.conditions) === identityOf(after.conditions);
  }

  #move(from: ProbeResult, to: ProbeResult, example: string): void {
    this.#moved++;
    const key = `${keyOf(from)} ${keyOf(to)}`;
    let entry = this.#moves.get(key);
    if (entry === undefined) {
      const sides = { from: describe(from, this.#from), to: describe(to, this.#to) };
      entry = { move: { ...sides, count: 0, examples: [] }, count: 0, examples: [] };
      this.#moves.set(key, entry);
    }
    entry.count++;
    if (entry.examples.length < EXAMPLES_MAX) entry.examples.push(example);
  }

  #doubts(): string[] {
    const doubts: string[] = [];
    const routes = [...this.#from.snapshot.routes, ...this.#to.snapshot.routes];
    const asksForHidden = routes.some(({ conditions }) =>
      conditions.values.some(({ on, name }) => on === 'cookie' || isHidden(on, name)),
    );
    if (asksForHidden) {
      doubts.push('the log has no headers and cookies: routes that ask for some see none');
    }
    if (routes.some(({ conditions }) => conditions.scheme === 'https')) {
      doubts.push('the log does not tell the scheme: all requests are taken as http');
    }
    if (this.#hostless > 0 && routes.some(({ conditions }) => conditions.hosts.length > 0)) {
      doubts.push('the log does not tell the host: routes with one see none; --host names it');
    }
    return doubts;
  }
}

function isHidden(on: string, name: string): boolean {
  return on === 'header' && !['host', 'user-agent', 'referer'].includes(name);
}

function keyOf(result: ProbeResult): string {
  return result.kind === 'route' ? String(result.routeIndex) : `status ${result.status}`;
}

function describe(result: ProbeResult, { snapshot }: Side): ReplayedRoute {
  if (result.kind === 'answer') return { name: `${result.status} ${result.code}`, source: null };
  const { name, source } = snapshot.routes[result.routeIndex]!;
  return { name, source: source as Source };
}

function headOf(request: LoggedRequest, host: string): Uint8Array {
  const { method, target, userAgent, referer } = request;
  const fields = [
    ...(host === '' ? [] : [`Host: ${host}`]),
    ...(userAgent === '' ? [] : [`User-Agent: ${userAgent}`]),
    ...(referer === '' ? [] : [`Referer: ${referer}`]),
  ];
  const version = host === '' ? 'HTTP/1.0' : 'HTTP/1.1';
  // What a log line has of line ends was escaped there, and must not become lines here.
  const lines = [`${method} ${target} ${version}`, ...fields].map((text) =>
    text.replaceAll(/[\r\n\0]/g, ' '),
  );
  return Buffer.from(`${lines.join('\r\n')}\r\n\r\n`);
}

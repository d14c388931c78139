// A proxy between scripted streams: requests go in as text, the test plays client, endpoint and
// clock, and at the end nothing may be left over.

import { strict as assert } from 'node:assert';
import { Clock } from '../../src/base/clock.ts';
import type { AccessLogSink } from '../../src/base/log_sink.ts';
import { CELLS_COUNT, Cell } from '../../src/base/metrics_cells.ts';
import { TimerWheel } from '../../src/base/timer_wheel.ts';
import type { Exchange } from '../../src/proxy/exchange.ts';
import type { ProxyOptions } from '../../src/proxy/options.ts';
import { Proxy as HttpProxy } from '../../src/proxy/proxy.ts';
import type { UpstreamOptions } from '../../src/upstream/options.ts';
import { proxyOptions, routeOptions, serveRoutes, type TestRoute } from './route_options.ts';
import {
  ScriptedMemory,
  type ScriptedRequestOptions,
  ScriptedServerStream,
  ScriptedUpstream,
} from './scripted_streams.ts';

const START_MS = 1_000;
/** 1 January 2026, 00:00:00 UTC. */
const START_WALL_MS: number = Date.UTC(2026, 0, 1);

export interface ScriptedProxyOptions {
  readonly proxy?: Partial<ProxyOptions>;
  /** One route, for all paths unless it says otherwise. */
  readonly route?: TestRoute;
  readonly routes?: readonly TestRoute[];
  /** Names of upstreams behind the first one, `origin`. */
  readonly moreUpstreams?: readonly string[];
  readonly upstream?: Partial<UpstreamOptions>;
  /** Answer of the sink to each line. */
  readonly takesLines?: boolean;
}

/** One request on its way. */
export interface ScriptedRequest {
  readonly server: ScriptedServerStream;
  readonly exchange: Exchange;
}

export class ScriptedProxy {
  readonly memory: ScriptedMemory = new ScriptedMemory();
  readonly clock: Clock = new Clock();
  readonly timers: TimerWheel;
  readonly cells: Float64Array = new Float64Array(CELLS_COUNT);
  readonly upstream: ScriptedUpstream;
  readonly upstreams: readonly ScriptedUpstream[];
  readonly proxy: HttpProxy;
  /** Lines of the access log, without newlines. */
  readonly lines: string[] = [];
  /** What was logged beside it. */
  readonly logged: string[] = [];
  readonly #servers: ScriptedServerStream[] = [];
  readonly #deferred: (() => void)[] = [];

  constructor(options: ScriptedProxyOptions = {}) {
    this.clock.wallMs = START_WALL_MS;
    this.clock.nowMs = START_MS;
    this.timers = new TimerWheel(START_MS);
    this.upstream = new ScriptedUpstream(this.memory, options.upstream);
    const accessLog: AccessLogSink = {
      writeLine: (bytes, start, end): boolean => {
        const line = Buffer.from(bytes.subarray(start, end)).toString('latin1');
        assert(line.endsWith('\n') && line.indexOf('\n') === line.length - 1, 'one line');
        this.lines.push(line.slice(0, -1));
        return options.takesLines ?? true;
      },
    };
    this.proxy = new HttpProxy({
      transport: {
        pool: this.memory.pool,
        clock: this.clock,
        timers: this.timers,
        defer: (task) => this.#deferred.push(task),
      },
      cells: this.cells,
      accessLog,
      log: { log: (_level, message) => this.logged.push(message) },
    });
    const routes = options.routes ?? [options.route ?? { paths: ['/*'] }];
    this.upstreams = [
      this.upstream,
      ...(options.moreUpstreams ?? []).map((name) => this.#add(name)),
    ];
    this.serve(routes, options.proxy);
  }

  /** Exchanges that begin from now on are on these routes. */
  serve(
    routes: readonly TestRoute[],
    options: Partial<ProxyOptions> = {},
    onRetired: () => void = () => {},
  ): void {
    const compiled = routes.map(routeOptions);
    serveRoutes(this.proxy, proxyOptions(options), compiled, this.upstreams, onRetired);
  }

  /** Runs what was put off to the next turn. */
  turn(): void {
    for (const task of this.#deferred.splice(0)) task();
  }

  #add(name: string): ScriptedUpstream {
    return new ScriptedUpstream(this.memory, { name });
  }

  /** A request arrives; text without the empty line at its end. */
  request(lines: readonly string[], options: ScriptedRequestOptions = {}): ScriptedRequest {
    const text = `${lines.join('\r\n')}\r\n\r\n`;
    const server = new ScriptedServerStream(this.memory, text, {
      startMs: this.clock.nowMs,
      ...options,
    });
    this.#servers.push(server);
    const exchange = this.proxy.onRequest(server) as Exchange;
    return { server, exchange };
  }

  /** The client sends a chunk that was asked for. */
  sendBody(request: ScriptedRequest, text: string, isLast = false): void {
    assert.equal(request.server.readsOpen, 1, 'a chunk is delivered when it was asked for');
    request.server.readsOpen = 0;
    request.server.requestBodyBytes += text.length;
    const { buffer, start, end } = this.memory.fill(text);
    request.exchange.onRequestBody(buffer, start, end, isLast);
  }

  advance(ms: number): void {
    this.clock.set(this.clock.nowMs + ms);
    this.timers.advance(this.clock.nowMs);
  }

  /** Nothing is held any more: every exchange is over, every buffer is back, no timer is set. */
  assertClean(): void {
    for (const server of this.#servers) server.releaseHead();
    assert.equal(this.memory.pool.ownedCount, 0, 'every buffer is back in the pool');
    assert.equal(this.proxy.openCount, 0, 'every exchange is over');
    assert.equal(this.timers.count, 0, 'no timer is set');
    assert.equal(this.cells[Cell.EXCHANGES_OPEN], 0, 'no exchange is counted as open');
    assert.equal(this.cells[Cell.TUNNELS_OPEN], 0, 'no tunnel is counted as open');
    for (const { waiters } of this.upstreams) {
      assert.equal(waiters.length, 0, 'nobody waits for a connection');
    }
  }
}

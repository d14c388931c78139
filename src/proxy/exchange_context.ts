// What all exchanges of a worker share: the memory and clock of its transport, the compiled
// routes, and the parts that have no state per exchange.

import type { BufferPool } from '../base/buffer_pool.ts';
import type { Clock } from '../base/clock.ts';
import type { AccessLogSink } from '../base/log_sink.ts';
import type { TimerWheel } from '../base/timer_wheel.ts';
import { HttpDate } from '../http/date.ts';
import type { RouteTable } from '../routing/route_table.ts';
import type { Upstream } from '../upstream/upstream.ts';
import { AccessLog } from './access_log.ts';
import { ExchangeReports } from './exchange_reports.ts';
import { Forwarding } from './forwarding.ts';
import type { ProxyOptions } from './options.ts';
import { OwnAnswers } from './own_answer.ts';
import { ResponseFields } from './response_fields.ts';
import { Via } from './via.ts';

/** What an exchange asks of an upstream. */
export type ExchangeUpstream = Pick<
  Upstream,
  'name' | 'options' | 'acquire' | 'lastError' | 'cancel'
>;

/** The part of a transport that the proxy uses: it opens no connections itself. */
export interface ProxyRuntime {
  readonly pool: BufferPool;
  readonly clock: Clock;
  readonly timers: TimerWheel;
}

export interface ProxyConfig {
  readonly options: ProxyOptions;
  readonly routes: RouteTable;
  /** Indexed by the routes' `upstreamIndex`. */
  readonly upstreams: readonly ExchangeUpstream[];
  readonly transport: ProxyRuntime;
  /** This worker's row of counters. */
  readonly cells: Float64Array;
  readonly accessLog: AccessLogSink | null;
}

export class ExchangeContext {
  readonly pool: BufferPool;
  readonly bytes: Uint8Array;
  readonly clock: Clock;
  readonly timers: TimerWheel;
  readonly cells: Float64Array;
  readonly routes: RouteTable;
  readonly upstreams: readonly ExchangeUpstream[];
  readonly forwarding: Forwarding;
  readonly responseFields: ResponseFields;
  readonly answers: OwnAnswers;
  readonly reports: ExchangeReports;

  constructor(config: ProxyConfig) {
    const { options, transport, cells } = config;
    const { arena } = transport.pool;
    const via = new Via(arena, options.viaPseudonym);
    this.pool = transport.pool;
    this.bytes = arena.bytes;
    this.clock = transport.clock;
    this.timers = transport.timers;
    this.cells = cells;
    this.routes = config.routes;
    this.upstreams = config.upstreams;
    this.forwarding = new Forwarding(arena, options, via);
    this.responseFields = new ResponseFields(arena, via, new HttpDate(arena), transport.clock);
    this.answers = new OwnAnswers(arena, transport.pool, this.responseFields);
    const log =
      options.accessLog === null || config.accessLog === null
        ? null
        : new AccessLog(
            options.accessLog.format,
            config.accessLog,
            cells,
            this.forwarding.requestIds,
          );
    this.reports = new ExchangeReports(arena.bytes, transport.clock, cells, log);
  }
}

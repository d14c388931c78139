// What all exchanges of a worker share, whatever the snapshot: the memory and clock of its
// transport, its counters, and the parts that have no state between two calls. What belongs to one
// snapshot is in proxy_state.ts.

import type { BufferPool } from '../base/buffer_pool.ts';
import type { Clock } from '../base/clock.ts';
import { HEAD_ADDITIONS_BYTES_MAX, TARGET_BYTES_MAX } from '../base/limits.ts';
import type { AccessLogSink, LogSink } from '../base/log_sink.ts';
import { ObjectPool } from '../base/object_pool.ts';
import type { TimerWheel } from '../base/timer_wheel.ts';
import { HttpDate } from '../http/date.ts';
import { MiddlewareRuns } from '../middleware/middleware_run.ts';
import type { Upstream } from '../upstream/upstream.ts';
import { ClientOrigin } from './client_origin.ts';
import { Mirror } from './mirror.ts';
import { OwnAnswers } from './own_answer.ts';
import { RequestIds } from './request_id.ts';
import { RequestTexts } from './request_texts.ts';
import { ScratchWriter } from './scratch_writer.ts';
import { ViaMemory } from './via.ts';

/** What an exchange asks of an upstream. */
export type ExchangeUpstream = Pick<
  Upstream,
  'name' | 'options' | 'acquire' | 'lastError' | 'cancel'
>;

/** The part of a transport that the proxy uses: it opens no connections itself. */
export interface ProxyTransport {
  readonly pool: BufferPool;
  readonly clock: Clock;
  readonly timers: TimerWheel;
  /** Runs `task` in the loop's next turn. */
  defer(task: () => void): void;
}

/** What a worker gives its proxy, for good. */
export interface ProxyRuntime {
  readonly transport: ProxyTransport;
  /** This worker's row of counters. */
  readonly cells: Float64Array;
  /** Null where nothing takes access lines. */
  readonly accessLog: AccessLogSink | null;
  readonly log: LogSink;
}

/** Unused mirrors that are kept for the next requests. */
const MIRRORS_FREE_MAX = 256;
/** The same of runs of middleware. */
const RUNS_FREE_MAX = 1_024;

export class ExchangeContext {
  readonly pool: BufferPool;
  readonly bytes: Uint8Array;
  readonly clock: Clock;
  readonly timers: TimerWheel;
  readonly cells: Float64Array;
  readonly accessLog: AccessLogSink | null;
  readonly log: LogSink;
  readonly date: HttpDate;
  readonly viaMemory: ViaMemory;
  readonly answers: OwnAnswers;
  /** Of the request that is being routed. */
  readonly origin: ClientOrigin;
  readonly requestIds: RequestIds = new RequestIds();
  /** What we add to a head, until it is encoded. */
  readonly scratch: ScratchWriter;
  /** A rewritten target, until it is encoded. */
  readonly targetScratch: ScratchWriter;
  readonly mirrors: ObjectPool<Mirror>;
  readonly middlewareRuns: MiddlewareRuns;
  /** Of the request that a template is rendered for. */
  readonly texts: RequestTexts;

  constructor(runtime: ProxyRuntime) {
    const { pool, clock, timers } = runtime.transport;
    const { arena } = pool;
    this.pool = pool;
    this.bytes = arena.bytes;
    this.clock = clock;
    this.timers = timers;
    this.cells = runtime.cells;
    this.accessLog = runtime.accessLog;
    this.log = runtime.log;
    this.date = new HttpDate(arena);
    this.viaMemory = new ViaMemory(arena);
    this.answers = new OwnAnswers(arena, pool, this.date, clock);
    this.origin = new ClientOrigin(arena.bytes);
    this.scratch = new ScratchWriter(arena, HEAD_ADDITIONS_BYTES_MAX);
    this.targetScratch = new ScratchWriter(arena, TARGET_BYTES_MAX);
    this.texts = new RequestTexts(arena.bytes, this.origin, this.requestIds);
    this.middlewareRuns = new MiddlewareRuns(runtime.transport, RUNS_FREE_MAX);
    this.mirrors = new ObjectPool<Mirror>(
      () => new Mirror(this.pool, this.cells, this.mirrors),
      MIRRORS_FREE_MAX,
    );
  }
}

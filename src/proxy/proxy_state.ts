// One snapshot as exchanges see it: compiled routes, upstreams, and everything that depends on
// options. Made beside the one that serves, a few routes at a time, and put in its place at once;
// exchanges stay with the state that they began with, and the last one closes it.
//
//   compile (all routes) -> current -> retired -> closed, once its last exchange has ended

import { compileAddressRanges } from '../base/address_ranges.ts';
import type { ByteRange } from '../base/arena.ts';
import { assert } from '../base/assert.ts';
import { compilePipeline, type Pipeline } from '../middleware/pipeline.ts';
import { RouteTable } from '../routing/route_table.ts';
import type { RouteTableData } from '../routing/route_table_data.ts';
import { AccessLog } from './access_log.ts';
import { CompiledRoute, RouteKind, routeKind } from './compiled_route.ts';
import { findErrorPage } from './error_page.ts';
import type { ExchangeContext, ExchangeUpstream } from './exchange_context.ts';
import { ExchangeReports } from './exchange_reports.ts';
import { Forwarding } from './forwarding.ts';
import type { ErrorPage, ProxyOptions, RouteOptions } from './options.ts';
import { ResponseFields } from './response_fields.ts';
import { Via } from './via.ts';

/** What a state is made of. */
export interface ProxyConfig {
  readonly options: ProxyOptions;
  readonly routes: readonly RouteOptions[];
  /** `routes` compiled. */
  readonly routeTable: RouteTableData;
  /** Indexed by the `upstreamIndex` of actions. */
  readonly upstreams: readonly ExchangeUpstream[];
}

const NO_PAGES: readonly ErrorPage[] = [];

export class ProxyState {
  readonly options: ProxyOptions;
  readonly table: RouteTable;
  /** Grows while it is compiled. */
  readonly routes: CompiledRoute[] = [];
  /** For requests that no route matches, and those that ask for none. */
  readonly unmatched: CompiledRoute;
  readonly upstreams: readonly ExchangeUpstream[];
  readonly isTrusted: (host: string) => boolean;
  readonly forwarding: Forwarding;
  readonly responseFields: ResponseFields;
  readonly reports: ExchangeReports;
  readonly #context: ExchangeContext;
  readonly #config: ProxyConfig;
  readonly #upstreamPages: readonly ErrorPage[];
  readonly #globalPipeline: Pipeline | null;
  readonly #pipelines: Pipeline[] = [];
  #viaMemory: ByteRange | null;
  #upstreamIndexes: Map<string, number> | null = null;
  #exchangesCount = 0;
  #onClosed: (() => void) | null = null;

  /** Throws a ZProxyError where a middleware of all routes cannot be made. */
  constructor(context: ExchangeContext, config: ProxyConfig) {
    const { options } = config;
    const { arena } = context.pool;
    const { accessLog } = context;
    // First of all: it may throw, and nothing is held then.
    const environment = { route: '', log: context.log };
    this.#globalPipeline = compilePipeline(options.middleware, environment);
    this.#viaMemory = context.viaMemory.take();
    const via = new Via(arena, options.viaPseudonym, this.#viaMemory);
    const { scratch, requestIds } = context;
    this.#context = context;
    this.#config = config;
    this.options = options;
    this.table = new RouteTable(config.routeTable);
    this.upstreams = config.upstreams;
    this.isTrusted = compileAddressRanges(options.trustedProxies);
    this.forwarding = new Forwarding(arena, options, via, scratch, requestIds);
    this.responseFields = new ResponseFields(arena, via, context.date, context.clock);
    const log =
      options.accessLog === null || accessLog === null
        ? null
        : new AccessLog(options.accessLog.format, accessLog, context.cells, requestIds);
    this.reports = new ExchangeReports(arena.bytes, context.clock, context.cells, log);
    this.#upstreamPages = options.errorPages.filter((page) => page.isForUpstream);
    if (this.#globalPipeline !== null) this.#pipelines.push(this.#globalPipeline);
    this.unmatched = new CompiledRoute(UNMATCHED, RouteKind.UNMATCHED, this.#globalPipeline, false);
  }

  /**
   * Compiles the next routes, at most `count`; true once all are. Throws a ZProxyError where a
   * middleware cannot be made: the state is then to be closed.
   */
  compile(count: number): boolean {
    const { routes } = this.#config;
    const end = Math.min(routes.length, this.routes.length + count);
    for (let i = this.routes.length; i < end; i++) this.routes.push(this.#compileRoute(routes[i]!));
    return this.isCompiled;
  }

  get isCompiled(): boolean {
    return this.routes.length === this.#config.routes.length;
  }

  /** Index of the upstream of that name, or -1. */
  upstreamIndexOf(name: string): number {
    if (this.#upstreamIndexes === null) {
      this.#upstreamIndexes = new Map();
      for (let i = 0; i < this.upstreams.length; i++) {
        this.#upstreamIndexes.set(this.upstreams[i]!.name, i);
      }
    }
    return this.#upstreamIndexes.get(name) ?? -1;
  }

  /** The page in place of an upstream's answer of that status, or null. */
  upstreamPage(route: CompiledRoute, status: number): ErrorPage | null {
    const own = route.upstreamPages;
    if (own.length === 0 && this.#upstreamPages.length === 0) return null;
    return findErrorPage(own, this.#upstreamPages, status);
  }

  addExchange(): void {
    this.#exchangesCount++;
  }

  removeExchange(): void {
    this.#exchangesCount--;
    if (this.#exchangesCount === 0 && this.#onClosed !== null) this.#finish();
  }

  /** No more exchanges begin with it; `onClosed` is called once the last one is over. */
  retire(onClosed: () => void): void {
    assert(this.#onClosed === null, 'a state is retired once');
    this.#onClosed = onClosed;
    if (this.#exchangesCount === 0) this.#finish();
  }

  /** Of a state that never served. */
  close(): void {
    for (const pipeline of this.#pipelines.splice(0)) pipeline.close();
    if (this.#viaMemory !== null) this.#context.viaMemory.give(this.#viaMemory);
    this.#viaMemory = null;
  }

  #finish(): void {
    this.close();
    this.#onClosed!();
  }

  #compileRoute(options: RouteOptions): CompiledRoute {
    const environment = { route: options.name, log: this.#context.log };
    const global = this.#globalPipeline;
    const hasOwn = options.middleware.length > 0;
    const pipeline = hasOwn ? compilePipeline(options.middleware, environment, global) : global;
    if (hasOwn && pipeline !== null) this.#pipelines.push(pipeline);
    const hasPages = this.#upstreamPages.length > 0;
    return new CompiledRoute(options, routeKind(options.action), pipeline, hasPages);
  }
}

/** Stands for the routes that there are not. */
const UNMATCHED: RouteOptions = {
  name: '',
  conditions: { hosts: [], paths: [], methods: [], scheme: '', values: [], clientAddress: null },
  action: { kind: 'respond', status: 404, body: null, fields: [] },
  middleware: [],
  upgrades: [],
  requestBodyBytesMax: Number.POSITIVE_INFINITY,
  pathDoubtsAllowed: 0,
  errorPages: NO_PAGES,
  source: null,
};

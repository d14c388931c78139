// The proxy of one worker: an exchange for each request, from a pool, on the snapshot that serves
// now; and the counters and log lines of requests that never became one. A new snapshot is prepared
// beside it and takes its place between two requests.

import { assert } from '../base/assert.ts';
import { ObjectPool } from '../base/object_pool.ts';
import type {
  RequestHandler,
  ServerStream,
  ServerStreamHandler,
} from '../http/exchange_contract.ts';
import type { ExchangeError } from '../http/exchange_error.ts';
import { Exchange } from './exchange.ts';
import { ExchangeContext, type ProxyRuntime } from './exchange_context.ts';
import { type ProxyConfig, ProxyState } from './proxy_state.ts';

/** Unused exchanges that are kept for the next requests. */
const EXCHANGES_FREE_MAX = 1_024;

// biome-ignore lint/suspicious/noShadowRestrictedNames: no file of this layer makes JS proxies
export class Proxy implements RequestHandler {
  readonly #context: ExchangeContext;
  readonly #exchanges: ObjectPool<Exchange>;
  #state: ProxyState | null = null;

  constructor(runtime: ProxyRuntime) {
    const context = new ExchangeContext(runtime);
    const exchanges: ObjectPool<Exchange> = new ObjectPool(
      () => new Exchange(context, exchanges),
      EXCHANGES_FREE_MAX,
    );
    this.#context = context;
    this.#exchanges = exchanges;
  }

  /** Exchanges that are not over. */
  get openCount(): number {
    return this.#exchanges.usedCount;
  }

  /**
   * Begins a state, whose routes are then compiled by its `compile`. Throws a ZProxyError where a
   * middleware of all routes cannot be made.
   */
  prepare(config: ProxyConfig): ProxyState {
    return new ProxyState(this.#context, config);
  }

  /**
   * Exchanges that begin from now on use `state`, which was compiled whole. `onRetired` is called
   * once no exchange uses the one before any more (at once where there is none).
   */
  use(state: ProxyState, onRetired: () => void): void {
    assert(state.isCompiled, 'a state that serves has all of its routes');
    const before = this.#state;
    this.#state = state;
    if (before === null) onRetired();
    else before.retire(onRetired);
  }

  onRequest(stream: ServerStream): ServerStreamHandler {
    const exchange = this.#exchanges.acquire();
    exchange.begin(stream, this.#state!);
    return exchange;
  }

  onRequestRefused(stream: ServerStream, error: ExchangeError, status: number): void {
    this.#state!.reports.finishRefused(stream, error, status);
  }
}

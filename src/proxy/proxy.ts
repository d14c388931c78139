// The proxy of one worker: an exchange for each request, from a pool, and the counters and log
// lines of requests that never became one.

import { ObjectPool } from '../base/object_pool.ts';
import type {
  RequestHandler,
  ServerStream,
  ServerStreamHandler,
} from '../http/exchange_contract.ts';
import type { ExchangeError } from '../http/exchange_error.ts';
import { Exchange } from './exchange.ts';
import { ExchangeContext, type ProxyConfig } from './exchange_context.ts';

/** Unused exchanges that are kept for the next requests. */
const EXCHANGES_FREE_MAX = 1_024;

// biome-ignore lint/suspicious/noShadowRestrictedNames: no file of this layer makes JS proxies
export class Proxy implements RequestHandler {
  readonly #context: ExchangeContext;
  readonly #exchanges: ObjectPool<Exchange>;

  constructor(config: ProxyConfig) {
    const context = new ExchangeContext(config);
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

  onRequest(stream: ServerStream): ServerStreamHandler {
    const exchange = this.#exchanges.acquire();
    exchange.begin(stream);
    return exchange;
  }

  onRequestRefused(stream: ServerStream, error: ExchangeError, status: number): void {
    this.#context.reports.finishRefused(stream, error, status);
  }
}

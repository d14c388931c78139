// An upstream as the exchanges of injected requests see it: the one with the real endpoints, or the
// same one with fake endpoints, whichever the request asks for. Balancing, timeouts and the driver
// are those of the configuration in both cases.

import type { ClientStream, ClientStreamHandler } from '../../http/exchange_contract.ts';
import { ExchangeError } from '../../http/exchange_error.ts';
import type { ExchangeUpstream } from '../../proxy/exchange_context.ts';
import type { UpstreamOptions } from '../../upstream/options.ts';
import type { StreamWaiter, Upstream } from '../../upstream/upstream.ts';
import type { FakeCall } from './fake_endpoint.ts';
import type { FakeTransport } from './fake_transport.ts';
import type { Injection } from './injection.ts';

/** Who asks for a stream. */
export interface InjectionFinder {
  find(handler: ClientStreamHandler): Injection;
}

export class InjectUpstream implements ExchangeUpstream {
  readonly name: string;
  readonly options: UpstreamOptions;
  lastError: ExchangeError = ExchangeError.NONE;
  readonly real: Upstream;
  readonly fake: Upstream;
  readonly #transport: FakeTransport;
  readonly #injections: InjectionFinder;

  constructor(
    real: Upstream,
    fake: Upstream,
    transport: FakeTransport,
    injections: InjectionFinder,
  ) {
    this.name = real.name;
    this.options = real.options;
    this.real = real;
    this.fake = fake;
    this.#transport = transport;
    this.#injections = injections;
  }

  acquire(
    handler: ClientStreamHandler,
    waiter: StreamWaiter,
    freshOnly: boolean,
  ): ClientStream | null {
    const injection = this.#injections.find(handler);
    const fake = injection.fakeOf(this.name);
    if (fake === undefined) {
      const client = this.real.acquire(handler, waiter, freshOnly);
      this.lastError = this.real.lastError;
      return client;
    }
    const call: FakeCall = { injection, upstream: this.name, fake, endpoint: '' };
    this.#transport.call = call;
    const client = this.fake.acquire(handler, waiter, true);
    this.#transport.call = null;
    this.lastError = this.fake.lastError;
    if (client !== null) call.endpoint = client.endpointUrl;
    return client;
  }

  cancel(waiter: StreamWaiter): void {
    this.real.cancel(waiter);
    this.fake.cancel(waiter);
  }
}

/** The options with which fake endpoints are used: a connection for each request. */
export function fakeOptions(options: UpstreamOptions): UpstreamOptions {
  const connectionsMax = Number.MAX_SAFE_INTEGER;
  return { ...options, pool: { ...options.pool, idleConnectionsMax: 0, connectionsMax } };
}

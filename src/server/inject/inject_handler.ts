// Between the downstream driver and the proxy: knows which injected request an exchange belongs to,
// and notes what becomes of it.

import { assert } from '../../base/assert.ts';
import type { AccessLogSink } from '../../base/log_sink.ts';
import type {
  ClientStreamHandler,
  RequestHandler,
  ServerStream,
  ServerStreamHandler,
} from '../../http/exchange_contract.ts';
import type { ExchangeError } from '../../http/exchange_error.ts';
import { latin1Text } from '../../http/text.ts';
import { findRoute } from '../../proxy/admission.ts';
import { ClientOrigin } from '../../proxy/client_origin.ts';
import type { Proxy as HttpProxy } from '../../proxy/proxy.ts';
import type { ProxyState } from '../../proxy/proxy_state.ts';
import { RouteMatch } from '../../routing/route_match.ts';
import { readReport } from './inject_log.ts';
import type { InjectionFinder } from './inject_upstream.ts';
import type { Injection } from './injection.ts';

/** The injected request whose client has that port. */
export type FindByPort = (port: number) => Injection | undefined;

export class InjectHandler implements RequestHandler, InjectionFinder {
  readonly log: AccessLogSink;
  readonly #bytes: Uint8Array;
  readonly #findByPort: FindByPort;
  readonly #context: { readonly bytes: Uint8Array; readonly origin: ClientOrigin };
  readonly #match: RouteMatch = new RouteMatch();
  /** Whose an exchange is; exchanges are reused, and entered anew then. */
  readonly #injections: WeakMap<object, Injection> = new WeakMap();
  #proxy: HttpProxy | null = null;
  #state: ProxyState | null = null;
  /** Whose exchange runs: mirrors ask for their streams right after it has asked for its own. */
  #current: Injection | null = null;
  /** Inside of `onRequest`: its exchange is still entered as what it was used for before. */
  #beginning: Injection | null = null;

  constructor(bytes: Uint8Array, findByPort: FindByPort) {
    this.#bytes = bytes;
    this.#findByPort = findByPort;
    this.#context = { bytes, origin: new ClientOrigin(bytes) };
    this.log = { writeLine: (line, start, end) => this.#takeReport(line, start, end) };
  }

  serve(proxy: HttpProxy, state: ProxyState): void {
    this.#proxy = proxy;
    this.#state = state;
  }

  onRequest(stream: ServerStream): ServerStreamHandler {
    const injection = this.#findByPort(stream.connection.remotePort);
    assert(injection !== undefined, 'a request is injected');
    injection.params = this.#readParams(stream);
    this.#current = injection;
    this.#beginning = injection;
    const handler = this.#proxy!.onRequest(stream);
    this.#beginning = null;
    this.#injections.set(handler, injection);
    return handler;
  }

  onRequestRefused(stream: ServerStream, error: ExchangeError, status: number): void {
    this.#proxy!.onRequestRefused(stream, error, status);
  }

  /** A mirror is never entered. */
  find(handler: ClientStreamHandler): Injection {
    const injection = this.#beginning ?? this.#injections.get(handler) ?? this.#current;
    assert(injection !== null, 'streams are asked for by exchanges');
    this.#current = injection;
    return injection;
  }

  /** Finds the route as the exchange is about to. */
  #readParams(stream: ServerStream): Readonly<Record<string, string>> {
    const state = this.#state!;
    const params: Record<string, string> = Object.create(null);
    const match = this.#match;
    if (findRoute(this.#context, state, stream, match) === state.unmatched) return params;
    const names = state.table.paramNames(match.entryIndex);
    for (let i = 0; i < match.paramsCount; i++) {
      const text = latin1Text(this.#bytes, match.params[i * 2]!, match.params[i * 2 + 1]!);
      params[names[i]!] = decoded(text);
    }
    return params;
  }

  #takeReport(bytes: Uint8Array, start: number, end: number): boolean {
    const report = readReport(Buffer.from(bytes.subarray(start, end)).toString());
    const injection = this.#findByPort(report.clientPort);
    if (injection === undefined) return false;
    injection.error = report.error;
    injection.upstream = report.upstream;
    injection.endpoint = report.endpoint;
    injection.route = report.route;
    return true;
  }
}

/** The text as it is where its escapes are not UTF-8. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

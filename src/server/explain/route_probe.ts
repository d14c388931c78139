// Asks a configuration for the routes of many requests, as an access log has them: nothing but the
// routing runs, on the codec and the table that serve.

import { compileAddressRanges } from '../../base/address_ranges.ts';
import { Arena } from '../../base/arena.ts';
import type { Snapshot } from '../../config/snapshot.ts';
import { EXCHANGE_ERRORS, ExchangeError } from '../../http/exchange_error.ts';
import { Method } from '../../http/methods.ts';
import { ClientOrigin } from '../../proxy/client_origin.ts';
import { isForServer } from '../../proxy/final_recipient.ts';
import { RouteMatch, RouteTable } from '../../routing/route_table.ts';
import { ExplainedHead } from './explained_head.ts';

const ARENA_BYTES = 4 * 65_536;

/** A route by its index, or the status and code that the proxy answers with; 200: OPTIONS of it. */
export type ProbeResult =
  | { readonly kind: 'route'; readonly routeIndex: number }
  | { readonly kind: 'answer'; readonly status: number; readonly code: string };

export class RouteProbe {
  readonly #snapshot: Snapshot;
  readonly #arena = new Arena(ARENA_BYTES);
  readonly #head: ExplainedHead;
  readonly #origin: ClientOrigin;
  readonly #table: RouteTable;
  readonly #match = new RouteMatch();
  readonly #isTrusted: (host: string) => boolean;

  constructor(snapshot: Snapshot) {
    this.#snapshot = snapshot;
    const { mergeSlashes, trustedProxies } = snapshot.proxy;
    const { limits, allowUnderscores } = snapshot.listeners[0]!;
    this.#head = new ExplainedHead(this.#arena, { limits, allowUnderscores, mergeSlashes });
    this.#origin = new ClientOrigin(this.#arena.bytes);
    this.#table = new RouteTable(snapshot.routeTable);
    this.#isTrusted = compileAddressRanges(trustedProxies);
  }

  /** `bytes` is a whole head, `clientHost` the numeric address it came from. */
  find(bytes: Uint8Array, clientHost: string, scheme: 'http' | 'https'): ProbeResult {
    const error = this.#head.read(bytes);
    if (error !== ExchangeError.NONE) return answer(error);
    const { head } = this.#head;
    if (head.method === Method.CONNECT) return answer(ExchangeError.METHOD_NOT_ALLOWED);
    if (isForServer(this.#arena.bytes, head)) return { kind: 'answer', status: 200, code: '' };
    const connection = {
      remoteHost: clientHost,
      remotePort: 0,
      localHost: '',
      localPort: 0,
      scheme,
      isTrusted: this.#isTrusted(clientHost),
    };
    this.#origin.begin(head, connection, this.#isTrusted);
    const routeIndex = this.#table.match(this.#arena.bytes, head, this.#origin, this.#match);
    const allowed = routeIndex < 0 ? 0 : this.#snapshot.routes[routeIndex]!.pathDoubtsAllowed;
    if ((head.pathDoubts & ~allowed) !== 0) return answer(ExchangeError.REQUEST_PATH_REFUSED);
    if (routeIndex >= 0) return { kind: 'route', routeIndex };
    const methods = this.#table.allowedMethods(this.#arena.bytes, head, this.#origin);
    return answer(
      methods === '' ? ExchangeError.ROUTE_NOT_FOUND : ExchangeError.METHOD_NOT_ALLOWED,
    );
  }
}

function answer(error: ExchangeError): ProbeResult {
  const { status, code } = EXCHANGE_ERRORS[error]!;
  return { kind: 'answer', status, code };
}

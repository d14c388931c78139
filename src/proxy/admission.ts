// Where a request begins: which route it is for, and whether it may pass. What a path was
// normalised from is judged here, by what the route allows: two servers that read one spelling
// differently are how requests come around the middleware of a route.

import type { ServerStream } from '../http/exchange_contract.ts';
import { ExchangeError } from '../http/exchange_error.ts';
import { Framing, type RequestHead } from '../http/message_head.ts';
import { Method } from '../http/methods.ts';
import { mergeSlashes } from '../http/target.ts';
import type { RouteMatch } from '../routing/route_match.ts';
import type { CompiledRoute } from './compiled_route.ts';
import type { ExchangeContext } from './exchange_context.ts';
import { isForServer } from './final_recipient.ts';
import type { ForwardingPlan } from './forwarding.ts';
import type { ProxyState } from './proxy_state.ts';

/** The route of a request; `state.unmatched` where none matches, or none is asked. */
export function findRoute(
  context: Pick<ExchangeContext, 'bytes' | 'origin'>,
  state: ProxyState,
  stream: ServerStream,
  match: RouteMatch,
): CompiledRoute {
  const { head } = stream;
  const { bytes, origin } = context;
  if (head.method === Method.CONNECT || isForServer(bytes, head)) return state.unmatched;
  if (state.options.mergeSlashes) mergePath(bytes, head);
  origin.begin(head, stream.connection, state.isTrusted);
  const index = state.table.match(bytes, head, origin, match);
  return index < 0 ? state.unmatched : state.routes[index]!;
}

/** Anything but NONE is what the request is refused with. Takes away fields that may not pass. */
export function admit(
  state: ProxyState,
  route: CompiledRoute,
  stream: ServerStream,
  plan: ForwardingPlan,
): ExchangeError {
  const { head } = stream;
  const error = state.forwarding.admit(head, stream.connection, plan);
  if (error !== ExchangeError.NONE) return error;
  if ((head.pathDoubts & ~route.pathDoubtsAllowed) !== 0) return ExchangeError.REQUEST_PATH_REFUSED;
  if (head.method === Method.CONNECT) return ExchangeError.METHOD_NOT_ALLOWED;
  const isTooLarge =
    head.framing === Framing.LENGTH && head.contentLength > route.requestBodyBytesMax;
  return isTooLarge ? ExchangeError.REQUEST_BODY_TOO_LARGE : ExchangeError.NONE;
}

function mergePath(bytes: Uint8Array, head: RequestHead): void {
  const pathEnd = mergeSlashes(bytes, head.targetStart, head.pathEnd);
  if (pathEnd === head.pathEnd) return;
  bytes.copyWithin(pathEnd, head.pathEnd, head.targetEnd);
  head.targetEnd -= head.pathEnd - pathEnd;
  head.pathEnd = pathEnd;
}

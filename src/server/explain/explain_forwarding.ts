// Where a request is forwarded to, and what of it is sent, for `explain`.

import type { Source } from '../../config/snapshot.ts';
import { ExchangeError } from '../../http/exchange_error.ts';
import type { RouteAction } from '../../proxy/options.ts';
import { selectUpgrade } from '../../proxy/upgrade_token.ts';
import { endpointAuthority } from '../../upstream/endpoint.ts';
import type { UpstreamOptions } from '../../upstream/options.ts';
import type { ExplainParts } from './explain.ts';
import type { ExplainedForwarding, ExplainedUpstream } from './explanation.ts';

type Share = Extract<RouteAction, { kind: 'forward' }>['upstreams'][number];

const ALMOST_ONE = 1 - Number.EPSILON;

/** An error is what the request is refused with instead. */
export function explainForwarding(parts: ExplainParts): ExplainedForwarding | ExchangeError {
  const { snapshot, request, route, bytes } = parts;
  const { action } = route.options;
  if (action.kind !== 'forward') return ExchangeError.ROUTE_NOT_FOUND;
  const { head } = request;
  selectUpgrade(bytes, head, route.upgrades);
  const error = route.rewrite?.apply(head, parts.targetScratch, parts.texts) ?? ExchangeError.NONE;
  if (error !== ExchangeError.NONE) return error;
  const { target, upgrade } = request;
  parts.plan.restore(head);
  const sum = action.upstreams.reduce((total, share) => total + share.weight, 0);
  return {
    target,
    upstreams: possibleShares(parts, action.upstreams).map((share) =>
      explainUpstream(parts, share, sum, target),
    ),
    mirrors: action.mirrors.map(({ upstreamIndex, percent }) => ({
      upstream: snapshot.upstreams[upstreamIndex]!.name,
      percent,
    })),
    upgrade,
  };
}

/** Where the request's key (or the weights) leave one alone, that one. */
function possibleShares(
  { route, bytes, request }: ExplainParts,
  shares: readonly Share[],
): Share[] {
  const { split } = route;
  if (split === null) return [...shares];
  const first = split.choose(bytes, request.head, 0);
  const last = split.choose(bytes, request.head, ALMOST_ONE);
  const isDecided = first === last;
  return shares.filter(
    (share) => share.weight > 0 && (!isDecided || share.upstreamIndex === first),
  );
}

function explainUpstream(
  parts: ExplainParts,
  share: Share,
  sum: number,
  target: string,
): ExplainedUpstream {
  const upstream = parts.snapshot.upstreams[share.upstreamIndex]!;
  return {
    name: upstream.name,
    source: upstream.source as Source,
    percent: (share.weight * 100) / sum,
    endpoints: upstream.endpoints.map((endpoint) => ({
      url: `${endpoint.url}${target}`,
      weight: endpoint.weight,
      source: endpoint.source as Source,
    })),
    headers: sentFields(parts, upstream),
  };
}

function sentFields(parts: ExplainParts, upstream: UpstreamOptions): [string, string][] {
  const { request, forwarding, connection, plan } = parts;
  const authority = endpointAuthority(upstream.endpoints[0]!);
  forwarding.address(request.head, connection, plan, upstream.hostHeader, authority);
  const fields = request.fields();
  if (plan.requestNumber === 0) return fields;
  return fields.map(([name, value]) =>
    name === 'X-Request-Id' ? [name, '(a new one for each request)'] : [name, value],
  );
}

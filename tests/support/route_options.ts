// Routes for tests: options with every default filled in, and a proxy that serves them.

import { strict as assert } from 'node:assert';
import type { ExchangeUpstream } from '../../src/proxy/exchange_context.ts';
import type { ProxyOptions, RouteOptions } from '../../src/proxy/options.ts';
import type { Proxy as HttpProxy } from '../../src/proxy/proxy.ts';
import type { RouteConditions } from '../../src/routing/route.ts';
import { compileRouteTable } from '../../src/routing/route_table_data.ts';

/** What a test says of a route; everything else has its default. */
export type TestRoute = Partial<Omit<RouteOptions, 'conditions'>> & Partial<RouteConditions>;

/** A route that forwards all of what it matches to the first upstream. */
export function routeOptions(route: TestRoute = {}): RouteOptions {
  const { hosts, paths, methods, scheme, values, clientAddress, ...options } = route;
  return {
    name: `${hosts?.[0] ?? '*'}${paths?.[0] ?? '/*'}`,
    conditions: {
      hosts: hosts ?? [],
      paths: paths ?? [],
      methods: methods ?? [],
      scheme: scheme ?? '',
      values: values ?? [],
      clientAddress: clientAddress ?? null,
    },
    action: forwardTo(0),
    middleware: [],
    upgrades: ['websocket'],
    requestBodyBytesMax: Number.POSITIVE_INFINITY,
    pathDoubtsAllowed: 0,
    errorPages: [],
    source: null,
    ...options,
  };
}

/** The action of a route that sends all to one upstream. */
export function forwardTo(
  upstreamIndex: number,
  more: Partial<Extract<RouteOptions['action'], { kind: 'forward' }>> = {},
): RouteOptions['action'] {
  return {
    kind: 'forward',
    upstreams: [{ upstreamIndex, weight: 1 }],
    splitKey: { kind: 'none' },
    rewrite: null,
    mirrors: [],
    ...more,
  };
}

export function proxyOptions(options: Partial<ProxyOptions> = {}): ProxyOptions {
  return {
    trustedProxies: [],
    forwarded: 'x',
    viaPseudonym: 'edge',
    requestId: false,
    accessLog: { format: { kind: 'template', template: '{status} {error}' } },
    mergeSlashes: false,
    errorPages: [],
    middleware: [],
    ...options,
  };
}

/** Lets `proxy` serve these routes from now on. */
export function serveRoutes(
  proxy: HttpProxy,
  options: ProxyOptions,
  routes: readonly RouteOptions[],
  upstreams: readonly ExchangeUpstream[],
  onRetired: () => void = () => {},
): void {
  const routeTable = compileRouteTable(routes.map((route) => route.conditions));
  const state = proxy.prepare({ options, routes, routeTable, upstreams });
  assert(state.compile(routes.length), 'all routes are compiled');
  proxy.use(state, onRetired);
}

// The route sets and requests of find-my-way's own benchmark (benchmark/bench.js of its package),
// once for it and once for our table. Its `version` constraint is a condition on the header that it
// reads; its optional second one is a host.

export interface Route {
  readonly path: string;
  readonly host?: string;
  readonly version?: string;
}

export interface Case {
  readonly name: string;
  readonly routes: readonly Route[];
  readonly path: string;
  readonly host?: string;
  readonly version?: string;
}

const long = '/static/static/static/static/static';
const constrained: readonly Route[] = [
  { path: '/static', version: '2.0.0', host: 'example.com' },
  { path: '/static', version: '2.0.0', host: 'fastify.io' },
];

export const CASES: readonly Case[] = [
  { name: 'root', routes: [{ path: '/' }], path: '/' },
  { name: 'short static', routes: [{ path: '/static' }], path: '/static' },
  { name: 'long static', routes: [{ path: long }], path: long },
  {
    name: 'long static, common prefix',
    routes: [1, 2, 3, 4, 5].map((depth) => ({ path: '/static'.repeat(depth) })),
    path: long,
  },
  { name: 'short parameter', routes: [{ path: '/:param' }], path: '/param1' },
  {
    name: 'long parameter',
    routes: [{ path: '/:param' }],
    path: '/longParamParamParamParamParamParam',
  },
  { name: 'parameter with %2B', routes: [{ path: '/:param' }], path: '/param%2B' },
  { name: 'parameter with %20', routes: [{ path: '/:param' }], path: '/param%20' },
  { name: 'two parameters', routes: [{ path: '/:param1/:param2' }], path: '/param1/param2' },
  {
    name: 'two parameters in a segment',
    routes: [{ path: '/:param1-:param2' }],
    path: '/param1-param2',
  },
  {
    name: 'two patterns in a segment',
    routes: [{ path: '/:param1([a-z]*)1:param2([a-z]*)2' }],
    path: '/param1param2',
  },
  {
    name: 'long static with parameters',
    routes: [{ path: '/static/:param1/static/:param2/static' }],
    path: '/static/param1/static/param2/static',
  },
  { name: 'short wildcard', routes: [{ path: '/*' }], path: '/static' },
  { name: 'long wildcard', routes: [{ path: '/*' }], path: long },
  {
    name: 'root among constrained',
    routes: [{ path: '/' }, { path: '/static', version: '1.2.0' }, ...constrained],
    path: '/',
    host: 'fastify.io',
  },
  {
    name: 'static without constraint',
    routes: [{ path: '/static' }, ...constrained],
    path: '/static',
  },
  {
    name: 'static with version',
    routes: [{ path: '/static', version: '1.2.0' }, ...constrained],
    path: '/static',
    host: 'fastify.io',
    version: '1.x',
  },
  {
    name: 'static with version and host',
    routes: [{ path: '/static', version: '1.2.0' }, ...constrained],
    path: '/static',
    host: 'fastify.io',
    version: '2.x',
  },
];

// A new version of a service beside the old one: testers get it by a cookie, everyone else by
// chance and then for good, and a third copy sees the traffic without anybody waiting for it.

import { defineConfig, headers } from 'zproxy';

export default defineConfig({
  listeners: [{ address: '127.0.0.1:8080' }],
  mergeSlashes: true,
  watch: true,
  middleware: [headers({ response: { remove: ['server', 'x-powered-by'] } })],
  errorPages: { '5xx': { body: '<h1>Please try again in a minute.</h1>', upstream: true } },
  upstreams: {
    stable: { endpoints: ['http://127.0.0.1:9001'] },
    canary: { endpoints: ['http://127.0.0.1:9002'] },
    shadow: { endpoints: ['http://127.0.0.1:9003'] },
  },
  routes: [
    { path: '/shop/*', cookies: { tester: 'yes' }, upstream: 'canary' },
    {
      name: 'shop',
      path: '/shop/*',
      upstreams: { stable: 95, canary: 5 },
      splitBy: { cookie: 'session' },
      mirror: { upstream: 'shadow', percent: 10 },
    },
    {
      path: ['/admin', '/admin/*'],
      clientIp: { not: ['10.0.0.0/8', '127.0.0.1'] },
      respond: { status: 403, body: 'Not from here.' },
    },
    { path: '/admin/*rest', upstream: 'stable', rewrite: { stripPrefix: '/admin' } },
    { host: '*.example.com', method: ['GET', 'HEAD'], redirect: 'https://example.com{target}' },
  ],
});

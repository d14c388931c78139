// Two services behind one address. Run it with `npx zproxy run --config examples/zproxy.config.ts`.

import { defineConfig, headers } from 'zproxy';

export default defineConfig({
  listeners: [{ address: '127.0.0.1:8080' }],
  upstreams: {
    api: {
      endpoints: ['http://127.0.0.1:9001', { url: 'http://127.0.0.1:9002', weight: 2 }],
      timeouts: { connect: '1s', firstByte: '30s' },
    },
    web: { endpoints: ['http://127.0.0.1:9003'] },
  },
  routes: [
    {
      path: '/api/:version/*rest',
      middleware: [headers({ request: { set: { 'x-api-version': '{params.version}' } } })],
      rewrite: { path: '/{params.rest}' },
      upstream: 'api',
      limits: { requestBody: '10MB' },
    },
    { path: '/health', respond: { body: 'ok' } },
    { path: '/old/*page', redirect: '/{params.page}' },
    { upstream: 'web' },
  ],
});

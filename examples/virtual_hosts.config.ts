// Host names on both address families and a Unix socket, behind a load balancer that is trusted,
// with every kind of setting that a site in production has.

import { defineConfig } from 'zproxy';

const balancers = ['10.0.0.0/8', '2001:db8::/32'];

export default defineConfig({
  workers: 2,
  listeners: [
    { address: ':8080' },
    { address: 'unix:/run/zproxy-example.sock', allowUnderscores: true, halfClose: true },
  ],
  trustedProxies: balancers,
  forwarded: 'both',
  via: 'edge-1',
  accessLog: { format: 'combined', to: 'access.log' },
  timeouts: { keepAliveIdle: '2m', drain: '1m' },
  limits: { requestHead: '16KiB', requestBody: '50MB', connections: 20_000 },
  upstreams: {
    shop: {
      endpoints: ['http://shop-1.internal:8000', 'http://shop-2.internal:8000'],
      hostHeader: 'preserve',
      limits: { upstreamConnections: 200 },
    },
    chat: { endpoints: ['unix:/run/chat.sock'], timeouts: { tunnelIdle: '12h' } },
    files: { endpoints: ['http://[2001:db8::7]:80'], hostHeader: 'files.internal' },
  },
  routes: [
    { host: 'shop.example.com', upstream: 'shop' },
    { host: 'chat.example.com', path: '/socket', upstream: 'chat', upgrades: ['websocket'] },
    { path: '/files/*', upstream: 'files', limits: { requestBody: 'none' } },
  ],
  user: 'www-data',
  group: 'www-data',
});

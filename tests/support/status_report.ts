// A status report for tests of what is made of it: two workers, one of which has died, two
// upstreams, a few of each count.

import type { StatusReport } from '../../src/server/status_report.ts';

const REPORT: StatusReport = {
  version: '1.2.3',
  node: 'v26.10.0',
  pid: 42,
  state: 'running',
  uptimeSeconds: 90_061.5,
  startedAtSeconds: 1_700_000_000.25,
  configFile: '/etc/zproxy.yaml',
  configHash: 'ab',
  addresses: ['127.0.0.1:80', 'unix:/run/z.sock'],
  workers: [
    {
      slot: 0,
      state: 'ready',
      pid: 43,
      transport: 'uring',
      uptimeSeconds: 5,
      deaths: 1,
      lastDeath: 'signal SIGKILL',
      connectionsOpen: 2,
      requests: 7,
    },
    {
      slot: 1,
      state: 'dead',
      pid: 0,
      transport: '',
      uptimeSeconds: 0,
      deaths: 4,
      lastDeath: 'exited with code 1',
      connectionsOpen: 0,
      requests: 0,
    },
  ],
  retiring: [{ slot: 0, pid: 41, retiringSeconds: 61, connectionsOpen: 3, requests: 20 }],
  reloads: { ok: 3, failed: 1, lastSuccessSeconds: 1_700_000_100, lastFailure: 'routes: missing' },
  upgrades: { ok: 0, failed: 0, lastSuccessSeconds: 0, lastFailure: '' },
  connections: { open: 2, accepted: 9, evicted: 0, drainResets: 0, tunnelsOpen: 1 },
  requests: {
    total: 7,
    open: 0,
    responses: { '1xx': 0, '2xx': 6, '3xx': 0, '4xx': 0, '5xx': 1 },
    retries: 0,
  },
  bytes: { received: 100, sent: 0 },
  errors: { connection_refused: 1 },
  upstreamConnections: { opened: 3, failed: 1, reused: 0 },
  upstreams: [
    {
      name: 'api',
      endpoints: [{ url: 'http://a', requests: 7, failures: 0, inFlight: 0, connections: 1 }],
    },
    {
      name: 'web',
      endpoints: [
        { url: 'http://b', requests: 1, failures: 1, inFlight: 0, connections: 0 },
        { url: 'http://c', requests: 2, failures: 0, inFlight: 1, connections: 1 },
      ],
    },
  ],
  accessLog: { lines: 7, dropped: 3 },
  starvations: { accept: 0, receive: 0 },
};

/** The report, with what a test wants otherwise. */
export function statusReport(more: Partial<StatusReport> = {}): StatusReport {
  return { ...REPORT, ...more };
}

// A status report as text: what is shown, and that zeros stay out of the way.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { StatusReport } from '../server/status_report.ts';
import { formatStatus } from './status_text.ts';
import { Terminal } from './terminal.ts';

const terminal = new Terminal({ write: () => true }, { write: () => true }, {});

const REPORT: StatusReport = {
  version: '1.2.3',
  node: 'v26.10.0',
  pid: 42,
  state: 'running',
  uptimeSeconds: 90_061.5,
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
  ],
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
  ],
  accessLog: { lines: 7, dropped: 3 },
  starvations: { accept: 0, receive: 0 },
};

test('formatStatus() shows what is there and leaves zeros out', () => {
  assert.deepEqual(formatStatus(REPORT, terminal), [
    'zproxy       1.2.3, running for 1d 01:01:01',
    'process      42, Node v26.10.0, /etc/zproxy.yaml',
    'listening    127.0.0.1:80, unix:/run/z.sock',
    'worker 0     ready as 43 for 00:00:05, uring, open 2, requests 7, ' +
      'deaths 1 (the last: signal SIGKILL)',
    'connections  open 2, accepted 9, tunnels open 1',
    'requests     total 7',
    'responses    2xx 6, 5xx 1',
    'bytes        received 100, sent 0',
    'to upstreams opened 3, failed 1',
    'api          http://a: requests 7, connections 1',
    'error        connection_refused 1',
    'log          lines dropped 3',
  ]);
});

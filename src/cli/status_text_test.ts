// A status report as text: what is shown, and that zeros stay out of the way.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { statusReport } from '../../tests/support/status_report.ts';
import { formatStatus } from './status_text.ts';
import { Terminal } from './terminal.ts';

const terminal = new Terminal({ write: () => true }, { write: () => true }, {});

test('formatStatus() shows what is there and leaves zeros out', () => {
  assert.deepEqual(formatStatus(statusReport(), terminal), [
    'zproxy       1.2.3, running for 1d 01:01:01',
    'process      42, Node v26.10.0, /etc/zproxy.yaml',
    'reloads      ok 3 (2023-11-14T22:15:00Z), failed 1; the last was refused: routes: missing',
    'listening    127.0.0.1:80, unix:/run/z.sock',
    'worker 0     ready as 43 for 00:00:05, uring, open 2, requests 7, ' +
      'deaths 1 (the last: signal SIGKILL)',
    'worker 1     dead, open 0, requests 0, deaths 4 (the last: exited with code 1)',
    'retiring     worker 0 as 41 for 00:01:01, open 3',
    'connections  open 2, accepted 9, tunnels open 1',
    'requests     total 7',
    'responses    2xx 6, 5xx 1',
    'bytes        received 100, sent 0',
    'to upstreams opened 3, failed 1',
    'api          http://a: requests 7, connections 1',
    'web          http://b: requests 1, failures 1',
    'web          http://c: requests 2, in flight 1, connections 1',
    'error        connection_refused 1',
    'log          lines dropped 3',
  ]);
});

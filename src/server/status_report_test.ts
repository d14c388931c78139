import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  CELL_ERRORS,
  CELLS_COUNT,
  Cell,
  EndpointCell,
  endpointCell,
} from '../base/metrics_cells.ts';
import type { Snapshot } from '../config/snapshot.ts';
import { ExchangeError } from '../http/exchange_error.ts';
import { buildStatusReport } from './status_report.ts';

test('buildStatusReport() sums rows under names and lists only errors that occurred', () => {
  const rows = [new Float64Array(CELLS_COUNT), new Float64Array(CELLS_COUNT)];
  rows[0]![Cell.REQUESTS] = 5;
  rows[1]![Cell.REQUESTS] = 7;
  rows[1]![Cell.RESPONSES_2XX] = 11;
  rows[0]![CELL_ERRORS + ExchangeError.DNS_ERROR] = 2;
  rows[1]![CELL_ERRORS + ExchangeError.NONE] = 9;
  rows[1]![endpointCell(3) + EndpointCell.IN_FLIGHT] = 4;
  const snapshot = {
    file: '/etc/zproxy.yaml',
    hash: 'abc',
    upstreams: [{ name: 'api', endpoints: [{ url: 'http://a:1', slot: 3 }] }],
  } as unknown as Snapshot;
  const frame = {
    version: '1.2.3',
    state: 'running',
    uptimeSeconds: 1.5,
    addresses: ['127.0.0.1:1'],
    workers: [],
  } as const;
  const report = buildStatusReport(frame, snapshot, rows);
  assert.equal(report.version, '1.2.3');
  assert.equal(report.requests.total, 12);
  assert.equal(report.requests.responses['2xx'], 11);
  assert.deepEqual(report.errors, { dns_error: 2 });
  assert.deepEqual(report.upstreams, [
    {
      name: 'api',
      endpoints: [{ url: 'http://a:1', requests: 0, failures: 0, inFlight: 4, connections: 0 }],
    },
  ]);
});

// The exposition: its form, its values, and what promtool says about it.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { parseExposition } from '../../tests/support/exposition.ts';
import { findProgram } from '../../tests/support/find_program.ts';
import { statusReport } from '../../tests/support/status_report.ts';
import { EXCHANGE_ERRORS } from '../http/exchange_error.ts';
import type { StatusReport } from '../server/status_report.ts';
import { formatMetrics, formatSource } from './format_metrics.ts';
import { METRICS } from './metrics_table.ts';

const USAGE = new Map([
  [42, { cpuSeconds: 1.25, residentBytes: 4096 }],
  [43, { cpuSeconds: 0.5, residentBytes: 8192 }],
]);

function format(more: Partial<StatusReport> = {}): string {
  return formatSource({ report: statusReport(more), usage: USAGE });
}

test('METRICS are named as Prometheus wants it, each once', () => {
  const names = METRICS.map(({ name }) => name);
  assert.equal(new Set(names).size, names.length);
  for (const { name, type, unit, help } of METRICS) {
    assert.match(name, /^zproxy_[a-z]+(_[a-z]+)*$/);
    assert.equal(name.endsWith('_total'), type === 'counter', name);
    const stem = name.replace(/_total$/, '');
    if (unit === '') assert.doesNotMatch(stem, /_(seconds|bytes)$/, name);
    else assert.ok(stem.endsWith(`_${unit}`), name);
    assert.match(help, /\.$/, name);
  }
});

test('formatSource() writes every family once, in the order of the table', () => {
  const families = parseExposition(format());
  assert.deepEqual(
    [...families.keys()],
    METRICS.map(({ name }) => name),
  );
  for (const { name, type, help } of METRICS) {
    assert.equal(families.get(name)!.type, type, name);
    assert.equal(families.get(name)!.help, help, name);
  }
});

test('formatSource() computes the values of the report', () => {
  const families = parseExposition(format());
  const value = (name: string, labels: string = ''): number | undefined =>
    families.get(name)!.samples.get(labels);
  assert.equal(value('zproxy_build_info', 'version="1.2.3",node="v26.10.0"'), 1);
  assert.equal(value('zproxy_config_info', 'hash="ab"'), 1);
  assert.equal(value('zproxy_state', 'state="running"'), 1);
  assert.equal(value('zproxy_state', 'state="draining"'), 0);
  assert.equal(value('zproxy_start_time_seconds'), 1_700_000_000.25);
  assert.equal(value('zproxy_supervisor_cpu_seconds_total'), 1.25);
  assert.equal(value('zproxy_reloads_total', 'result="ok"'), 3);
  assert.equal(value('zproxy_reloads_total', 'result="failed"'), 1);
  assert.equal(value('zproxy_reload_last_successful'), 0);
  assert.equal(value('zproxy_workers'), 2);
  assert.equal(value('zproxy_workers_retiring'), 1);
  assert.equal(value('zproxy_workers_retiring_connections_open'), 3);
  assert.equal(value('zproxy_worker_ready', 'slot="0"'), 1);
  assert.equal(value('zproxy_worker_ready', 'slot="1"'), 0);
  assert.equal(value('zproxy_worker_deaths_total', 'slot="1"'), 4);
  assert.equal(value('zproxy_worker_resident_memory_bytes', 'slot="0"'), 8192);
  assert.equal(value('zproxy_worker_resident_memory_bytes', 'slot="1"'), undefined);
  assert.equal(value('zproxy_responses_total', 'class="2xx"'), 6);
  assert.equal(value('zproxy_received_bytes_total'), 100);
  assert.equal(value('zproxy_errors_total', 'code="connection_refused"'), 1);
  assert.equal(value('zproxy_errors_total', 'code="dns_error"'), 0);
  assert.equal(families.get('zproxy_errors_total')!.samples.size, EXCHANGE_ERRORS.length - 1);
  const endpoint = 'upstream="web",endpoint="http://c"';
  assert.equal(value('zproxy_endpoint_requests_total', endpoint), 2);
  assert.equal(value('zproxy_endpoint_connections_open', endpoint), 1);
});

test('formatSource() escapes label values, and leaves out families without samples', () => {
  const endpoint = { requests: 1, failures: 0, inFlight: 0, connections: 0 };
  const upstreams = [{ name: 'a"b\\c\nd', endpoints: [{ url: 'http://a', ...endpoint }] }];
  const families = parseExposition(format({ upstreams }));
  const [labels] = families.get('zproxy_endpoint_requests_total')!.samples.keys();
  assert.equal(labels, 'upstream="a\\"b\\\\c\\nd",endpoint="http://a"');
  const none = parseExposition(format({ upstreams: [], workers: [] }));
  assert.ok(!none.has('zproxy_endpoint_requests_total'));
  assert.ok(!none.has('zproxy_worker_deaths_total'));
  assert.equal(none.get('zproxy_workers')!.samples.get(''), 0);
});

test('formatSource() adds up what has equal labels: an endpoint that is named twice', () => {
  const one = { url: 'http://a', requests: 1, failures: 0, inFlight: 0, connections: 0 };
  const upstreams = [{ name: 'a', endpoints: [one, { ...one, requests: 4 }] }];
  const { samples } = parseExposition(format({ upstreams })).get('zproxy_endpoint_requests_total')!;
  assert.deepEqual([...samples], [['upstream="a",endpoint="http://a"', 5]]);
});

test('formatSource() writes large and odd numbers so that they are read again', () => {
  for (const received of [2 ** 53, 1e21, 1.5e-7, Number.POSITIVE_INFINITY]) {
    const families = parseExposition(format({ bytes: { received, sent: 0 } }));
    assert.equal(families.get('zproxy_received_bytes_total')!.samples.get(''), received);
  }
});

test('formatMetrics() asks the system about living processes only', () => {
  const report = statusReport({ pid: process.pid, workers: [] });
  const families = parseExposition(formatMetrics(report));
  const isTold = families.has('zproxy_supervisor_resident_memory_bytes');
  assert.equal(isTold, process.platform === 'linux');
});

test('promtool check metrics is content', {
  skip: findProgram('promtool') === undefined ? 'promtool (Debian: prometheus) is missing' : false,
}, () => {
  const result = spawnSync('promtool', ['check', 'metrics'], { input: format(), encoding: 'utf8' });
  assert.deepEqual([result.stdout, result.stderr, result.status], ['', '', 0]);
});

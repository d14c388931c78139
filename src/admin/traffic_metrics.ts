// Metrics of what passes through, summed over all workers: those that died are in the sums, too.

import { EXCHANGE_ERRORS } from '../http/exchange_error.ts';
import type { StatusReport } from '../server/status_report.ts';
import { type Metric, plainMetric } from './metric.ts';

function counter(name: string, help: string, value: (report: StatusReport) => number): Metric {
  return plainMetric({ name, type: 'counter', unit: '', help }, value);
}

function gauge(name: string, help: string, value: (report: StatusReport) => number): Metric {
  return plainMetric({ name, type: 'gauge', unit: '', help }, value);
}

function bytes(name: string, help: string, value: (report: StatusReport) => number): Metric {
  return plainMetric({ name, type: 'counter', unit: 'bytes', help }, value);
}

export const TRAFFIC_METRICS: readonly Metric[] = [
  gauge(
    'zproxy_connections_open',
    "Clients' connections that are open.",
    ({ connections }) => connections.open,
  ),
  counter(
    'zproxy_connections_accepted_total',
    "Clients' connections that were accepted.",
    ({ connections }) => connections.accepted,
  ),
  counter(
    'zproxy_connections_evicted_total',
    'Idle connections that were closed at the limit to make room, and those refused there.',
    ({ connections }) => connections.evicted,
  ),
  counter(
    'zproxy_drain_resets_total',
    'Connections that were reset because a drain had come to its deadline.',
    ({ connections }) => connections.drainResets,
  ),
  gauge(
    'zproxy_tunnels_open',
    'Upgraded connections (WebSocket and others) that are open.',
    ({ connections }) => connections.tunnelsOpen,
  ),
  counter(
    'zproxy_requests_total',
    'Requests whose head was read.',
    ({ requests }) => requests.total,
  ),
  gauge('zproxy_requests_open', 'Requests that are being served.', ({ requests }) => requests.open),
  {
    name: 'zproxy_responses_total',
    type: 'counter',
    unit: '',
    labels: ['class'],
    help: "Responses that were sent, by their status code's first digit.",
    read: ({ report }) =>
      Object.entries(report.requests.responses).map(([name, value]) => ({ labels: [name], value })),
  },
  {
    name: 'zproxy_errors_total',
    type: 'counter',
    unit: '',
    labels: ['code'],
    help: 'Exchanges that failed, by the code that the access log has, too.',
    // All of them from the beginning: a rate over a series that has just appeared misses its first.
    read: ({ report }) =>
      EXCHANGE_ERRORS.slice(1).map(({ code }) => ({
        labels: [code],
        value: report.errors[code] ?? 0,
      })),
  },
  bytes(
    'zproxy_received_bytes_total',
    'Bytes that were received from clients.',
    (report) => report.bytes.received,
  ),
  bytes(
    'zproxy_sent_bytes_total',
    'Bytes that were sent to clients.',
    (report) => report.bytes.sent,
  ),
  counter(
    'zproxy_upstream_retries_total',
    'Requests that were sent to an endpoint once more.',
    ({ requests }) => requests.retries,
  ),
  counter(
    'zproxy_upstream_connections_opened_total',
    'Connections to endpoints that were opened.',
    ({ upstreamConnections }) => upstreamConnections.opened,
  ),
  counter(
    'zproxy_upstream_connections_failed_total',
    'Connections to endpoints that could not be opened.',
    ({ upstreamConnections }) => upstreamConnections.failed,
  ),
  counter(
    'zproxy_upstream_connections_reused_total',
    'Requests that were sent on a connection that was open already.',
    ({ upstreamConnections }) => upstreamConnections.reused,
  ),
  counter(
    'zproxy_access_log_lines_total',
    'Lines of the access log that were written.',
    ({ accessLog }) => accessLog.lines,
  ),
  counter(
    'zproxy_access_log_lines_dropped_total',
    'Lines of the access log that were lost, because nobody took them in time.',
    ({ accessLog }) => accessLog.dropped,
  ),
  {
    name: 'zproxy_starvations_total',
    type: 'counter',
    unit: '',
    labels: ['kind'],
    help: 'Times that a worker had to wait for descriptors (accept) or buffers (receive).',
    read: ({ report }) => [
      { labels: ['accept'], value: report.starvations.accept },
      { labels: ['receive'], value: report.starvations.receive },
    ],
  },
];

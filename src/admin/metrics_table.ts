// The metrics of ZProxy, in the order in which they are exposed and documented. A name is never
// used again for something else; a metric that goes away is announced in the changelog first.

import type { StatusReport } from '../server/status_report.ts';
import { ENDPOINT_METRICS } from './endpoint_metrics.ts';
import { type Metric, plainMetric, type Sample } from './metric.ts';
import { TRAFFIC_METRICS } from './traffic_metrics.ts';
import { WORKER_METRICS } from './worker_metrics.ts';

const STATES: readonly StatusReport['state'][] = ['starting', 'running', 'draining'];

const PROCESS_METRICS: readonly Metric[] = [
  {
    name: 'zproxy_build_info',
    type: 'gauge',
    unit: '',
    labels: ['version', 'node'],
    help: 'Always 1; the labels are the versions of ZProxy and of the Node.js that runs it.',
    read: ({ report }) => [{ labels: [report.version, report.node], value: 1 }],
  },
  {
    name: 'zproxy_config_info',
    type: 'gauge',
    unit: '',
    labels: ['hash'],
    help: 'Always 1; the label is the hash of the configuration that serves now.',
    read: ({ report }) => [{ labels: [report.configHash], value: 1 }],
  },
  {
    name: 'zproxy_state',
    type: 'gauge',
    unit: '',
    labels: ['state'],
    help: '1 for the state that the process is in, 0 for the others.',
    read: ({ report }) =>
      STATES.map((state) => ({ labels: [state], value: state === report.state ? 1 : 0 })),
  },
  plainMetric(
    {
      name: 'zproxy_uptime_seconds',
      type: 'gauge',
      unit: 'seconds',
      help: 'How long the process has been running; an upgrade does not begin it anew.',
    },
    (report) => report.uptimeSeconds,
  ),
  plainMetric(
    {
      name: 'zproxy_start_time_seconds',
      type: 'gauge',
      unit: 'seconds',
      help: 'Unix time when this version began to run; an upgrade changes it.',
    },
    (report) => report.startedAtSeconds,
  ),
  {
    name: 'zproxy_supervisor_cpu_seconds_total',
    type: 'counter',
    unit: 'seconds',
    labels: [],
    help: 'Processor time of the supervisor, user and system; on Linux only.',
    read: ({ report, usage }) => ofProcess(usage.get(report.pid)?.cpuSeconds),
  },
  {
    name: 'zproxy_supervisor_resident_memory_bytes',
    type: 'gauge',
    unit: 'bytes',
    labels: [],
    help: 'Resident memory of the supervisor; on Linux only.',
    read: ({ report, usage }) => ofProcess(usage.get(report.pid)?.residentBytes),
  },
];

const CHANGE_METRICS: readonly Metric[] = [
  {
    name: 'zproxy_reloads_total',
    type: 'counter',
    unit: '',
    labels: ['result'],
    help: 'Reloads of the configuration: applied, or nothing was new (ok), or refused (failed).',
    read: ({ report }) => byResult(report.reloads),
  },
  plainMetric(
    {
      name: 'zproxy_reload_last_success_timestamp_seconds',
      type: 'gauge',
      unit: 'seconds',
      help: 'Unix time of the last reload that went well; 0 if there was none.',
    },
    (report) => report.reloads.lastSuccessSeconds,
  ),
  plainMetric(
    {
      name: 'zproxy_reload_last_successful',
      type: 'gauge',
      unit: '',
      help: 'Whether the last reload went well (1), or was refused (0); 1 before the first.',
    },
    (report) => (report.reloads.lastFailure === '' ? 1 : 0),
  ),
  {
    name: 'zproxy_upgrades_total',
    type: 'counter',
    unit: '',
    labels: ['result'],
    help: 'Upgrades to another version in place, by result: ok or failed.',
    read: ({ report }) => byResult(report.upgrades),
  },
];

function byResult(changes: StatusReport['reloads']): readonly Sample[] {
  return [
    { labels: ['ok'], value: changes.ok },
    { labels: ['failed'], value: changes.failed },
  ];
}

function ofProcess(value: number | undefined): readonly Sample[] {
  return value === undefined ? [] : [{ labels: [], value }];
}

export const METRICS: readonly Metric[] = [
  ...PROCESS_METRICS,
  ...CHANGE_METRICS,
  ...WORKER_METRICS,
  ...TRAFFIC_METRICS,
  ...ENDPOINT_METRICS,
];

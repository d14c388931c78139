// Metrics of the workers, one series per slot: a place for a worker process, whose number stays
// when the process is replaced. Counters of a worker begin anew with its successor.

import type { WorkerStatus } from '../server/status_report.ts';
import { type Metric, plainMetric, type Sample } from './metric.ts';

/** A metric per slot; null: nothing to tell about that one. */
function slotMetric(
  metric: Omit<Metric, 'labels' | 'read'>,
  value: (worker: WorkerStatus) => number,
): Metric {
  return {
    ...metric,
    labels: ['slot'],
    read: ({ report }) =>
      report.workers.map((worker) => ({ labels: [String(worker.slot)], value: value(worker) })),
  };
}

export const WORKER_METRICS: readonly Metric[] = [
  plainMetric(
    {
      name: 'zproxy_workers',
      type: 'gauge',
      unit: '',
      help: 'Worker slots of the configuration that serves now.',
    },
    (report) => report.workers.length,
  ),
  plainMetric(
    {
      name: 'zproxy_workers_retiring',
      type: 'gauge',
      unit: '',
      help: 'Workers that were replaced by a reload or an upgrade and finish what they have open.',
    },
    (report) => report.retiring.length,
  ),
  plainMetric(
    {
      name: 'zproxy_workers_retiring_connections_open',
      type: 'gauge',
      unit: '',
      help: "Clients' connections that workers which were replaced still have open.",
    },
    (report) => report.retiring.reduce((sum, worker) => sum + worker.connectionsOpen, 0),
  ),
  {
    name: 'zproxy_worker_info',
    type: 'gauge',
    unit: '',
    labels: ['slot', 'transport'],
    help: 'Always 1; the label is what the worker drives its sockets with, uring or node.',
    read: ({ report }) =>
      report.workers
        .filter(({ transport }) => transport !== '')
        .map(({ slot, transport }): Sample => ({ labels: [String(slot), transport], value: 1 })),
  },
  slotMetric(
    {
      name: 'zproxy_worker_ready',
      type: 'gauge',
      unit: '',
      help: 'Whether a worker accepts connections in that slot.',
    },
    (worker) => (worker.state === 'ready' ? 1 : 0),
  ),
  slotMetric(
    {
      name: 'zproxy_worker_deaths_total',
      type: 'counter',
      unit: '',
      help: 'Workers of that slot that died, or were killed because they stood still.',
    },
    (worker) => worker.deaths,
  ),
  slotMetric(
    {
      name: 'zproxy_worker_uptime_seconds',
      type: 'gauge',
      unit: 'seconds',
      help: 'How long the worker has been running; 0 where there is none.',
    },
    (worker) => worker.uptimeSeconds,
  ),
  slotMetric(
    {
      name: 'zproxy_worker_connections_open',
      type: 'gauge',
      unit: '',
      help: "Clients' connections that the worker has open.",
    },
    (worker) => worker.connectionsOpen,
  ),
  slotMetric(
    {
      name: 'zproxy_worker_requests_total',
      type: 'counter',
      unit: '',
      help: 'Requests whose head the worker has read.',
    },
    (worker) => worker.requests,
  ),
  usageMetric(
    {
      name: 'zproxy_worker_cpu_seconds_total',
      type: 'counter',
      unit: 'seconds',
      help: 'Processor time of the worker, user and system; on Linux only.',
    },
    'cpuSeconds',
  ),
  usageMetric(
    {
      name: 'zproxy_worker_resident_memory_bytes',
      type: 'gauge',
      unit: 'bytes',
      help: 'Resident memory of the worker; on Linux only.',
    },
    'residentBytes',
  ),
];

function usageMetric(
  metric: Omit<Metric, 'labels' | 'read'>,
  key: 'cpuSeconds' | 'residentBytes',
): Metric {
  return {
    ...metric,
    labels: ['slot'],
    read: ({ report, usage }) =>
      report.workers.flatMap(({ slot, pid }) => {
        const value = usage.get(pid)?.[key];
        return value === undefined ? [] : [{ labels: [String(slot)], value }];
      }),
  };
}

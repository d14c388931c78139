// Writes the metrics of a report in Prometheus' text format 0.0.4: each family once and in one
// piece, HELP and TYPE before its samples, no series twice.
//
//   # HELP zproxy_errors_total Exchanges that failed, by error code; ...
//   # TYPE zproxy_errors_total counter
//   zproxy_errors_total{code="dns_error"} 2

import type { StatusReport } from '../server/status_report.ts';
import type { Metric, MetricsSource, Sample } from './metric.ts';
import { METRICS } from './metrics_table.ts';
import { readProcessUsage } from './process_usage.ts';

/** The exposition of a report, with what the system tells about our processes. */
export function formatMetrics(report: StatusReport): string {
  const pids = [report.pid, ...report.workers.map((worker) => worker.pid)];
  return formatSource({ report, usage: readProcessUsage(pids) });
}

/** The same without asking the system. */
export function formatSource(source: MetricsSource): string {
  let text = '';
  for (const metric of METRICS) text += formatFamily(metric, metric.read(source));
  return text;
}

/** A family without samples is left out. */
function formatFamily(metric: Metric, samples: readonly Sample[]): string {
  const values = new Map<string, number>();
  for (const { labels, value } of samples) {
    const key = formatLabels(metric.labels, labels);
    values.set(key, (values.get(key) ?? 0) + value);
  }
  if (values.size === 0) return '';
  const { name, type, help } = metric;
  let text = `# HELP ${name} ${escapeHelp(help)}\n# TYPE ${name} ${type}\n`;
  for (const [labels, value] of values) text += `${name}${labels} ${formatValue(value)}\n`;
  return text;
}

function formatLabels(names: readonly string[], values: readonly string[]): string {
  if (names.length === 0) return '';
  const pairs = names.map((name, index) => `${name}="${escapeLabel(values[index]!)}"`);
  return `{${pairs.join(',')}}`;
}

function escapeLabel(value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}

function escapeHelp(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');
}

function formatValue(value: number): string {
  if (Number.isFinite(value)) return String(value);
  if (Number.isNaN(value)) return 'NaN';
  return value > 0 ? '+Inf' : '-Inf';
}

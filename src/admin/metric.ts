// What a metric is: a row of the tables in metrics_table.ts, from which the exposition and the
// reference page are made. Names and units are Prometheus' (base units in the name, `_total` for
// counters); label sets are bounded by the configuration, the workers or a fixed list.

import type { StatusReport } from '../server/status_report.ts';
import type { ProcessUsage } from './process_usage.ts';

/** What values are computed from. */
export interface MetricsSource {
  readonly report: StatusReport;
  /** Of the supervisor and each worker, by process id; empty where the system does not tell. */
  readonly usage: ReadonlyMap<number, ProcessUsage>;
}

/** One value with its labels' values, in the order of the row's names. */
export interface Sample {
  readonly labels: readonly string[];
  readonly value: number;
}

export interface Metric {
  readonly name: string;
  readonly type: 'counter' | 'gauge';
  /** As in the name; '' for plain numbers. */
  readonly unit: '' | 'bytes' | 'seconds';
  readonly labels: readonly string[];
  /** One sentence. */
  readonly help: string;
  /** The samples, none where there is nothing to tell. Of equal labels the values are added. */
  read(source: MetricsSource): readonly Sample[];
}

/** A metric without labels. */
export function plainMetric(
  metric: Omit<Metric, 'labels' | 'read'>,
  value: (report: StatusReport) => number,
): Metric {
  return { ...metric, labels: [], read: ({ report }) => [{ labels: [], value: value(report) }] };
}

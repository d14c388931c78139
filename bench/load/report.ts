// The results of a run: a table for people, and a file that a run elsewhere can be compared with.

import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus, release } from 'node:os';
import { join } from 'node:path';
import type { Pinning } from './proxies.ts';
import type { BenchOptions, Measurement } from './scenario.ts';
import { type Summary, summarise, summariseRatio } from './statistics.ts';

const FOLDER = join(import.meta.dirname, '..', 'results', 'local');

/** What one scenario measured. */
export interface ScenarioResult {
  readonly scenario: string;
  readonly pinning: Pinning;
  readonly measurements: readonly Measurement[];
}

/** One line per column of a measurement: its median, and its ratio to the subject's. */
export function formatMeasurement({
  metric,
  unit,
  values,
  subject = 'zproxy',
}: Measurement): string[] {
  const ours = values[subject];
  const lines = [`${metric} (${unit})`];
  for (const [name, theirs] of Object.entries(values)) {
    const median = number(summarise(theirs).median);
    const line = `  ${name.padEnd(12)}${median.padStart(10)}`;
    const hasRatio = ours !== undefined && name !== subject && !theirs.includes(0);
    const ratio = hasRatio ? `   ${subject} is ${spread(summariseRatio(ours, theirs))} of it` : '';
    lines.push(line + ratio);
  }
  return lines;
}

/** Writes everything, raw rounds included, and returns the path. */
export function writeResults(results: readonly ScenarioResult[], options: BenchOptions): string {
  mkdirSync(FOLDER, { recursive: true });
  const time = new Date().toISOString();
  const path = join(FOLDER, `${time.replaceAll(':', '-')}.json`);
  const report = { time, isQuick: options.isQuick, rounds: options.rounds, ...machine(), results };
  writeFileSync(path, `${JSON.stringify(report, null, 2)}\n`);
  return path;
}

function machine(): object {
  return {
    kernel: release(),
    cpu: cpus()[0]?.model ?? '',
    cores: cpus().length,
    versions: {
      node: process.versions.node,
      nginx: versionOf('nginx', '-v'),
      haproxy: versionOf('haproxy', '-v'),
      wrk: versionOf('wrk', '-v'),
      zproxy: versionOf('git', 'rev-parse', 'HEAD'),
    },
  };
}

/** The first line that a command prints, on whichever stream. */
function versionOf(command: string, ...args: readonly string[]): string {
  const result = spawnSync(command, args, { encoding: 'utf8' });
  return `${result.stdout ?? ''}${result.stderr ?? ''}`.split('\n')[0] ?? '';
}

function spread({ median, least, most }: Summary): string {
  return `${median.toFixed(2)} (${least.toFixed(2)} to ${most.toFixed(2)})`;
}

function number(value: number): string {
  if (Math.abs(value) >= 1000) return Math.round(value).toLocaleString('en');
  return value.toFixed(Math.abs(value) < 10 ? 2 : 1);
}

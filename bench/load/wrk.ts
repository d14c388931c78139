// wrk, the load generator: one thread, a fixed number of connections, as fast as the proxy answers.

import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';

const SCRIPT = join(import.meta.dirname, 'configs', 'browser_head.lua');

export interface Load {
  readonly url: string;
  readonly connections: number;
  readonly seconds: number;
  readonly cores: string;
}

export interface LoadResult {
  readonly requests: number;
  readonly bytes: number;
  readonly seconds: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Answers that were not 2xx or 3xx, and socket errors: a run with any does not count. */
  readonly failures: number;
}

/** Runs wrk with a browser-size head, and throws where a request failed. */
export async function runLoad(load: Load): Promise<LoadResult> {
  const args = ['-t1', `-c${load.connections}`, `-d${load.seconds}s`, '--latency', '--timeout=30s'];
  const { stdout } = await promisify(execFile)('taskset', [
    ...['-c', load.cores, 'wrk', ...args],
    ...['-s', SCRIPT, load.url],
  ]);
  const result = parseWrk(stdout);
  if (result.failures > 0) throw new Error(`requests to ${load.url} failed:\n${stdout}`);
  return result;
}

/** Reads what wrk prints. */
export function parseWrk(text: string): LoadResult {
  const total = /(\d+) requests in ([\d.]+)(s|m), ([\d.]+)([KMGT]?)B read/.exec(text);
  if (total === null) throw new Error(`wrk said something else:\n${text}`);
  const errors = /Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)/.exec(text);
  const other = /Non-2xx or 3xx responses: (\d+)/.exec(text);
  const failures = [...(errors?.slice(1) ?? []), other?.[1] ?? '0'].map(Number);
  return {
    requests: Number(total[1]),
    seconds: Number(total[2]) * (total[3] === 'm' ? 60 : 1),
    bytes: Number(total[4]) * 1024 ** ' KMGT'.indexOf(total[5] || ' '),
    p50Ms: latency(text, '50%'),
    p99Ms: latency(text, '99%'),
    failures: failures.reduce((sum, count) => sum + count, 0),
  };
}

function latency(text: string, percentile: string): number {
  const match = new RegExp(`^ *${percentile} +([\\d.]+)(us|ms|s)$`, 'm').exec(text);
  if (match === null) return Number.NaN;
  const unit = match[2] === 'us' ? 0.001 : match[2] === 'ms' ? 1 : 1000;
  return Number(match[1]) * unit;
}

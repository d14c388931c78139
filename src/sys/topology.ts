// How many workers a machine is good for: the cores that this process may use, and the share of CPU
// time that its control group is granted (containers limit that one and show all cores).

import { readFileSync } from 'node:fs';
import { WORKERS_MAX } from '../base/limits.ts';
import { allowedCores } from './process.ts';

/** Reads a file as text; null where there is none. Tests give their own. */
export type ReadText = (path: string) => string | null;

/** `workers: 'auto'`: one per core, no more than the CPU quota pays for, at least one. */
export function workersAuto(
  cores: number = allowedCores().length,
  read: ReadText = readText,
): number {
  const quota = cpuQuota(read);
  const paid = quota === Number.POSITIVE_INFINITY ? cores : Math.ceil(quota);
  return Math.max(1, Math.min(cores, paid, WORKERS_MAX));
}

/** Cores' worth of CPU time that the control group may use; Infinity where nothing limits it. */
export function cpuQuota(read: ReadText = readText): number {
  let quota = Number.POSITIVE_INFINITY;
  for (const line of (read('/proc/self/cgroup') ?? '').split('\n')) {
    const [hierarchy, controllers, path] = splitGroupLine(line);
    if (path === undefined) continue;
    if (hierarchy === '0') {
      quota = Math.min(quota, quotaOfUnified('/sys/fs/cgroup', path, read));
    } else if (controllers?.split(',').includes('cpu')) {
      quota = Math.min(quota, quotaOfLegacy(`/sys/fs/cgroup/${controllers}`, path, read));
    }
  }
  return quota;
}

/** `0::/path` or `4:cpu,cpuacct:/path`. */
function splitGroupLine(line: string): string[] {
  const match = /^(\d+):([^:]*):(\/.*)$/.exec(line);
  return match === null ? [] : match.slice(1);
}

/** Control groups v2: each level may limit, the narrowest wins. */
function quotaOfUnified(root: string, path: string, read: ReadText): number {
  return narrowest(path, (group) => {
    const [limit, period] = (read(`${root}${group}/cpu.max`) ?? 'max').trim().split(' ');
    return limit === 'max' ? Number.POSITIVE_INFINITY : Number(limit) / Number(period);
  });
}

/** Control groups v1: -1 is no limit. */
function quotaOfLegacy(root: string, path: string, read: ReadText): number {
  return narrowest(path, (group) => {
    const limit = Number(read(`${root}${group}/cpu.cfs_quota_us`) ?? '-1');
    const period = Number(read(`${root}${group}/cpu.cfs_period_us`) ?? '0');
    return limit > 0 && period > 0 ? limit / period : Number.POSITIVE_INFINITY;
  });
}

function narrowest(path: string, quotaOf: (group: string) => number): number {
  let quota = Number.POSITIVE_INFINITY;
  let group = path === '/' ? '' : path;
  for (;;) {
    const own = quotaOf(group);
    if (own > 0 && own < quota) quota = own;
    if (group === '') return quota;
    group = group.slice(0, group.lastIndexOf('/'));
  }
}

function readText(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null;
  }
}

// What processes of ours use, as Linux tells it in /proc: processor time and memory. Elsewhere, and
// for a process that has just ended, there is nothing to tell.

import { readFileSync } from 'node:fs';

/** What one process has used since its start, and holds now. */
export interface ProcessUsage {
  readonly cpuSeconds: number;
  readonly residentBytes: number;
}

/** The kernel's unit of processor time in /proc, the same on every architecture (USER_HZ). */
const TICKS_PER_SECOND = 100;
const KIB = 1024;

/** Of each of those processes that exists; `root` is where /proc is. */
export function readProcessUsage(
  pids: readonly number[],
  root: string = '/proc',
): ReadonlyMap<number, ProcessUsage> {
  const usage = new Map<number, ProcessUsage>();
  for (const pid of pids) {
    if (pid === 0) continue;
    try {
      const stat = readFileSync(`${root}/${pid}/stat`, 'latin1');
      const status = readFileSync(`${root}/${pid}/status`, 'latin1');
      usage.set(pid, { cpuSeconds: cpuSeconds(stat), residentBytes: residentBytes(status) });
    } catch {
      // Ended meanwhile, or a system without /proc.
    }
  }
  return usage;
}

/** utime and stime are fields 14 and 15; the name, field 2, may hold spaces and parentheses. */
function cpuSeconds(stat: string): number {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

function residentBytes(status: string): number {
  return Number(/^VmRSS:\s*(\d+) kB$/m.exec(status)?.[1] ?? 0) * KIB;
}

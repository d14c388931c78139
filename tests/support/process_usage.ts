// What a process of ours has used and holds, as Linux tells it under /proc.

import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

/** USER_HZ of every Linux architecture that Node runs on. */
export const TICKS_PER_SECOND = 100;

/** User and system time so far, in ticks of 10 ms. */
export function cpuTicks(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  // The second field is a name in parentheses, which may hold anything.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return Number(fields[11]) + Number(fields[12]);
}

/** Resident memory, in bytes. */
export function residentBytes(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, 'latin1');
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)![1]) * 1_024;
}

/** How many descriptors it has open. */
export function descriptorsCount(pid: number): number {
  return readdirSync(`/proc/${pid}/fd`).length;
}

/**
 * The clients' ports of the IPv4 connections that the process has accepted at `port`, which it or
 * others listen on.
 */
export function acceptedPorts(pid: number, port: number): Set<number> {
  const inodes = new Set<string>();
  for (const name of readdirSync(`/proc/${pid}/fd`)) {
    const inode = /^socket:\[(\d+)\]$/.exec(linkOf(`/proc/${pid}/fd/${name}`))?.[1];
    if (inode !== undefined) inodes.add(inode);
  }
  const ports = new Set<number>();
  for (const line of readFileSync('/proc/net/tcp', 'latin1').split('\n').slice(1)) {
    const fields = line.trim().split(/\s+/);
    const [, local = '', remote = ''] = fields;
    if (portOf(local) !== port || portOf(remote) === 0) continue; // a listening socket has none
    if (inodes.has(fields[9] ?? '')) ports.add(portOf(remote));
  }
  return ports;
}

/** `0100007F:1F90` */
function portOf(address: string): number {
  return Number.parseInt(address.split(':')[1] ?? '', 16);
}

function linkOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return ''; // closed since it was listed
  }
}

// What a process asks of the system for itself: whose rights it has, on which core it runs, and an
// end that waits for nobody.

import { readFileSync } from 'node:fs';
import { check } from './errno.ts';
import { bind } from './ffi.ts';
import { mapAnonymous } from './memory.ts';

const native = bind({
  sched_setaffinity: { arguments: ['int32', 'uint64', 'pointer'], return: 'int32' },
  sched_getaffinity: { arguments: ['int32', 'uint64', 'pointer'], return: 'int32' },
  getrlimit: { arguments: ['int32', 'pointer'], return: 'int32' },
  setrlimit: { arguments: ['int32', 'pointer'], return: 'int32' },
  _exit: { arguments: ['int32'], return: 'void' },
});

const CPU_SET_BYTES = 1024; // 8,192 cores: the kernel's own limit
const RLIMIT_NOFILE = 7;

const scratch = mapAnonymous(4096);
const cpuSet = new Uint8Array(scratch.buffer, 0, CPU_SET_BYTES);
const limits = new BigUint64Array(scratch.buffer, CPU_SET_BYTES, 2);
const limitsPointer: bigint = scratch.pointer + BigInt(CPU_SET_BYTES);

/** Part of Node on POSIX systems; its type declarations do not know it. */
interface ProcessWithGroups extends NodeJS.Process {
  initgroups(user: string, extraGroup: number): void;
}

/** Whose rights to drop to. */
export interface Credentials {
  readonly userId: number;
  readonly groupId: number;
  /** Name of the user for its supplementary groups; '' leaves none of them. */
  readonly userName: string;
}

/** Thrown where the system does not know a user or a group. */
export class UnknownAccountError extends Error {
  override readonly name = 'UnknownAccountError';
  readonly account: string;
  readonly kind: 'user' | 'group';

  constructor(kind: 'user' | 'group', account: string) {
    super(`there is no ${kind} '${account}' on this system`);
    this.kind = kind;
    this.account = account;
  }
}

/**
 * Looks up names (or numbers as text) in the system's files. Without a group it is the user's own;
 * without a user only the group changes.
 */
export function findCredentials(
  user: string,
  group: string,
  files: { readonly passwd: string; readonly group: string } = systemFiles(),
): Credentials {
  const row = user === '' ? null : findRow(files.passwd, user);
  if (user !== '' && row === null && !isNumber(user)) throw new UnknownAccountError('user', user);
  const userId = user === '' ? process.getuid!() : Number(row?.[2] ?? user);
  const groupId = group === '' ? ownGroup(row, userId) : findGroup(files.group, group);
  return { userId, groupId, userName: row?.[0] ?? '' };
}

/**
 * Gives up all rights but those of `credentials`, for every thread of the process, and makes sure
 * that they cannot be had back. Throws where the process may not do that.
 */
export function dropPrivileges(credentials: Credentials): void {
  const { userId, groupId, userName } = credentials;
  if (process.getuid!() === userId && process.getgid!() === groupId) return;
  if (process.getuid!() === 0) {
    if (userName === '') process.setgroups!([]);
    else (process as ProcessWithGroups).initgroups(userName, groupId);
  }
  process.setgid!(groupId);
  process.setuid!(userId);
  if (userId !== 0 && canBecomeRoot()) throw new Error('the rights of root could be had back');
}

/**
 * Lets the calling thread run on that core only. Threads that exist already stay where they are.
 */
export function pinToCore(core: number): void {
  cpuSet.fill(0);
  cpuSet[core >> 3] = 1 << (core & 7);
  const size = BigInt(CPU_SET_BYTES);
  check(native.sched_setaffinity(0, size, scratch.pointer), 'sched_setaffinity');
}

/** Numbers of the cores that this thread may run on. */
export function allowedCores(): number[] {
  cpuSet.fill(0);
  const size = BigInt(CPU_SET_BYTES);
  check(native.sched_getaffinity(0, size, scratch.pointer), 'sched_getaffinity');
  const cores: number[] = [];
  for (let core = 0; core < CPU_SET_BYTES * 8; core++) {
    if ((cpuSet[core >> 3]! & (1 << (core & 7))) !== 0) cores.push(core);
  }
  return cores;
}

/** Raises the soft limit of open descriptors to the hard one and returns it; Infinity for none. */
export function raiseDescriptorLimit(): number {
  check(native.getrlimit(RLIMIT_NOFILE, limitsPointer), 'getrlimit');
  const hard = limits[1]!;
  if (limits[0]! < hard) {
    limits[0] = hard;
    check(native.setrlimit(RLIMIT_NOFILE, limitsPointer), 'setrlimit');
  }
  return hard >= 1n << 62n ? Number.POSITIVE_INFINITY : Number(hard);
}

/**
 * Ends the process without waiting for anything: a thread that is blocked in a write to a stalled
 * pipe would hold up an ordinary exit.
 */
export function exitAtOnce(code: number): never {
  native._exit(code);
  throw new Error('a process that has ended goes on');
}

function systemFiles(): { passwd: string; group: string } {
  return { passwd: read('/etc/passwd'), group: read('/etc/group') };
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return ''; // a container without it: numbers still work
  }
}

/** The colon-separated row of a name, or of a number as text. */
function findRow(file: string, account: string): string[] | null {
  for (const line of file.split('\n')) {
    const row = line.split(':');
    if (row.length >= 3 && (row[0] === account || row[2] === account)) return row;
  }
  return null;
}

function findGroup(file: string, group: string): number {
  const row = findRow(file, group);
  if (row === null && !isNumber(group)) throw new UnknownAccountError('group', group);
  return Number(row?.[2] ?? group);
}

/** A user given by a number that no file knows has the group of that number. */
function ownGroup(row: string[] | null, userId: number): number {
  if (row !== null) return Number(row[3]);
  return userId === process.getuid!() ? process.getgid!() : userId;
}

function isNumber(text: string): boolean {
  return /^\d{1,10}$/.test(text);
}

function canBecomeRoot(): boolean {
  try {
    process.setuid!(0);
    return true;
  } catch {
    return false;
  }
}

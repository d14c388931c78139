// errno: read at once after a call that failed, named in messages. Ring operations need none of
// this: their completions carry the negated number.

import { getInt32 } from 'node:ffi';
import { bind } from './ffi.ts';

const { __errno_location: errnoLocation } = bind({
  __errno_location: { arguments: [], return: 'pointer' },
});
const location: bigint = errnoLocation();

export const EPERM = 1;
export const ENOENT = 2;
export const EINTR = 4;
export const EAGAIN = 11;
export const ENOMEM = 12;
export const EACCES = 13;
export const EBUSY = 16;
export const EINVAL = 22;
export const ENFILE = 23;
export const EMFILE = 24;
export const EPIPE = 32;
export const ENOSYS = 38;
export const EAFNOSUPPORT = 97;
export const EADDRINUSE = 98;
export const EADDRNOTAVAIL = 99;
export const ENETUNREACH = 101;
export const ECONNABORTED = 103;
export const ECONNRESET = 104;
export const ENOBUFS = 105;
export const ETIMEDOUT = 110;
export const ECONNREFUSED = 111;
export const EHOSTUNREACH = 113;
export const ECANCELED = 125;

const NAMES: ReadonlyMap<number, string> = new Map([
  [EPERM, 'EPERM'],
  [ENOENT, 'ENOENT'],
  [EINTR, 'EINTR'],
  [EAGAIN, 'EAGAIN'],
  [ENOMEM, 'ENOMEM'],
  [EACCES, 'EACCES'],
  [EBUSY, 'EBUSY'],
  [EINVAL, 'EINVAL'],
  [ENFILE, 'ENFILE'],
  [EMFILE, 'EMFILE'],
  [EPIPE, 'EPIPE'],
  [ENOSYS, 'ENOSYS'],
  [EAFNOSUPPORT, 'EAFNOSUPPORT'],
  [EADDRINUSE, 'EADDRINUSE'],
  [EADDRNOTAVAIL, 'EADDRNOTAVAIL'],
  [ENETUNREACH, 'ENETUNREACH'],
  [ECONNABORTED, 'ECONNABORTED'],
  [ECONNRESET, 'ECONNRESET'],
  [ENOBUFS, 'ENOBUFS'],
  [ETIMEDOUT, 'ETIMEDOUT'],
  [ECONNREFUSED, 'ECONNREFUSED'],
  [EHOSTUNREACH, 'EHOSTUNREACH'],
  [ECANCELED, 'ECANCELED'],
]);

/** The calling thread's errno. Valid only directly after the call that failed. */
export function errno(): number {
  return getInt32(location, 0);
}

/** `EADDRINUSE`, or `errno 42` where the number has no name here. */
function errnoName(code: number): string {
  return NAMES.get(code) ?? `errno ${code}`;
}

/** A system call failed. `code` is the positive errno. */
export class SysError extends Error {
  override readonly name = 'SysError';
  readonly call: string;
  readonly code: number;

  constructor(call: string, code: number) {
    super(`${call} failed: ${errnoName(code)}`);
    this.call = call;
    this.code = code;
  }
}

/** Passes a result on, or throws the errno of `call` where it is -1. */
export function check(result: number, call: string): number {
  if (result === -1) throw new SysError(call, errno());
  return result;
}

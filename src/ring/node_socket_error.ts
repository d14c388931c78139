// The one place where an error of node:net becomes a SocketError. Node names its errors by text,
// the same on every system, where the numbers differ.

import { SocketError } from './transport.ts';

const ERRORS: ReadonlyMap<string, SocketError> = new Map([
  ['ECONNRESET', SocketError.RESET],
  ['ECONNABORTED', SocketError.RESET],
  ['EPIPE', SocketError.PIPE],
  ['ENOTCONN', SocketError.PIPE],
  ['ECONNREFUSED', SocketError.REFUSED],
  ['EHOSTUNREACH', SocketError.UNREACHABLE],
  ['ENETUNREACH', SocketError.UNREACHABLE],
  ['EADDRNOTAVAIL', SocketError.UNREACHABLE],
  ['ENOENT', SocketError.UNREACHABLE],
  ['EACCES', SocketError.UNREACHABLE],
  ['EPERM', SocketError.UNREACHABLE],
  ['ETIMEDOUT', SocketError.TIMED_OUT],
  ['EMFILE', SocketError.RESOURCES],
  ['ENFILE', SocketError.RESOURCES],
  ['ENOBUFS', SocketError.RESOURCES],
  ['ENOMEM', SocketError.RESOURCES],
  ['EAGAIN', SocketError.RESOURCES],
  ['ECANCELED', SocketError.CANCELED],
]);

/** NONE without an error, OTHER for one that is not in the table. */
export function nodeSocketErrorOf(error: Error | null | undefined): SocketError {
  if (error === null || error === undefined) return SocketError.NONE;
  return ERRORS.get((error as NodeJS.ErrnoException).code ?? '') ?? SocketError.OTHER;
}

// Why an address cannot be listened on, as an error that names the config line and the remedy.

import { lstatSync } from 'node:fs';
import { ZProxyError } from '../base/errors.ts';
import { formatSocketAddress } from '../base/socket_address.ts';
import type { ListenAddress } from '../config/snapshot.ts';
import { EACCES, EADDRINUSE, EADDRNOTAVAIL, EAFNOSUPPORT, ENOENT, SysError } from '../sys/errno.ts';
import { keyPathOf, locationOf } from './source_location.ts';

/** A ZProxyError for a failed system call; anything else is our own mistake, and stays as it is. */
export function describeListenFailure(
  listen: ListenAddress,
  source: unknown,
  error: unknown,
): unknown {
  const code = errorCode(error);
  if (code === '') return error;
  const [zpCode, text] = isPlainFile(listen)
    ? NOT_A_SOCKET
    : (REMEDIES[code] ?? ['ZP_LISTEN', (error as Error).message]);
  const key = keyPathOf(source);
  const address = describeAddress(listen);
  const message = `${key === '' ? '' : `${key}: `}cannot listen on ${address}: ${text}`;
  return new ZProxyError(zpCode, message, { cause: error, location: locationOf(source) });
}

/** Whether a system call failed because this machine has no IPv6. */
export function hasNoIpv6(error: unknown): boolean {
  return error instanceof SysError && (error.code === EAFNOSUPPORT || error.code === EADDRNOTAVAIL);
}

const NOT_A_SOCKET: readonly [string, string] = [
  'ZP_ADDRESS_IN_USE',
  'there is a file that is no socket; remove it or choose another path',
];

function isPlainFile(listen: ListenAddress): boolean {
  if (listen.kind !== 'unix') return false;
  try {
    return !lstatSync(listen.path).isSocket();
  } catch {
    return false;
  }
}

/** What happened and what to do about it, by errno. */
const REMEDIES: Readonly<Record<string, readonly [string, string]>> = {
  [EADDRINUSE]: [
    'ZP_ADDRESS_IN_USE',
    'another process listens there (EADDRINUSE); stop it or choose another address',
  ],
  [EACCES]: [
    'ZP_ADDRESS_FORBIDDEN',
    'permission denied (EACCES); ports below 1024 need root or CAP_NET_BIND_SERVICE, a socket ' +
      'file needs a folder that this user may write to',
  ],
  [EADDRNOTAVAIL]: [
    'ZP_ADDRESS_UNKNOWN',
    'no interface of this machine has that address (EADDRNOTAVAIL)',
  ],
  [EAFNOSUPPORT]: ['ZP_ADDRESS_UNKNOWN', 'this machine has no IPv6 (EAFNOSUPPORT)'],
  [ENOENT]: ['ZP_FOLDER_MISSING', 'its folder does not exist (ENOENT)'],
};

/** errno of a system call, or the one that node:fs names. */
function errorCode(error: unknown): string {
  if (error instanceof SysError) return String(error.code);
  const errno = (error as NodeJS.ErrnoException).errno;
  return errno === undefined ? '' : String(Math.abs(errno));
}

function describeAddress(listen: ListenAddress): string {
  if (listen.kind === 'unix') return `unix:${listen.path}`;
  if (listen.isDual) return `:${listen.port}`;
  const family = listen.host.includes(':') ? 6 : 4;
  return formatSocketAddress({ kind: 'tcp', host: listen.host, port: listen.port, family });
}

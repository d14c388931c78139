// The listening sockets of a supervisor: one per listener and worker slot, opened once, kept open
// as long as the supervisor lives, and inherited by the workers. A worker that dies leaves its
// accept queue behind; its successor takes over the same socket.
//
//   listener 0 (TCP):   slot 0: fd  slot 1: fd  slot 2: fd      SO_REUSEPORT, the kernel spreads
//   listener 1 (unix):  fd, shared by all slots

import { lstatSync, type Stats, unlinkSync } from 'node:fs';
import { ZProxyError } from '../base/errors.ts';
import { formatSocketAddress, type SocketAddress } from '../base/socket_address.ts';
import type { ListenAddress, SnapshotListener } from '../config/snapshot.ts';
import { EACCES, EADDRINUSE, EADDRNOTAVAIL, EAFNOSUPPORT, ENOENT, SysError } from '../sys/errno.ts';
import {
  closeDescriptor,
  localPort,
  openTcpListener,
  openUnixListener,
  probeTcpAddress,
  type TcpListenOptions,
} from '../sys/sockets.ts';
import { keyPathOf, locationOf } from './source_location.ts';
import type { WorkerListener } from './worker_protocol.ts';

/** Whoever may reach the folder may connect; the folder's mode decides who that is. */
const UNIX_SOCKET_MODE = 0o666;

interface OpenListener {
  readonly address: SocketAddress;
  /** One per slot, or a single shared one. */
  readonly descriptors: readonly number[];
  /** The socket file as it was made: only that one is removed at the end. */
  readonly file: Stats | null;
}

export class ListeningSockets {
  readonly #listeners: OpenListener[] = [];

  /**
   * Opens everything, or throws a ZProxyError that names the config line and leaves nothing open.
   */
  constructor(listeners: readonly SnapshotListener[], slotsCount: number) {
    for (const listener of listeners) {
      try {
        this.#listeners.push(openListener(listener.listen, slotsCount));
      } catch (error) {
        this.close();
        throw describeFailure(listener, error);
      }
    }
  }

  /** Where each listener listens, with the port that was picked. */
  get addresses(): SocketAddress[] {
    return this.#listeners.map((listener) => listener.address);
  }

  /** What a worker in that slot serves. */
  listenersOf(slot: number): WorkerListener[] {
    return this.#listeners.map((listener, listenerIndex) => ({
      descriptor: listener.descriptors[slot % listener.descriptors.length]!,
      listenerIndex,
    }));
  }

  /** Closes the sockets and removes the socket files. */
  close(): void {
    for (const { address, descriptors, file } of this.#listeners.splice(0)) {
      for (const descriptor of descriptors) closeDescriptor(descriptor);
      if (address.kind === 'unix' && file !== null) removeSocketFile(address.path, file);
    }
  }
}

function openListener(listen: ListenAddress, slotsCount: number): OpenListener {
  if (listen.kind === 'unix') {
    const descriptor = openUnixListener(listen.path, UNIX_SOCKET_MODE);
    const address: SocketAddress = { kind: 'unix', path: listen.path };
    return { address, descriptors: [descriptor], file: lstatSync(listen.path) };
  }
  const family = listen.host.includes(':') ? 6 : 4;
  const { host, port, isDual } = listen;
  try {
    return openTcp({ host, family, port, isDual, reusePort: true }, slotsCount);
  } catch (error) {
    if (!listen.isDual || !hasNoIpv6(error)) throw error;
    // `:port` on a machine without IPv6 is IPv4 alone.
    return openTcp(
      { host: '0.0.0.0', family: 4, port, isDual: false, reusePort: true },
      slotsCount,
    );
  }
}

function openTcp(wanted: TcpListenOptions, slotsCount: number): OpenListener {
  if (wanted.port !== 0) probeTcpAddress(wanted);
  const descriptors: number[] = [];
  let port = wanted.port;
  try {
    for (let slot = 0; slot < slotsCount; slot++) {
      descriptors.push(openTcpListener({ ...wanted, port }));
      if (port === 0) port = localPort(descriptors[0]!);
    }
  } catch (error) {
    for (const descriptor of descriptors) closeDescriptor(descriptor);
    throw error;
  }
  const { host, family } = wanted;
  return { address: { kind: 'tcp', host, port, family }, descriptors, file: null };
}

function hasNoIpv6(error: unknown): boolean {
  return error instanceof SysError && (error.code === EAFNOSUPPORT || error.code === EADDRNOTAVAIL);
}

function removeSocketFile(path: string, file: Stats): void {
  try {
    const found = lstatSync(path);
    if (found.ino === file.ino && found.dev === file.dev) unlinkSync(path);
  } catch {
    // Removed by somebody else, or its folder is no longer ours to write: nothing listens there
    // now.
  }
}

function describeFailure(listener: SnapshotListener, error: unknown): unknown {
  const code = errorCode(error);
  if (code === '') return error;
  const [zpCode, text] = isPlainFile(listener.listen)
    ? NOT_A_SOCKET
    : (REMEDIES[code] ?? ['ZP_LISTEN', (error as Error).message]);
  const key = keyPathOf(listener.source);
  const address = describeAddress(listener.listen);
  const message = `${key === '' ? '' : `${key}: `}cannot listen on ${address}: ${text}`;
  return new ZProxyError(zpCode, message, { cause: error, location: locationOf(listener.source) });
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

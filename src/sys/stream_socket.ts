// Sockets of connections: opened, addressed, asked for their names. All of it happens at most once
// per connection; bytes go through the ring.

import type { SocketAddress } from '../base/socket_address.ts';
import { check } from './errno.ts';
import { bind } from './ffi.ts';
import { mapAnonymous } from './memory.ts';

const libc = bind({
  socket: { arguments: ['int32', 'int32', 'int32'], return: 'int32' },
  setsockopt: {
    arguments: ['int32', 'int32', 'int32', 'pointer', 'uint32'],
    return: 'int32',
  },
  getpeername: { arguments: ['int32', 'pointer', 'pointer'], return: 'int32' },
  getsockname: { arguments: ['int32', 'pointer', 'pointer'], return: 'int32' },
  shutdown: { arguments: ['int32', 'int32'], return: 'int32' },
  close: { arguments: ['int32'], return: 'int32' },
});

const AF_UNIX = 1;
const AF_INET = 2;
const AF_INET6 = 10;
const SOCK_STREAM_CLOEXEC = 0x80001;
const SOL_SOCKET = 1;
const SO_KEEPALIVE = 9;
const SO_LINGER = 13;
const IPPROTO_TCP = 6;
const TCP_NODELAY = 1;
const SHUT_WR = 1;
/** Room for any socket address (struct sockaddr_storage). */
export const SOCKET_ADDRESS_BYTES = 128;

// Scratch: an option value at 0, an address length at 16, an address at 64.
const scratch = mapAnonymous(4096);
const view = new DataView(scratch.buffer);
const ADDRESS_AT = 64;
const optionPointer = scratch.pointer;
const lengthPointer = scratch.pointer + 16n;
const addressPointer = scratch.pointer + 64n;

/** Numeric host ('' for a Unix socket) and port. */
export interface SocketName {
  readonly host: string;
  readonly port: number;
}

/** Opens a stream socket for an address (not connected). Throws SysError (EMFILE, ENFILE, ...). */
export function openStreamSocket(address: SocketAddress): number {
  const family = address.kind === 'unix' ? AF_UNIX : address.family === 6 ? AF_INET6 : AF_INET;
  const descriptor = check(libc.socket(family, SOCK_STREAM_CLOEXEC, 0), 'socket');
  if (family !== AF_UNIX) setStreamOptions(descriptor);
  return descriptor;
}

/** TCP_NODELAY and SO_KEEPALIVE; what a listening socket has, its connections inherit. */
export function setStreamOptions(descriptor: number): void {
  setOption(descriptor, IPPROTO_TCP, TCP_NODELAY, 1, 0, 4);
  setOption(descriptor, SOL_SOCKET, SO_KEEPALIVE, 1, 0, 4);
}

/** Makes the coming close a reset: nothing unsent is kept (SO_LINGER of 0 seconds). */
export function setResetOnClose(descriptor: number): void {
  setOption(descriptor, SOL_SOCKET, SO_LINGER, 1, 0, 8);
}

/**
 * Sends our FIN behind what was sent. A system call and not an operation of the ring: the kernel
 * gives that one to a thread, which looks up the descriptor when it comes to it (seen on 6.18), and
 * may then shut the next connection that was given the same number.
 */
export function shutdownSending(descriptor: number): void {
  libc.shutdown(descriptor, SHUT_WR);
}

/** Whether a descriptor is a Unix socket. */
export function isUnixSocket(descriptor: number): boolean {
  view.setUint32(16, SOCKET_ADDRESS_BYTES, true);
  view.setUint16(ADDRESS_AT, 0, true);
  libc.getsockname(descriptor, addressPointer, lengthPointer);
  return view.getUint16(ADDRESS_AT, true) === AF_UNIX;
}

/** Closes a descriptor that no operation uses. */
export function closeDescriptor(descriptor: number): void {
  libc.close(descriptor);
}

/** Writes an address as connect(2) wants it; returns its length. */
export function writeSocketAddress(target: DataView, at: number, address: SocketAddress): number {
  for (let i = 0; i < SOCKET_ADDRESS_BYTES; i++) target.setUint8(at + i, 0);
  if (address.kind === 'unix') {
    const path = new TextEncoder().encode(address.path);
    target.setUint16(at, AF_UNIX, true);
    for (let i = 0; i < path.length; i++) target.setUint8(at + 2 + i, path[i]!);
    return 2 + path.length + 1;
  }
  target.setUint16(at, address.family === 6 ? AF_INET6 : AF_INET, true);
  target.setUint16(at + 2, address.port, false);
  if (address.family === 4) {
    const parts = address.host.split('.');
    for (let i = 0; i < 4; i++) target.setUint8(at + 4 + i, Number(parts[i]));
    return 16;
  }
  const words = parseIpv6(address.host);
  for (let i = 0; i < 8; i++) target.setUint16(at + 8 + i * 2, words[i]!, false);
  return 28;
}

/** The peer's address; null where it is gone (ENOTCONN). */
export function peerName(descriptor: number): SocketName | null {
  view.setUint32(16, SOCKET_ADDRESS_BYTES, true);
  const result = libc.getpeername(descriptor, addressPointer, lengthPointer);
  return result === 0 ? readName() : null;
}

/** Our own address. */
export function localName(descriptor: number): SocketName {
  view.setUint32(16, SOCKET_ADDRESS_BYTES, true);
  const result = libc.getsockname(descriptor, addressPointer, lengthPointer);
  return result === 0 ? readName() : { host: '', port: 0 };
}

function setOption(
  descriptor: number,
  level: number,
  option: number,
  value: number,
  second: number,
  byteCount: number,
): void {
  view.setInt32(0, value, true);
  view.setInt32(4, second, true);
  // A failure means that the peer is already gone, or a Unix socket: neither needs the option.
  libc.setsockopt(descriptor, level, option, optionPointer, byteCount);
}

function readName(): SocketName {
  const family = view.getUint16(ADDRESS_AT, true);
  if (family === AF_INET) return { host: formatIpv4(ADDRESS_AT + 4), port: port() };
  if (family === AF_INET6) return { host: formatIpv6(ADDRESS_AT + 8), port: port() };
  return { host: '', port: 0 };
}

function port(): number {
  return view.getUint16(ADDRESS_AT + 2, false);
}

function formatIpv4(at: number): string {
  return new Uint8Array(view.buffer, at, 4).join('.');
}

/** RFC 5952; an IPv4 client of a socket for both families is shown as IPv4. */
function formatIpv6(at: number): string {
  const words: number[] = [];
  for (let i = 0; i < 8; i++) words.push(view.getUint16(at + i * 2, false));
  if (words[5] === 0xffff && words.slice(0, 5).every((word) => word === 0)) {
    return formatIpv4(at + 12);
  }
  let best = -1;
  let bestCount = 1;
  for (let i = 0; i < 8; i++) {
    let count = 0;
    while (i + count < 8 && words[i + count] === 0) count++;
    if (count > bestCount) {
      best = i;
      bestCount = count;
    }
    i += count;
  }
  const hex = (from: number, to: number): string =>
    words
      .slice(from, to)
      .map((word) => word.toString(16))
      .join(':');
  return best < 0 ? hex(0, 8) : `${hex(0, best)}::${hex(best + bestCount, 8)}`;
}

/** A numeric IPv6 address (checked by the config) as eight words. */
function parseIpv6(text: string): number[] {
  const dotted = text.match(/^(.*:)(\d+)\.(\d+)\.(\d+)\.(\d+)$/);
  const plain =
    dotted === null
      ? text
      : `${dotted[1]}${((Number(dotted[2]) << 8) | Number(dotted[3])).toString(16)}:${(
          (Number(dotted[4]) << 8) | Number(dotted[5])
        ).toString(16)}`;
  const [left = '', right] = plain.split('::');
  const words = (part: string): number[] =>
    part === '' ? [] : part.split(':').map((word) => Number.parseInt(word, 16));
  const head = words(left);
  if (right === undefined) return head;
  const tail = words(right);
  return [...head, ...new Array<number>(8 - head.length - tail.length).fill(0), ...tail];
}

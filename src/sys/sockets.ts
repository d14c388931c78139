// Listening sockets, opened where `node:net` cannot: with SO_REUSEPORT, before anything accepts on
// them, and as plain descriptors that workers inherit. Only for start-up: connections belong to the
// ring.
//
// All descriptors are CLOEXEC (a worker is handed the ones it serves through its stdio) and
// blocking, so that the ring arms a poll instead of completing with EAGAIN.

import { chmodSync, lstatSync, unlinkSync } from 'node:fs';
import { LISTEN_BACKLOG } from '../base/limits.ts';
import { check, EADDRINUSE, EAGAIN, ECONNREFUSED, EINVAL, errno, SysError } from './errno.ts';
import { bind } from './ffi.ts';
import { mapAnonymous } from './memory.ts';
import { setStreamOptions } from './stream_socket.ts';

const native = bind({
  socket: { arguments: ['int32', 'int32', 'int32'], return: 'int32' },
  bind: { arguments: ['int32', 'pointer', 'uint32'], return: 'int32' },
  listen: { arguments: ['int32', 'int32'], return: 'int32' },
  connect: { arguments: ['int32', 'pointer', 'uint32'], return: 'int32' },
  setsockopt: { arguments: ['int32', 'int32', 'int32', 'pointer', 'uint32'], return: 'int32' },
  getsockname: { arguments: ['int32', 'pointer', 'pointer'], return: 'int32' },
  inet_pton: { arguments: ['int32', 'pointer', 'pointer'], return: 'int32' },
  close: { arguments: ['int32'], return: 'int32' },
});

const AF_UNIX = 1;
const AF_INET = 2;
const AF_INET6 = 10;
const SOCK_STREAM = 1;
const SOCK_NONBLOCK = 0x800;
const SOCK_CLOEXEC = 0x80000;
const SOL_SOCKET = 1;
const SO_REUSEADDR = 2;
const SO_REUSEPORT = 15;
const IPPROTO_IPV6 = 41;
const IPV6_V6ONLY = 26;

const SOCKADDR_IN_BYTES = 16;
const SOCKADDR_IN6_BYTES = 28;
/** Longest path in a sockaddr_un, its closing NUL not counted. */
const UNIX_PATH_BYTES_MAX = 107;

// One page of scratch: a sockaddr at 0, an option's value or a length at 256, text at 512.
const scratch = mapAnonymous(4096);
const bytes = new Uint8Array(scratch.buffer);
const view = new DataView(scratch.buffer);
const VALUE_AT = 256;
const TEXT_AT = 512;
const addressPointer: bigint = scratch.pointer;
const valuePointer: bigint = scratch.pointer + BigInt(VALUE_AT);
const textPointer: bigint = scratch.pointer + BigInt(TEXT_AT);

export interface TcpListenOptions {
  /** Numeric. */
  readonly host: string;
  readonly family: 4 | 6;
  /** 0 picks one. */
  readonly port: number;
  /** An IPv6 socket that takes IPv4 as well. */
  readonly isDual: boolean;
  /** Lets several sockets share the port: the kernel spreads connections over them. */
  readonly reusePort: boolean;
}

/** Opens a listening TCP socket. Throws a SysError. */
export function openTcpListener(options: TcpListenOptions): number {
  return listenOn(bindTcpListener(options));
}

/**
 * Opens a TCP socket that has its address, but takes no connections before `beginListening`: until
 * then it can be closed without harm to anybody.
 */
export function bindTcpListener(options: TcpListenOptions): number {
  const descriptor = openTcpSocket(options);
  setStreamOptions(descriptor);
  return descriptor;
}

/** Takes connections from now on; they wait until somebody accepts them. */
export function beginListening(descriptor: number): void {
  check(native.listen(descriptor, LISTEN_BACKLOG), 'listen');
}

/**
 * Binds without SO_REUSEPORT and lets go again: throws EADDRINUSE where another process listens
 * there, which a second SO_REUSEPORT socket of the same user would not be told.
 */
export function probeTcpAddress(options: TcpListenOptions): void {
  closeDescriptor(openTcpSocket({ ...options, reusePort: false }));
}

/** The port that a TCP socket is bound to. */
export function localPort(descriptor: number): number {
  view.setUint32(VALUE_AT, SOCKADDR_IN6_BYTES, true);
  check(native.getsockname(descriptor, addressPointer, valuePointer), 'getsockname');
  return view.getUint16(2);
}

/**
 * Opens a listening Unix socket. A socket file that nobody listens on any more is removed first;
 * one that answers, and any other file, is EADDRINUSE.
 */
export function openUnixListener(path: string, mode: number): number {
  return listenOn(bindUnixListener(path, mode));
}

/** As `openUnixListener`, but connections are refused until `beginListening`. */
export function bindUnixListener(path: string, mode: number): number {
  removeStaleSocket(path);
  const byteCount = writeUnixAddress(path);
  const descriptor = check(native.socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), 'socket');
  try {
    // Nobody but us may connect until the mode is the wanted one.
    const mask = process.umask(0o177);
    try {
      check(native.bind(descriptor, addressPointer, byteCount), 'bind');
    } finally {
      process.umask(mask);
    }
    chmodSync(path, mode);
  } catch (error) {
    closeDescriptor(descriptor);
    throw error;
  }
  return descriptor;
}

export function closeDescriptor(descriptor: number): void {
  native.close(descriptor);
}

function listenOn(descriptor: number): number {
  try {
    beginListening(descriptor);
  } catch (error) {
    closeDescriptor(descriptor);
    throw error;
  }
  return descriptor;
}

function openTcpSocket(options: TcpListenOptions): number {
  const domain = options.family === 6 ? AF_INET6 : AF_INET;
  const descriptor = check(native.socket(domain, SOCK_STREAM | SOCK_CLOEXEC, 0), 'socket');
  try {
    setOption(descriptor, SOL_SOCKET, SO_REUSEADDR, 1);
    if (options.reusePort) setOption(descriptor, SOL_SOCKET, SO_REUSEPORT, 1);
    if (options.family === 6) {
      setOption(descriptor, IPPROTO_IPV6, IPV6_V6ONLY, options.isDual ? 0 : 1);
    }
    const byteCount = writeTcpAddress(options.host, options.family, options.port);
    check(native.bind(descriptor, addressPointer, byteCount), 'bind');
  } catch (error) {
    closeDescriptor(descriptor);
    throw error;
  }
  return descriptor;
}

function setOption(descriptor: number, level: number, option: number, value: number): void {
  view.setInt32(VALUE_AT, value, true);
  check(native.setsockopt(descriptor, level, option, valuePointer, 4), 'setsockopt');
}

/**
 * A connect that never blocks tells a living socket (accepted, or its queue is full) from a left
 * one.
 */
function removeStaleSocket(path: string): void {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found === undefined) return;
  if (!found.isSocket()) throw new SysError('bind', EADDRINUSE);
  const byteCount = writeUnixAddress(path);
  const type = SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK;
  const descriptor = check(native.socket(AF_UNIX, type, 0), 'socket');
  const code = native.connect(descriptor, addressPointer, byteCount) === -1 ? errno() : 0;
  closeDescriptor(descriptor);
  if (code === 0 || code === EAGAIN) throw new SysError('bind', EADDRINUSE);
  if (code !== ECONNREFUSED) throw new SysError('connect', code);
  unlinkSync(path);
}

/** sockaddr_in: family, port, address. sockaddr_in6: family, port, flow, address, scope. */
function writeTcpAddress(host: string, family: 4 | 6, port: number): number {
  bytes.fill(0, 0, SOCKADDR_IN6_BYTES);
  view.setUint16(0, family === 6 ? AF_INET6 : AF_INET, true);
  view.setUint16(2, port);
  writeText(TEXT_AT, host);
  const at = family === 6 ? 8 : 4;
  const domain = family === 6 ? AF_INET6 : AF_INET;
  if (native.inet_pton(domain, textPointer, addressPointer + BigInt(at)) !== 1) {
    throw new SysError(`inet_pton(${host})`, EINVAL);
  }
  return family === 6 ? SOCKADDR_IN6_BYTES : SOCKADDR_IN_BYTES;
}

/** sockaddr_un: family and the path with its NUL. */
function writeUnixAddress(path: string): number {
  view.setUint16(0, AF_UNIX, true);
  return 2 + writeText(2, path) + 1;
}

function writeText(at: number, text: string): number {
  const encoded = Buffer.from(text);
  if (encoded.length > UNIX_PATH_BYTES_MAX) throw new SysError(`address '${text}'`, EINVAL);
  bytes.set(encoded, at);
  bytes[at + encoded.length] = 0;
  return encoded.length;
}

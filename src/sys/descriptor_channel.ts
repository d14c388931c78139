// Hands open sockets to a worker that runs already: SCM_RIGHTS over a pair of Unix sockets, one end
// of which the worker inherits. SOCK_SEQPACKET keeps one message from running into the next, and
// each says which try it belongs to, so that sockets of a try that was given up are told apart.
//
//   payload: generation (uint32)    control: one SCM_RIGHTS with 1 to 253 descriptors

import { check, EAGAIN, errno, SysError } from './errno.ts';
import { bind } from './ffi.ts';
import { mapAnonymous } from './memory.ts';

const native = bind({
  socketpair: { arguments: ['int32', 'int32', 'int32', 'pointer'], return: 'int32' },
  sendmsg: { arguments: ['int32', 'pointer', 'int32'], return: 'int64' },
  recvmsg: { arguments: ['int32', 'pointer', 'int32'], return: 'int64' },
});

const AF_UNIX = 1;
const SOCK_SEQPACKET_CLOEXEC = 0x80005;
const SOL_SOCKET = 1;
const SCM_RIGHTS = 1;
const MSG_DONTWAIT = 0x40;
const MSG_NOSIGNAL = 0x4000;
const MSG_CMSG_CLOEXEC = 0x4000_0000;
/** SCM_MAX_FD of the kernel. */
const DESCRIPTORS_MAX = 253;
const CONTROL_HEADER_BYTES = 16;

// Scratch: struct msghdr at 0, struct iovec at 64, the payload at 96, control data at 128.
const scratch = mapAnonymous(4096);
const view = new DataView(scratch.buffer);
const VECTOR_AT = 64;
const PAYLOAD_AT = 96;
const CONTROL_AT = 128;
const PAYLOAD_BYTES = 4;

/** The two ends, both CLOEXEC. */
export interface DescriptorChannel {
  readonly ours: number;
  readonly theirs: number;
}

/** Sockets of one message. */
export interface ReceivedDescriptors {
  readonly generation: number;
  /** CLOEXEC, and the receiver's to close. */
  readonly descriptors: readonly number[];
}

export function openDescriptorChannel(): DescriptorChannel {
  check(native.socketpair(AF_UNIX, SOCK_SEQPACKET_CLOEXEC, 0, scratch.pointer), 'socketpair');
  return { ours: view.getInt32(0, true), theirs: view.getInt32(4, true) };
}

/**
 * Sends copies of descriptors, in several messages where they are many. Never waits: throws a
 * SysError where the other end is gone (EPIPE) or takes nothing (EAGAIN).
 */
export function sendDescriptors(
  channel: number,
  generation: number,
  descriptors: readonly number[],
): void {
  for (let from = 0; from < descriptors.length; from += DESCRIPTORS_MAX) {
    const part = descriptors.slice(from, from + DESCRIPTORS_MAX);
    const controlBytes = CONTROL_HEADER_BYTES + 4 * part.length;
    writeMessage(Math.ceil(controlBytes / 8) * 8);
    view.setUint32(PAYLOAD_AT, generation, true);
    view.setBigUint64(CONTROL_AT, BigInt(controlBytes), true);
    view.setInt32(CONTROL_AT + 8, SOL_SOCKET, true);
    view.setInt32(CONTROL_AT + 12, SCM_RIGHTS, true);
    for (const [index, descriptor] of part.entries()) {
      view.setInt32(CONTROL_AT + CONTROL_HEADER_BYTES + 4 * index, descriptor, true);
    }
    const sent = native.sendmsg(channel, scratch.pointer, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent < 0n) throw new SysError('sendmsg', errno());
  }
}

/** The next message; null where none waits, or the other end is gone. Throws a SysError. */
export function receiveDescriptors(channel: number): ReceivedDescriptors | null {
  writeMessage(CONTROL_HEADER_BYTES + 4 * DESCRIPTORS_MAX + 4);
  const received = native.recvmsg(channel, scratch.pointer, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
  if (received < 0n) {
    const code = errno();
    if (code === EAGAIN) return null;
    throw new SysError('recvmsg', code);
  }
  if (received === 0n) return null;
  const descriptors: number[] = [];
  const controlBytes = Number(view.getBigUint64(40, true));
  if (controlBytes >= CONTROL_HEADER_BYTES) {
    const count = (Number(view.getBigUint64(CONTROL_AT, true)) - CONTROL_HEADER_BYTES) / 4;
    for (let index = 0; index < count; index++) {
      descriptors.push(view.getInt32(CONTROL_AT + CONTROL_HEADER_BYTES + 4 * index, true));
    }
  }
  return { generation: view.getUint32(PAYLOAD_AT, true), descriptors };
}

/** struct msghdr with one vector and room for that much control data (the same on all 64-bit). */
function writeMessage(controlBytes: number): void {
  view.setBigUint64(VECTOR_AT, scratch.pointer + BigInt(PAYLOAD_AT), true);
  view.setBigUint64(VECTOR_AT + 8, BigInt(PAYLOAD_BYTES), true);
  view.setBigUint64(0, 0n, true); // no name
  view.setUint32(8, 0, true);
  view.setBigUint64(16, scratch.pointer + BigInt(VECTOR_AT), true);
  view.setBigUint64(24, 1n, true);
  view.setBigUint64(32, scratch.pointer + BigInt(CONTROL_AT), true);
  view.setBigUint64(40, BigInt(controlBytes), true);
  view.setInt32(48, 0, true);
}

// One io_uring instance: set up, mapped, restricted, entered. Knows nothing of sockets.
//
// queue() writes an entry at the local tail; enter() publishes the tail and makes the system call;
// completions lie at `cqes` between `head` and `tail()`; the caller reads them and calls `advance`.
//
// With DEFER_TASKRUN the kernel posts completions only inside our own io_uring_enter, on our own
// thread: plain loads and stores suffice, no fences (kernel 6.1).

import { assert } from '../base/assert.ts';
import { EAGAIN, EBUSY, EINTR, EINVAL, errno, SysError } from './errno.ts';
import { bind } from './ffi.ts';
import * as abi from './io_uring_abi.ts';
import { type MappedMemory, mapAnonymous, mapShared, unmap } from './memory.ts';

const libc = bind({
  // Seven int32 are the fast path (docs/internals/ffi.md); pointers among them come from memory
  // below 2 GiB.
  syscall: {
    arguments: ['int32', 'int32', 'int32', 'int32', 'int32', 'int32', 'int32'],
    return: 'int32',
  },
  close: { arguments: ['int32'], return: 'int32' },
});
// The seventh argument lies on the stack, where an int32 leaves the upper half undefined: the size
// of a wait's argument is a bigint.
const waiting = bind({
  syscall: {
    arguments: ['int32', 'int32', 'int32', 'int32', 'int32', 'int32', 'uint64'],
    return: 'int32',
  },
});
const wide = bind({
  syscall: {
    arguments: ['int64', 'int64', 'int64', 'int64', 'int64', 'int64', 'int64'],
    return: 'int64',
  },
});

const { Setup, EnterFlag, Register } = abi;
const ETIME = 62;
const OPTIONAL_FLAGS: readonly number[] = [Setup.NO_SQARRAY, 0];
// struct io_uring_getevents_arg at word 0 (sigmask, its size, least wait in us, pointer), a
// timespec at word 8.
const WAIT_SIGMASK_BYTES = 2;
const WAIT_BATCH = 3;
const WAIT_POINTER = 4;
const WAIT_TIMESPEC = 8;
const WAIT_NANOSECONDS = 10;
/** sizeof(struct io_uring_getevents_arg). */
const WAIT_ARG_SIZE = 24n;

/** What a ring may do once it is enabled (IORING_REGISTER_RESTRICTIONS). */
export interface RingRestrictions {
  readonly operations: readonly number[];
  readonly entryFlags: number;
  readonly registerOperations: readonly number[];
}

export interface IoUringOptions {
  readonly entries: number;
  readonly completions: number;
}

export class IoUring {
  readonly descriptor: number;
  /** Entries as 16 int32 each. */
  readonly #sqes: Int32Array;
  readonly #rings: Int32Array;
  /** Completions as 4 int32 each: user_data low, high, result, flags. */
  readonly cqes: Int32Array;
  readonly #cqesAt: number;
  readonly cqMask: number;
  readonly #sqMask: number;
  readonly #sqEntries: number;
  readonly #sqHeadAt: number;
  readonly #sqTailAt: number;
  readonly #cqHeadAt: number;
  readonly #cqTailAt: number;
  readonly #cqFlagsAt: number;
  readonly #ringsMemory: MappedMemory;
  readonly #sqesMemory: MappedMemory;
  readonly #wait: MappedMemory;
  readonly #waitTime: Int32Array;
  readonly #waitPointer: number;
  #tail = 0;
  #enterFd: number;
  #enterFlags = 0;
  #waitFlags = 0;
  #canBatch = false;
  readonly canWait: boolean;

  constructor(options: IoUringOptions) {
    const params = mapAnonymous(4096);
    const words = new Uint32Array(params.buffer);
    this.descriptor = setup(options, params, words);
    const features = words[5]!;
    const hasArray = (words[2]! & Setup.NO_SQARRAY) === 0;
    this.#sqEntries = words[0]!;
    const cqEntries = words[1]!;
    assert((features & abi.Feature.SINGLE_MMAP) !== 0, 'the kernel maps both rings as one');
    const arrayEnd = hasArray ? words[16]! + this.#sqEntries * 4 : 0;
    const ringsBytes = Math.max(arrayEnd, words[25]! + cqEntries * abi.CQE_BYTES);
    this.#ringsMemory = mapShared(this.descriptor, ringsBytes, abi.OFFSET_RINGS);
    this.#sqesMemory = mapShared(this.descriptor, this.#sqEntries * abi.SQE_BYTES, abi.OFFSET_SQES);
    this.#rings = new Int32Array(this.#ringsMemory.buffer, 0, ringsBytes >> 2);
    this.#sqes = new Int32Array(this.#sqesMemory.buffer);
    this.#sqHeadAt = words[10]! >> 2;
    this.#sqTailAt = words[11]! >> 2;
    this.#sqMask = this.#sqEntries - 1;
    this.#cqHeadAt = words[20]! >> 2;
    this.#cqTailAt = words[21]! >> 2;
    this.cqMask = cqEntries - 1;
    this.#cqesAt = words[25]!;
    this.#cqFlagsAt = words[26]! >> 2;
    this.cqes = new Int32Array(this.#ringsMemory.buffer, this.#cqesAt, cqEntries * 4);
    if (hasArray) fillIndirection(this.#rings, words[16]! >> 2, this.#sqEntries);
    this.#enterFd = this.descriptor;
    this.#wait = mapAnonymous(4096);
    this.#waitTime = new Int32Array(this.#wait.buffer);
    this.#waitPointer = Number(this.#wait.pointer);
    this.canWait = (features & abi.Feature.EXT_ARG) !== 0 && this.#waitPointer < 0x7fffffff;
    this.#prepareWait(features);
    unmap(params);
  }

  /**
   * Registers the eventfd that tells libuv of completions while the ring is idle. Before `enable`.
   */
  registerEventfd(eventfd: number): void {
    const memory = mapAnonymous(4096);
    new Int32Array(memory.buffer)[0] = eventfd;
    this.register(Register.EVENTFD, memory.pointer, 1);
    unmap(memory);
  }

  /** Restricts and starts the ring: nothing but the listed operations is possible afterwards. */
  enable(restrictions: RingRestrictions): void {
    registerRestrictions(this, restrictions);
    this.register(Register.ENABLE_RINGS, 0n, 0);
    this.#registerDescriptor();
  }

  register(operation: number, pointer: bigint, count: number): void {
    const result = wide.syscall(
      BigInt(abi.SYSCALL_REGISTER),
      BigInt(this.descriptor),
      BigInt(operation),
      pointer,
      BigInt(count),
      0n,
      0n,
    );
    if (result < 0n) throw new SysError('io_uring_register', errno());
  }

  /** Entries written and not yet taken by the kernel. */
  get queuedCount(): number {
    return (this.#tail - this.#rings[this.#sqHeadAt]!) | 0;
  }

  /**
   * Writes one entry. `head` is opcode | flags << 8 | ioprio << 16. Where the queue is full it is
   * submitted first (without reaping).
   */
  queue(
    head: number,
    fd: number,
    offLow: number,
    offHigh: number,
    addressLow: number,
    addressHigh: number,
    byteCount: number,
    operationFlags: number,
    userLow: number,
    userHigh: number,
    bufferGroup: number,
  ): void {
    if (((this.#tail - this.#rings[this.#sqHeadAt]!) | 0) >= this.#sqEntries) this.#makeRoom();
    const sqes = this.#sqes;
    const at = (this.#tail & this.#sqMask) << 4;
    sqes[at] = head;
    sqes[at + 1] = fd;
    sqes[at + 2] = offLow;
    sqes[at + 3] = offHigh;
    sqes[at + 4] = addressLow;
    sqes[at + 5] = addressHigh;
    sqes[at + 6] = byteCount;
    sqes[at + 7] = operationFlags;
    sqes[at + 8] = userLow;
    sqes[at + 9] = userHigh;
    sqes[at + 10] = bufferGroup;
    sqes[at + 11] = 0;
    sqes[at + 12] = 0;
    sqes[at + 13] = 0;
    this.#tail = (this.#tail + 1) | 0;
  }

  /** Submits what is queued; with GETEVENTS in `flags` also runs completions. Never waits. */
  enter(flags: number): void {
    this.#publish();
    const result = libc.syscall(
      abi.SYSCALL_ENTER,
      this.#enterFd,
      (this.#tail - this.#rings[this.#sqHeadAt]!) | 0,
      0,
      flags | this.#enterFlags,
      0,
      0,
    );
    if (result < 0) this.#failed();
  }

  /**
   * Submits and waits for `count` completions, at most `batchUs` microseconds (where the kernel
   * can, 6.12), then for one, `waitUs` microseconds at most in all. Only where `canWait`.
   */
  enterAndWait(waitUs: number, count: number, batchUs: number): void {
    this.#publish();
    this.#waitTime[WAIT_BATCH] = this.#canBatch ? batchUs : 0;
    this.#waitTime[WAIT_NANOSECONDS] = waitUs * 1000;
    const result = waiting.syscall(
      abi.SYSCALL_ENTER,
      this.#enterFd,
      (this.#tail - this.#rings[this.#sqHeadAt]!) | 0,
      this.#canBatch ? count : 1,
      EnterFlag.GETEVENTS | EnterFlag.EXT_ARG | this.#waitFlags | this.#enterFlags,
      this.#waitPointer,
      WAIT_ARG_SIZE,
    );
    if (result < 0) this.#failed();
  }

  /** First completion not yet taken. */
  get head(): number {
    return this.#rings[this.#cqHeadAt]!;
  }

  /** Behind the last completion. */
  get tail(): number {
    return this.#rings[this.#cqTailAt]!;
  }

  /** Gives completions up to `head` back to the kernel. */
  advance(head: number): void {
    this.#rings[this.#cqHeadAt] = head;
  }

  /** Whether completions signal the eventfd. */
  setEventfdEnabled(isEnabled: boolean): void {
    this.#rings[this.#cqFlagsAt] = isEnabled ? 0 : abi.CQ_EVENTFD_DISABLED;
  }

  close(): void {
    libc.close(this.descriptor);
    unmap(this.#ringsMemory);
    unmap(this.#sqesMemory);
    unmap(this.#wait);
  }

  /**
   * The queue is full: hands it over. EBUSY (completions have overflowed) ends once some are moved.
   */
  #makeRoom(): void {
    for (let tries = 0; tries < 16; tries++) {
      this.enter(tries === 0 ? 0 : EnterFlag.GETEVENTS);
      if (this.queuedCount < this.#sqEntries) return;
    }
    assert(false, 'the kernel takes queued operations');
  }

  #prepareWait(features: number): void {
    if ((features & abi.Feature.NO_IOWAIT) !== 0) this.#waitFlags = EnterFlag.NO_IOWAIT;
    this.#canBatch = (features & abi.Feature.MIN_TIMEOUT) !== 0;
    this.#waitTime[WAIT_SIGMASK_BYTES] = 8;
    this.#waitTime[WAIT_POINTER] = this.#waitPointer + WAIT_TIMESPEC * 4;
  }

  #publish(): void {
    this.#rings[this.#sqTailAt] = this.#tail;
  }

  #failed(): void {
    const code = errno();
    // ETIME is the end of a wait; the others mean: reap first, then again.
    if (code === EINTR || code === EAGAIN || code === EBUSY || code === ETIME) return;
    throw new SysError('io_uring_enter', code);
  }

  /** A registered ring descriptor spares a look-up per call (kernel 5.18). */
  #registerDescriptor(): void {
    const memory = mapAnonymous(4096);
    const words = new Uint32Array(memory.buffer);
    words[0] = 0xffffffff; // any slot
    words[2] = this.descriptor;
    try {
      this.register(Register.RING_FDS, memory.pointer, 1);
      this.#enterFd = words[0]!;
      this.#enterFlags = EnterFlag.REGISTERED_RING;
    } catch {
      // An optimisation only: the plain descriptor does the same.
    }
    unmap(memory);
  }
}

function setup(options: IoUringOptions, params: MappedMemory, words: Uint32Array): number {
  let code = 0;
  for (const optional of OPTIONAL_FLAGS) {
    words.fill(0);
    words[1] = options.completions;
    words[2] =
      Setup.CQSIZE |
      Setup.SUBMIT_ALL |
      Setup.SINGLE_ISSUER |
      Setup.DEFER_TASKRUN |
      Setup.R_DISABLED |
      optional;
    const result = wide.syscall(
      BigInt(abi.SYSCALL_SETUP),
      BigInt(options.entries),
      params.pointer,
      0n,
      0n,
      0n,
      0n,
    );
    if (result >= 0n) return Number(result);
    code = errno();
    if (code !== EINVAL) break;
  }
  throw new SysError('io_uring_setup', code);
}

/** Before NO_SQARRAY the queue is an array of indices: entry i stands at index i, for ever. */
function fillIndirection(rings: Int32Array, at: number, entries: number): void {
  for (let i = 0; i < entries; i++) rings[at + i] = i;
}

function registerRestrictions(ring: IoUring, restrictions: RingRestrictions): void {
  const memory = mapAnonymous(4096);
  const bytes = new DataView(memory.buffer);
  let count = 0;
  const add = (kind: number, value: number): void => {
    bytes.setUint16(count * 16, kind, true);
    bytes.setUint8(count * 16 + 2, value);
    count++;
  };
  for (const op of restrictions.operations) add(abi.Restriction.SQE_OP, op);
  for (const op of restrictions.registerOperations) add(abi.Restriction.REGISTER_OP, op);
  add(abi.Restriction.SQE_FLAGS_ALLOWED, restrictions.entryFlags);
  ring.register(Register.RESTRICTIONS, memory.pointer, count);
  unmap(memory);
}

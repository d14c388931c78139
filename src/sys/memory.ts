// Memory that native code may keep pointers to: mapped, never collected, never moved.

import { getRawPointer, toArrayBuffer } from 'node:ffi';
import { errno, SysError } from './errno.ts';
import { bind } from './ffi.ts';

const { mmap, munmap } = bind({
  mmap: {
    arguments: ['uint64', 'uint64', 'int32', 'int32', 'int32', 'int64'],
    return: 'int64',
  },
  munmap: { arguments: ['uint64', 'uint64'], return: 'int32' },
});

const PROT_READ_WRITE = 3;
const MAP_SHARED = 1;
const MAP_PRIVATE = 2;
const MAP_ANONYMOUS = 0x20;
const MAP_POPULATE = 0x8000;
/** x86-64 only: an address below 2 GiB, which fits an int32 argument (the fast path of a call). */
const MAP_32BIT = 0x40;

/** A mapping and its address. */
export interface MappedMemory {
  readonly pointer: bigint;
  readonly buffer: ArrayBuffer;
}

/** Anonymous zeroed memory that lives until `unmap`. On x86-64 its address fits an int32. */
export function mapAnonymous(byteCount: number): MappedMemory {
  const low = process.arch === 'x64' ? MAP_32BIT : 0;
  return map(byteCount, MAP_PRIVATE | MAP_ANONYMOUS | low, -1, 0n);
}

/** Shared memory of a descriptor (a ring, a memfd). */
export function mapShared(descriptor: number, byteCount: number, offset: bigint): MappedMemory {
  return map(byteCount, MAP_SHARED | MAP_POPULATE, descriptor, offset);
}

/** As `mapShared`, but pages take memory only once they are touched: for large, sparse segments. */
export function mapSharedLazily(descriptor: number, byteCount: number): MappedMemory {
  return map(byteCount, MAP_SHARED, descriptor, 0n);
}

/** The address of an arena's bytes. Only for memory that never moves and outlives every use. */
export function addressOf(buffer: ArrayBuffer): bigint {
  return getRawPointer(buffer);
}

export function unmap(memory: MappedMemory): void {
  munmap(memory.pointer, BigInt(memory.buffer.byteLength));
}

function map(byteCount: number, flags: number, descriptor: number, offset: bigint): MappedMemory {
  const pointer = mmap(0n, BigInt(byteCount), PROT_READ_WRITE, flags, descriptor, offset);
  if (pointer === -1n) throw new SysError('mmap', errno());
  return { pointer, buffer: toArrayBuffer(pointer, byteCount, false) };
}

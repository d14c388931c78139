// Native calls are checked while hot, before anything relies on them: bugs of node:ffi have shown
// only once V8 had optimised the caller. Takes a few milliseconds at the start of a worker; the
// first wrong answer names the signature.

import { bind } from './ffi.ts';
import { mapAnonymous, unmap } from './memory.ts';

const native = bind({
  abs: { arguments: ['int32'], return: 'int32' },
  llabs: { arguments: ['int64'], return: 'int64' },
  htonl: { arguments: ['uint32'], return: 'uint32' },
  strnlen: { arguments: ['pointer', 'uint64'], return: 'uint64' },
  memcmp: { arguments: ['pointer', 'pointer', 'uint64'], return: 'int32' },
  syscall: {
    arguments: ['int32', 'int32', 'int32', 'int32', 'int32', 'int32', 'int32'],
    return: 'int32',
  },
});

const CALLS_COUNT = 3_000; // past the thresholds of V8's optimising compilers
const SYSTEM_CALLS_COUNT = 1_000;
const SYSCALL_GETPID = process.arch === 'arm64' ? 172 : 39;

/** Throws where a native call gives a wrong answer. */
export function testNativeCalls(): void {
  const memory = mapAnonymous(4096);
  try {
    testIntegers();
    testPointers(memory.pointer, new Uint8Array(memory.buffer));
    testSystemCall();
  } finally {
    unmap(memory);
  }
}

function testIntegers(): void {
  for (let i = 1; i < CALLS_COUNT; i++) {
    expect(native.abs(-i) === i, 'int32(int32)');
    expect(native.htonl(i) >>> 0 === swap(i), 'uint32(uint32)');
  }
  for (let i = 1n; i < BigInt(CALLS_COUNT); i++) {
    const value = i << 33n;
    expect(native.llabs(-value) === value, 'int64(int64)');
  }
}

function testPointers(pointer: bigint, bytes: Uint8Array): void {
  bytes.fill(0x61, 0, 64);
  bytes.fill(0x61, 128, 192);
  const second = pointer + 128n;
  for (let i = 1; i < CALLS_COUNT; i++) {
    bytes[i & 63] = 0;
    expect(native.strnlen(pointer, 64n) === BigInt(i & 63), 'uint64(pointer, uint64)');
    expect(native.memcmp(pointer, second, 64n) < 0, 'int32(pointer, pointer, uint64)');
    bytes[i & 63] = 0x61;
  }
}

function testSystemCall(): void {
  for (let i = 0; i < SYSTEM_CALLS_COUNT; i++) {
    expect(native.syscall(SYSCALL_GETPID, 0, 0, 0, 0, 0, 0) === process.pid, 'int32(7 x int32)');
  }
}

function swap(value: number): number {
  const low = ((value & 0xff) << 24) | ((value & 0xff00) << 8);
  return (low | ((value >>> 8) & 0xff00) | (value >>> 24)) >>> 0;
}

function expect(isRight: boolean, signature: string): void {
  if (!isRight) throw new Error(`this Node's FFI gives wrong answers for ${signature} when hot`);
}

// The segment that the supervisor and its workers share: an anonymous file in memory (memfd),
// mapped by each of them. It has no name, so it is gone with its last process, and only who is
// handed the descriptor can map it.

import { fstatSync, writeSync } from 'node:fs';
import { check } from './errno.ts';
import { bind } from './ffi.ts';
import { type MappedMemory, mapAnonymous, mapSharedLazily, unmap } from './memory.ts';
import { closeDescriptor } from './sockets.ts';

const native = bind({
  memfd_create: { arguments: ['pointer', 'uint32'], return: 'int32' },
  ftruncate: { arguments: ['int32', 'int64'], return: 'int32' },
});

const MFD_CLOEXEC = 1;
const NAME = 'zproxy';
const NAME_BYTES = 64;

/** A segment and the descriptor to hand on. */
export interface SharedMemory {
  readonly descriptor: number;
  readonly memory: MappedMemory;
}

/** Creates and maps a zeroed segment. Pages take memory once they are written. */
export function createSharedMemory(byteCount: number): SharedMemory {
  const descriptor = createFile();
  try {
    check(native.ftruncate(descriptor, BigInt(byteCount)), 'ftruncate');
    return { descriptor, memory: mapSharedLazily(descriptor, byteCount) };
  } catch (error) {
    closeDescriptor(descriptor);
    throw error;
  }
}

/** A file in memory with that content, to be handed on by its descriptor. */
export function createMemoryFile(content: Uint8Array): number {
  const descriptor = createFile();
  try {
    for (let at = 0; at < content.length; ) at += writeSync(descriptor, content, at);
    return descriptor;
  } catch (error) {
    closeDescriptor(descriptor);
    throw error;
  }
}

/** Maps the segment of an inherited descriptor, whole. */
export function openSharedMemory(descriptor: number): MappedMemory {
  return mapSharedLazily(descriptor, fstatSync(descriptor).size);
}

function createFile(): number {
  const name = mapAnonymous(NAME_BYTES);
  new Uint8Array(name.buffer).set(Buffer.from(NAME));
  const descriptor = check(native.memfd_create(name.pointer, MFD_CLOEXEC), 'memfd_create');
  unmap(name);
  return descriptor;
}

// The one door to native code: functions of libc, libuv and OpenSSL that the node binary exports,
// bound by name and signature. Nothing outside `sys` imports node:ffi.
//
// Rules (each was paid for, see docs/internals/ffi.md): 64-bit arguments are bigints; memory that a
// pointer refers to is mapped (memory.ts) or lies in the arena, never in a collectable typed array;
// a callback neither throws nor does work, it sets a flag.

import type {
  DynamicLibrary,
  FunctionDefinitions,
  WrappedFunctionsFromDefinitions,
} from 'node:ffi';
import { dlopen } from 'node:ffi';

// A collected library frees its callbacks and functions: all stay reachable as long as the process
// lives.
const libraries: DynamicLibrary[] = [];

export interface BoundLibrary<T extends FunctionDefinitions> {
  readonly lib: DynamicLibrary;
  readonly functions: WrappedFunctionsFromDefinitions<T>;
}

/**
 * Binds symbols of the running process. Each call opens its own library object, so a symbol may be
 * bound again with another signature. Throws where a symbol is missing.
 */
export function bind<const T extends FunctionDefinitions>(
  definitions: T,
): WrappedFunctionsFromDefinitions<T> {
  return bindLibrary(definitions).functions;
}

/** As `bind`, with the library object, which registers callbacks. */
export function bindLibrary<const T extends FunctionDefinitions>(definitions: T): BoundLibrary<T> {
  const { lib, functions } = dlopen(null, definitions);
  libraries.push(lib);
  return { lib, functions };
}

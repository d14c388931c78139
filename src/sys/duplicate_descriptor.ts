// A second descriptor for an open socket, for a library that closes what it is handed.

import { check } from './errno.ts';
import { bind } from './ffi.ts';

const native = bind({
  dup: { arguments: ['int32'], return: 'int32' },
  ioctl: { arguments: ['int32', 'uint64'], return: 'int32' },
});

/** ioctl(2) request that sets close-on-exec; unlike fcntl(2) it takes no variadic argument. */
const FIOCLEX: bigint = process.platform === 'darwin' ? 0x2000_6601n : 0x5451n;

/** Duplicates a descriptor, closed on exec. Throws a SysError (EMFILE ...). */
export function duplicateDescriptor(descriptor: number): number {
  const duplicate = check(native.dup(descriptor), 'dup');
  native.ioctl(duplicate, FIOCLEX);
  return duplicate;
}

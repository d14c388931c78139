// What a process needs to become another program and go on being the parent of its children:
// descriptors that the next program inherits, signals that must not end it before it listens to
// them, and children that only waitpid(2) knows.

import { constants } from 'node:os';
import { check } from './errno.ts';
import { bind } from './ffi.ts';
import { mapAnonymous } from './memory.ts';

const native = bind({
  ioctl: { arguments: ['int32', 'uint64'], return: 'int32' },
  signal: { arguments: ['int32', 'uint64'], return: 'int64' },
  waitpid: { arguments: ['int32', 'pointer', 'int32'], return: 'int32' },
});

/** ioctl(2) requests for close-on-exec; unlike fcntl(2) they take no variadic argument. */
const FIOCLEX: bigint = process.platform === 'darwin' ? 0x2000_6601n : 0x5451n;
const FIONCLEX: bigint = process.platform === 'darwin' ? 0x2000_6602n : 0x5450n;
const SIG_IGN = 1n;
const WNOHANG = 1;

const scratch = mapAnonymous(4096);
const view = new DataView(scratch.buffer);

/** How a child ended: an exit code, or the signal that ended it. */
export type ChildExit = { readonly code: number } | { readonly signal: string };

/** The next program inherits the descriptor, under the same number. */
export function keepOnExec(descriptor: number): void {
  check(native.ioctl(descriptor, FIONCLEX), 'ioctl');
}

/** No program that this process becomes or starts inherits the descriptor. */
export function closeOnExec(descriptor: number): void {
  check(native.ioctl(descriptor, FIOCLEX), 'ioctl');
}

/**
 * Signals are lost from now on, in the next program too, until it sets them: a caught signal would
 * have its default effect again after execve(2), an ignored one stays ignored. Node's own notes are
 * not touched, so that its listeners work again once they are added anew.
 */
export function ignoreSignals(signals: readonly NodeJS.Signals[]): void {
  for (const signal of signals) native.signal(constants.signals[signal], SIG_IGN);
}

/** How the child ended, which is gone for good then; null while it runs. */
export function reapChild(pid: number): ChildExit | null {
  const result = native.waitpid(pid, scratch.pointer, WNOHANG);
  if (result === 0) return null;
  if (result !== pid) return { code: -1 }; // not ours (any more): nobody else can say
  const status = view.getInt32(0, true);
  const signal = status & 0x7f;
  if (signal === 0) return { code: (status >> 8) & 0xff };
  const names = Object.entries(constants.signals);
  return { signal: names.find(([, value]) => value === signal)?.[0] ?? `signal ${signal}` };
}

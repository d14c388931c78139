// Becomes another program in which one system call is refused, as the seccomp profile of a
// container does it:
//
//   node forbid_system_call.ts NUMBER ERRNO PROGRAM ARGUMENT...
//
// The filter belongs to this thread and to what it becomes with execve; nothing else on the machine
// is changed, and no rights are needed.

import { check } from '../../src/sys/errno.ts';
import { bind } from '../../src/sys/ffi.ts';
import { mapAnonymous } from '../../src/sys/memory.ts';

const PR_SET_SECCOMP = 22;
const PR_SET_NO_NEW_PRIVS = 38;
const SECCOMP_MODE_FILTER = 2n;
const SECCOMP_RET_ERRNO = 0x0005_0000;
const SECCOMP_RET_ALLOW = 0x7fff_0000;
/** Of the classic BPF: load a word of the call's data, jump if equal, return. */
const BPF_LD_W_ABS = 0x20;
const BPF_JMP_JEQ_K = 0x15;
const BPF_RET_K = 0x06;
/** Where the number of the call is in `struct seccomp_data`. */
const NUMBER_OFFSET = 0;
const INSTRUCTION_BYTES = 8;

const { prctl } = bind({
  prctl: { arguments: ['int32', 'uint64', 'uint64', 'uint64', 'uint64'], return: 'int32' },
});

function refuseSystemCall(number: number, errno: number): void {
  const program: ReadonlyArray<readonly [code: number, ifNot: number, value: number]> = [
    [BPF_LD_W_ABS, 0, NUMBER_OFFSET],
    [BPF_JMP_JEQ_K, 1, number], // another call: over the next instruction
    [BPF_RET_K, 0, SECCOMP_RET_ERRNO | errno],
    [BPF_RET_K, 0, SECCOMP_RET_ALLOW],
  ];
  const memory = mapAnonymous(4_096);
  const view = new DataView(memory.buffer);
  program.forEach(([code, ifNot, value], index) => {
    const at = index * INSTRUCTION_BYTES;
    view.setUint16(at, code, true);
    view.setUint8(at + 3, ifNot);
    view.setUint32(at + 4, value, true);
  });
  // struct sock_fprog: how many instructions, where.
  const header = program.length * INSTRUCTION_BYTES;
  view.setUint16(header, program.length, true);
  view.setBigUint64(header + 8, memory.pointer, true);
  check(prctl(PR_SET_NO_NEW_PRIVS, 1n, 0n, 0n, 0n), 'prctl(PR_SET_NO_NEW_PRIVS)');
  const filter = memory.pointer + BigInt(header);
  check(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, filter, 0n, 0n), 'prctl(PR_SET_SECCOMP)');
}

const [number, errno, program, ...rest] = process.argv.slice(2);
refuseSystemCall(Number(number), Number(errno));
process.execve!(program!, [program!, ...rest], process.env);

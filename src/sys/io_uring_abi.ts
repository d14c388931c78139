// The kernel's io_uring interface as numbers (include/uapi/linux/io_uring.h). The kernel version
// beside a flag is the first that has it; the floor is 6.1.

export const SYSCALL_SETUP = 425;
export const SYSCALL_ENTER = 426;
export const SYSCALL_REGISTER = 427;

export const Setup = {
  CQSIZE: 0x8,
  R_DISABLED: 0x40, // 5.10: restrictions are registered before the first operation
  SUBMIT_ALL: 0x80, // 5.18: a refused operation does not stop the batch
  SINGLE_ISSUER: 0x1000, // 6.0
  DEFER_TASKRUN: 0x2000, // 6.1: completions are posted only while we are in io_uring_enter
  NO_SQARRAY: 0x10000, // 6.6
} as const;

export const Op = {
  NOP: 0,
  TIMEOUT: 11,
  ACCEPT: 13,
  ASYNC_CANCEL: 14,
  CONNECT: 16,
  CLOSE: 19,
  SEND: 26,
  RECV: 27,
} as const;

/** Bits of the second byte of an entry. */
export const SqeFlag = { BUFFER_SELECT: 0x20, CQE_SKIP_SUCCESS: 0x40 } as const;

/** The ioprio field of ACCEPT and RECV. */
export const ACCEPT_MULTISHOT = 1;
export const RECV_MULTISHOT = 2;

export const CancelFlag = { ALL: 1, FD: 2 } as const;

export const EnterFlag = {
  GETEVENTS: 1,
  EXT_ARG: 0x8, // 5.11: a timeout with the wait
  REGISTERED_RING: 0x10, // 5.18
  NO_IOWAIT: 0x80, // 6.15: a wait does not count as iowait
} as const;

export const Feature = {
  SINGLE_MMAP: 1,
  NODROP: 2,
  EXT_ARG: 0x100,
  MIN_TIMEOUT: 0x8000,
  NO_IOWAIT: 0x20000,
} as const;

export const Register = {
  EVENTFD: 4,
  RESTRICTIONS: 11,
  ENABLE_RINGS: 12,
  RING_FDS: 20,
  PBUF_RING: 22,
  UNREGISTER_PBUF_RING: 23,
} as const;

export const Restriction = { REGISTER_OP: 0, SQE_OP: 1, SQE_FLAGS_ALLOWED: 2 } as const;

export const CqeFlag = { BUFFER: 1, MORE: 2 } as const;
export const CQE_BUFFER_SHIFT = 16;

export const CQ_EVENTFD_DISABLED = 1;

export const OFFSET_RINGS = 0n;
export const OFFSET_SQES = 0x10000000n;

export const SQE_BYTES = 64;
export const CQE_BYTES = 16;
export const BUFFER_ENTRY_BYTES = 16;

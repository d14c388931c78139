// Files of the data path that may use what the rest of it may not: each owns the thing, or uses it
// outside of any request. An entry that is no longer needed fails the check.

/** One file, the names it may use (`Promise` stands for async functions, too), and why. */
export interface OwnerEntry {
  readonly path: string;
  readonly names: readonly string[];
  readonly reason: string;
}

const CLOSING = 'closing a transport happens once, outside of any request';
const NODE_TIMER = "wakes Node's loop for the timer wheel; data-plane timeouts live in the wheel";
const START_UP = 'bytes of names and addresses for system calls at start-up';

export const DATA_PATH_OWNERS: readonly OwnerEntry[] = [
  { path: 'src/base/clock.ts', names: ['Date'], reason: 'owns the wall clock: once a second' },
  { path: 'src/http/date.ts', names: ['Date'], reason: 'owns the Date field: once a second' },
  { path: 'src/ring/node_loop.ts', names: ['setTimeout'], reason: NODE_TIMER },
  { path: 'src/ring/node_transport.ts', names: ['Promise'], reason: CLOSING },
  { path: 'src/ring/transport.ts', names: ['Promise'], reason: CLOSING },
  { path: 'src/ring/uring_loop.ts', names: ['Promise'], reason: CLOSING },
  { path: 'src/ring/uring_loop.ts', names: ['setTimeout'], reason: NODE_TIMER },
  { path: 'src/ring/uring_transport.ts', names: ['Promise'], reason: CLOSING },
  { path: 'src/sys/shared_memory.ts', names: ['Buffer'], reason: START_UP },
  { path: 'src/sys/sockets.ts', names: ['Buffer'], reason: START_UP },
];

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
const COMPILING = 'keys of conditions while a configuration is checked and compiled';
const HOOK_TYPES = 'types of hooks that may be asynchronous; the bridge alone waits for them';
const START_UP = 'bytes of names and addresses for system calls at start-up';

export const DATA_PATH_OWNERS: readonly OwnerEntry[] = [
  { path: 'src/base/clock.ts', names: ['Date'], reason: 'owns the wall clock: once a second' },
  { path: 'src/http/date.ts', names: ['Date'], reason: 'owns the Date field: once a second' },
  {
    path: 'src/middleware/arena_text.ts',
    names: ['Buffer'],
    reason: 'owns the strings that middleware asks for: one native call each',
  },
  {
    path: 'src/middleware/async_bridge.ts',
    names: ['Promise'],
    reason: 'owns the wait for an asynchronous hook; synchronous ones never come here',
  },
  { path: 'src/middleware/middleware.ts', names: ['Promise'], reason: HOOK_TYPES },
  { path: 'src/ring/node_loop.ts', names: ['setTimeout'], reason: NODE_TIMER },
  { path: 'src/ring/node_transport.ts', names: ['Promise'], reason: CLOSING },
  { path: 'src/ring/transport.ts', names: ['Promise'], reason: CLOSING },
  { path: 'src/ring/uring_loop.ts', names: ['Promise'], reason: CLOSING },
  { path: 'src/ring/uring_loop.ts', names: ['setInterval', 'setTimeout'], reason: NODE_TIMER },
  { path: 'src/ring/uring_transport.ts', names: ['Promise'], reason: CLOSING },
  { path: 'src/routing/condition_code.ts', names: ['JSON'], reason: COMPILING },
  { path: 'src/routing/indistinguishable.ts', names: ['JSON'], reason: COMPILING },
  { path: 'src/sys/shared_memory.ts', names: ['Buffer'], reason: START_UP },
  { path: 'src/sys/sockets.ts', names: ['Buffer'], reason: START_UP },
];

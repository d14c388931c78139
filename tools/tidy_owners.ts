// Files of the data path that may use what the rest of it may not: each owns the thing, or uses it
// outside of any request. An entry that is no longer needed fails the check.

/** One file, the names it may use (`Promise` stands for async functions, too), and why. */
export interface OwnerEntry {
  readonly path: string;
  readonly names: readonly string[];
  readonly reason: string;
}

export const DATA_PATH_OWNERS: readonly OwnerEntry[] = [
  {
    path: 'src/ring/transport.ts',
    names: ['Promise'],
    reason: 'closing a transport happens once, outside of any request',
  },
];

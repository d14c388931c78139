// The entry files of the processes that the supervisor starts. They lie beside the code that starts
// them: as TypeScript in a checkout, as one bundle each in the package.

import { fileURLToPath } from 'node:url';

/** Entries that the build makes a bundle of. */
export type ProcessEntry = 'worker_main' | 'loader_main';

/**
 * Flags of the processes that the supervisor starts. `--disable-sigusr1` blocks that signal for
 * good, so that none opens the inspector; the supervisor itself, which listens to it, must not have
 * that flag.
 */
export const PROCESS_FLAGS: readonly string[] = [
  '--disable-sigusr1',
  '--disable-warning=ExperimentalWarning',
];

export function entryPath(entry: ProcessEntry): string {
  const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
  return fileURLToPath(new URL(`./${entry}.${extension}`, import.meta.url));
}

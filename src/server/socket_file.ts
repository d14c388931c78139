// Files of Unix sockets: only the one that was made is ever removed, whoever has put another one in
// its place since.

import { lstatSync, unlinkSync } from 'node:fs';

/** What tells one file from another that has its name later. */
export interface FileIdentity {
  readonly dev: number;
  readonly ino: number;
}

/** The file that is there now. */
export function identifyFile(path: string): FileIdentity {
  const { dev, ino } = lstatSync(path);
  return { dev, ino };
}

/** Removes the file, if it is that one. */
export function removeSocketFile(path: string, file: FileIdentity): void {
  try {
    const found = lstatSync(path);
    if (found.ino === file.ino && found.dev === file.dev) unlinkSync(path);
  } catch {
    // Removed by somebody else, or its folder is no longer ours to write: nothing listens there
    // now.
  }
}

// A link from the default path of a config's control socket to the one that the config names: so
// that commands find the process by the file's name alone, without evaluating the file, even while
// it is broken. A convenience: where it cannot be made, commands read the file.

import { lstatSync, readlinkSync, symlinkSync, unlinkSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { makeRuntimeFolder } from './runtime_path.ts';

/** Links `alias` to the socket at `path`, unless something else than such a link is there. */
export function linkControl(alias: string, path: string): void {
  try {
    makeRuntimeFolder(dirname(alias));
    const found = lstatSync(alias, { throwIfNoEntry: false });
    if (found !== undefined && !found.isSymbolicLink()) return;
    if (found !== undefined) unlinkSync(alias);
    symlinkSync(resolve(path), alias);
  } catch {
    // A folder that is not ours to write.
  }
}

/** Removes the link, if it still leads to that socket. */
export function unlinkControl(alias: string, path: string): void {
  try {
    if (readlinkSync(alias) === resolve(path)) unlinkSync(alias);
  } catch {
    // There is none.
  }
}

/** Removes whatever link is there. */
export function removeLink(path: string): void {
  if (lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() === true) unlinkSync(path);
}

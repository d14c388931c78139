// The launcher of this package: what an upgrade starts.

import { realpathSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { packageRoot } from '../config/package_root.ts';

/** Path of this version's `bin/zproxy.js`. */
export function launcherPath(): string {
  return fileURLToPath(new URL('bin/zproxy.js', packageRoot()));
}

/**
 * The same for a process that upgrades later, on a signal: by the name that it was called by, so
 * that a link which then leads to another version is followed.
 */
export function launcherName(script: string = process.argv[1] ?? ''): string {
  const path = launcherPath();
  try {
    return script.startsWith('/') && realpathSync(script) === realpathSync(path) ? script : path;
  } catch {
    return path;
  }
}

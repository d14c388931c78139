// Where the control socket of a running ZProxy lies, so that commands find it by the same
// `--config`: a folder that only this user can write to, and a name made from the config's real
// path.

import { createHash } from 'node:crypto';
import { lstatSync, mkdirSync, realpathSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ZProxyError } from '../base/errors.ts';

/**
 * Digits of the hash in the name: enough to tell configs apart, short enough for a Unix socket's
 * path.
 */
const HASH_DIGITS = 16;

/** Path of the control socket for a config file. Creates nothing. */
export function defaultControlPath(
  configFile: string,
  environment: NodeJS.ProcessEnv = process.env,
): string {
  const hash = createHash('sha256').update(realPath(configFile)).digest('hex');
  return join(runtimeFolder(environment), `${hash.slice(0, HASH_DIGITS)}.sock`);
}

/**
 * The folder: `$XDG_RUNTIME_DIR/zproxy`, `/run/zproxy` for root, else one of our own under /tmp.
 */
export function runtimeFolder(environment: NodeJS.ProcessEnv = process.env): string {
  const own = environment['XDG_RUNTIME_DIR'];
  if (own?.startsWith('/')) return join(own, 'zproxy');
  const userId = process.getuid!();
  return userId === 0 && process.platform === 'linux'
    ? '/run/zproxy'
    : join(tmpdir(), `zproxy-${userId}`);
}

/** Creates the folder, and refuses one that somebody else could put a socket into. */
export function makeRuntimeFolder(folder: string): void {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const stat = lstatSync(folder);
  const isOurs = stat.isDirectory() && stat.uid === process.getuid!() && (stat.mode & 0o022) === 0;
  if (isOurs) return;
  throw new ZProxyError(
    'ZP_CONTROL_FOLDER',
    `the folder ${folder} for the control socket must belong to this user and nobody else may ` +
      'write to it; remove it, or set `control` to another path',
  );
}

function realPath(file: string): string {
  try {
    return realpathSync(file);
  } catch {
    return file; // gone since: the name that it was started with is the best guess
  }
}

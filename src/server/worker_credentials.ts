// The config's `user` and `group` as numbers that workers drop to.

import { ZProxyError } from '../base/errors.ts';
import type { Snapshot } from '../config/snapshot.ts';
import { type Credentials, findCredentials, UnknownAccountError } from '../sys/process.ts';
import { locationOf } from './source_location.ts';

/** Null where workers keep the rights that the supervisor has. */
export function workerCredentials(snapshot: Snapshot): Credentials | null {
  const { user, group, sources } = snapshot;
  if (user === '' && group === '') return null;
  let credentials: Credentials;
  try {
    credentials = findCredentials(user, group);
  } catch (error) {
    if (!(error instanceof UnknownAccountError)) throw error;
    const text = `${error.kind}: ${error.message}; make it, or name another one`;
    const location = locationOf(sources[error.kind]);
    throw new ZProxyError('ZP_ACCOUNT_UNKNOWN', text, { cause: error, location });
  }
  const isOwn =
    credentials.userId === process.getuid!() && credentials.groupId === process.getgid!();
  if (!isOwn && process.getuid!() !== 0) {
    const text =
      "user, group: only root may change to another user; start as root, or leave 'user' and " +
      "'group' away";
    const location = locationOf(sources.user ?? sources.group);
    throw new ZProxyError('ZP_NOT_ROOT', text, { location });
  }
  return isOwn ? null : credentials;
}

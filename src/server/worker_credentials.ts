// The config's `user` and `group` as numbers that workers drop to.

import { ZProxyError } from '../base/errors.ts';
import type { Snapshot } from '../config/snapshot.ts';
import { type Credentials, findCredentials, UnknownAccountError } from '../sys/process.ts';

/** Null where workers keep the rights that the supervisor has. */
export function workerCredentials(snapshot: Snapshot): Credentials | null {
  const { user, group, file } = snapshot;
  if (user === '' && group === '') return null;
  const location = file === '' ? undefined : { file };
  let credentials: Credentials;
  try {
    credentials = findCredentials(user, group);
  } catch (error) {
    if (!(error instanceof UnknownAccountError)) throw error;
    const text = `${error.kind}: ${error.message}; make it, or name another one`;
    throw new ZProxyError('ZP_ACCOUNT_UNKNOWN', text, { cause: error, location });
  }
  const isOwn =
    credentials.userId === process.getuid!() && credentials.groupId === process.getgid!();
  if (!isOwn && process.getuid!() !== 0) {
    const text =
      "user, group: only root may change to another user; start as root, or leave 'user' and " +
      "'group' away";
    throw new ZProxyError('ZP_NOT_ROOT', text, { location });
  }
  return isOwn ? null : credentials;
}

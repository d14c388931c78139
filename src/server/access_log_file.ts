// The access log's file before workers open it: made, and handed to the user that they run as, by a
// supervisor that still may write to its folder.

import { closeSync, fchownSync } from 'node:fs';
import { ZProxyError } from '../base/errors.ts';
import type { Snapshot } from '../config/snapshot.ts';
import type { Credentials } from '../sys/process.ts';
import { openAccessLog } from './access_log_writer.ts';
import { locationOf } from './source_location.ts';

/** Makes sure that workers with `credentials` can append to the snapshot's access log. */
export function prepareAccessLog(snapshot: Snapshot, credentials: Credentials | null): void {
  const path = snapshot.accessLogPath;
  if (path === null || path === '') return;
  try {
    const descriptor = openAccessLog(path);
    if (credentials !== null) fchownSync(descriptor, credentials.userId, credentials.groupId);
    closeSync(descriptor);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const reason = code ?? message;
    const remedy =
      code === 'ENOENT' ? 'make its folder' : 'set it to a file that this user may write to';
    const text = `accessLog.to: cannot open ${path} (${reason}); ${remedy}`;
    const location = locationOf(snapshot.sources.accessLog);
    throw new ZProxyError('ZP_ACCESS_LOG', text, { cause: error, location });
  }
}

// The access log's file before workers open it: made, and handed to the user that they run as, by a
// supervisor that still may write to its folder.

import { closeSync, fchownSync } from 'node:fs';
import { ZProxyError } from '../base/errors.ts';
import type { Credentials } from '../sys/process.ts';
import { openAccessLog } from './access_log_writer.ts';

/** Makes sure that workers with `credentials` can append to `path`. */
export function prepareAccessLog(path: string, credentials: Credentials | null): void {
  try {
    const descriptor = openAccessLog(path);
    if (credentials !== null) fchownSync(descriptor, credentials.userId, credentials.groupId);
    closeSync(descriptor);
  } catch (error) {
    const reason = (error as Error).message;
    const text = `cannot open the access log: ${reason}; make its folder, or set accessLog.to`;
    throw new ZProxyError('ZP_ACCESS_LOG', text, { cause: error });
  }
}

// What went wrong in a worker, as it tells its supervisor.

import { ZProxyError } from '../base/errors.ts';
import { TransportUnavailableError } from '../ring/open_transport.ts';
import type { WorkerFailure } from './worker_protocol.ts';

/** An error of the operator's as it is; anything else is a bug of ours, with its stack. */
export function describeFailure(error: unknown): WorkerFailure {
  if (error instanceof ZProxyError) {
    return { code: error.code, message: error.message, location: error.location };
  }
  const { message, stack } = error instanceof Error ? error : new Error(String(error));
  if (error instanceof TransportUnavailableError) return { code: 'ZP_TRANSPORT', message };
  return { code: 'ZP_WORKER_CRASHED', message: stack ?? message };
}

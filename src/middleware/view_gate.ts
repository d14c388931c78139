// Whether middleware may still use a view of a message. Views are made anew for each exchange and
// never handed to another, so that one kept beyond its time can only throw, not show a stranger's
// request.

import { ZProxyError } from '../base/errors.ts';

export const ViewAccess = { OVER: 0, READ: 1, WRITE: 2 } as const;
export type ViewAccess = (typeof ViewAccess)[keyof typeof ViewAccess];

/** Shared by the views of one message. Only the run changes `access`. */
export class ViewGate {
  access: ViewAccess = ViewAccess.WRITE;

  /** Throws ZP_EXCHANGE_OVER where the message is gone. */
  checkRead(): void {
    if (this.access === ViewAccess.OVER) throw overError();
  }

  /** Throws ZP_MESSAGE_SENT where the message is on its way already. */
  checkWrite(): void {
    if (this.access === ViewAccess.WRITE) return;
    throw this.access === ViewAccess.READ ? sentError() : overError();
  }
}

function overError(): ZProxyError {
  return new ZProxyError(
    'ZP_EXCHANGE_OVER',
    'A request or response was used after its exchange was over; copy what is needed later.',
  );
}

function sentError(): ZProxyError {
  return new ZProxyError(
    'ZP_MESSAGE_SENT',
    'A request was changed after it was sent on; change it in onRequest, before that returns.',
  );
}

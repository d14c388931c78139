// Whether a request that failed may be sent once more. Only a connection that had served a
// request before may have been closed for reasons that have nothing to do with this one, and only
// before a byte of an answer came back is it sure that the endpoint did not answer (RFC 9112
// section 9.3.1).

import type { ClientStream } from '../http/exchange_contract.ts';
import { EXCHANGE_ERRORS, type ExchangeError, Retry } from '../http/exchange_error.ts';
import { isIdempotent, type Method } from '../http/methods.ts';

/** For a request of which no body byte was handed over. */
export function maySendAgain(error: ExchangeError, client: ClientStream, method: Method): boolean {
  if (!client.isReused || client.firstByteMs !== 0) return false;
  switch (EXCHANGE_ERRORS[error]!.retry) {
    case Retry.NOTHING_SENT:
      return client.requestBytesSent === 0;
    case Retry.IDEMPOTENT:
      return client.requestBytesSent === 0 || isIdempotent(method);
    default:
      return false;
  }
}

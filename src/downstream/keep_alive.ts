// Whether a connection may serve another request after a response (RFC 9112 section 9.3): decided
// when the head of the response is written, because the head says so.

import { Framing, type RequestHead, type ResponseHead } from '../http/message_head.ts';
import { hasNoBody } from '../http/status.ts';
import type { RequestBody } from './request_body.ts';

/** Of a body that nobody wants: so much is read for the sake of keeping the connection. */
const DISCARD_BYTES_MAX = 65_536;

/**
 * What the messages themselves allow; limits and draining are the connection's part.
 * `isContinueDue`: the client waits for a 100 (Continue) that it was not sent.
 */
export function allowsKeepAlive(
  head: RequestHead,
  body: RequestBody,
  response: ResponseHead,
  isContinueDue: boolean,
): boolean {
  if (!head.isPersistent) return false;
  if (!body.isDecoded) {
    // Whether the client sends the body after a final answer instead of a 100 is not to be known.
    if (isContinueDue) return false;
    const missing = body.missingBytes;
    if (missing < 0 || missing > DISCARD_BYTES_MAX) return false;
  }
  if (response.framing === Framing.NONE || response.framing === Framing.LENGTH) return true;
  // To HTTP/1.0 a body of unknown length ends with the connection.
  return head.version >= 11 || hasNoBody(response.status, head.method);
}

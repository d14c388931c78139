// Expect (RFC 9110 section 10.1.1). The only expectation there is, is forwarded: the endpoint
// decides, its 100 (Continue) is relayed, and the client's content is read only then, or once the
// client begins to send it anyway, or after a second, for endpoints that know nothing of it. So
// the client sees one 100 at most.

import { equalsIgnoreCase } from '../http/text.ts';

/**
 * How long an endpoint may take to say 100 (Continue) before the client is asked for its content
 * anyway.
 */
export const CONTINUE_WAIT_MS = 1_000;

/** Whether a value of Expect is `100-continue`, without regard to case. */
export function isContinueExpectation(bytes: Uint8Array, start: number, end: number): boolean {
  return equalsIgnoreCase(bytes, start, end, '100-continue');
}

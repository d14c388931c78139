// Which protocol of a client's Upgrade field is asked for upstream (RFC 9110 section 7.8): the
// first token of the client's list that the route allows. Nothing else of the field is forwarded.

import type { RequestHead, ResponseHead } from '../http/message_head.ts';
import { Framing } from '../http/message_head.ts';
import { equalsIgnoreCase, rangesEqualIgnoreCase } from '../http/text.ts';

const COMMA = 0x2c;
const SPACE = 0x20;
const TAB = 0x09;

/**
 * Narrows the head's Upgrade to one allowed token, or drops it so that the request is served as
 * HTTP/1.1. Dropped, too: in HTTP/1.0 (section 7.8: MUST ignore) and in a request with content,
 * where it would be unclear which bytes belong to which protocol.
 */
export function selectUpgrade(
  bytes: Uint8Array,
  head: RequestHead,
  allowed: readonly string[],
): void {
  let at = head.upgradeStart;
  const end = head.upgradeEnd;
  if (at === end) return;
  const mayUpgrade = head.version === 11 && head.framing === Framing.NONE;
  while (mayUpgrade && at < end) {
    while (at < end && isSeparator(bytes[at]!)) at++;
    let tokenEnd = at;
    while (tokenEnd < end && !isSeparator(bytes[tokenEnd]!)) tokenEnd++;
    for (let i = 0; i < allowed.length; i++) {
      if (!equalsIgnoreCase(bytes, at, tokenEnd, allowed[i]!)) continue;
      head.upgradeStart = at;
      head.upgradeEnd = tokenEnd;
      return;
    }
    at = tokenEnd;
  }
  head.upgradeEnd = head.upgradeStart;
}

/** RFC 9110 section 7.8: a server MUST NOT switch to a protocol that was not indicated. */
export function isUpgradeAskedFor(
  bytes: Uint8Array,
  head: RequestHead,
  answer: ResponseHead,
): boolean {
  if (head.upgradeStart === head.upgradeEnd) return false;
  return rangesEqualIgnoreCase(
    bytes,
    head.upgradeStart,
    head.upgradeEnd,
    answer.upgradeStart,
    answer.upgradeEnd,
  );
}

function isSeparator(byte: number): boolean {
  return byte === COMMA || byte === SPACE || byte === TAB;
}

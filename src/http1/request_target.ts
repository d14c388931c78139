// What a request target means (RFC 9112 section 3.2): its form, the authority that it names, its
// path. The request line has checked the bytes already. `identify` only looks; `normalize` rewrites
// in place once the head is complete.
//
//   ORIGIN     /path?query             ABSOLUTE  http://authority/path?query
//   AUTHORITY  host:port, of CONNECT   ASTERISK  *, of OPTIONS

import { isAuthority, isAuthorityWithPort } from '../http/host.ts';
import type { RequestHead } from '../http/message_head.ts';
import { TargetForm } from '../http/message_head.ts';
import { Method } from '../http/methods.ts';
import { findPathDoubts, hasEscapes, normalizePath } from '../http/target.ts';
import type { RequestLine } from './request_line.ts';

const ASTERISK = 0x2a;
const SLASH = 0x2f;
const QUESTION = 0x3f;
const SMALL_S = 0x73;
const HTTP = [0x68, 0x74, 0x74, 0x70] as const;
const SEPARATOR = [0x3a, 0x2f, 0x2f] as const;

/**
 * Finds form, authority and path of the target. False where it is none that the method may have.
 */
export function identifyTarget(bytes: Uint8Array, line: RequestLine, head: RequestHead): boolean {
  const start = line.targetStart;
  const end = line.targetEnd;
  head.targetStart = start;
  head.targetEnd = end;
  head.pathEnd = line.query >= 0 ? line.query : end;
  head.authorityStart = 0;
  head.authorityEnd = 0;
  head.isTargetSecure = false;
  if (head.method === Method.CONNECT) {
    // RFC 9112 section 3.2.3: only the authority form, and only here.
    head.targetForm = TargetForm.AUTHORITY;
    head.authorityStart = start;
    head.authorityEnd = end;
    head.pathEnd = end;
    return isAuthorityWithPort(bytes, start, end);
  }
  if (bytes[start] === SLASH) {
    head.targetForm = TargetForm.ORIGIN;
    return true;
  }
  if (bytes[start] === ASTERISK) {
    // RFC 9112 section 3.2.4: of OPTIONS only.
    head.targetForm = TargetForm.ASTERISK;
    return end - start === 1 && head.method === Method.OPTIONS;
  }
  head.targetForm = TargetForm.ABSOLUTE;
  return identifyAbsolute(bytes, start, end, head);
}

// http://authority[/path][?query] (RFC 9110 section 4.2); other schemes are not ours to serve.
function identifyAbsolute(
  bytes: Uint8Array,
  start: number,
  end: number,
  head: RequestHead,
): boolean {
  const authority = skipScheme(bytes, start, end);
  if (authority < 0) return false;
  let authorityEnd = authority;
  while (authorityEnd < end) {
    if (bytes[authorityEnd] === SLASH || bytes[authorityEnd] === QUESTION) break;
    authorityEnd++;
  }
  head.authorityStart = authority;
  head.authorityEnd = authorityEnd;
  head.targetStart = authorityEnd;
  head.isTargetSecure = (bytes[start + HTTP.length]! | 0x20) === SMALL_S;
  return isAuthority(bytes, authority, authorityEnd);
}

// Behind "http://" or "https://", or -1.
function skipScheme(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  for (let i = 0; i < HTTP.length; i++, at++) {
    if (at === end || (bytes[at]! | 0x20) !== HTTP[i]) return -1;
  }
  if (at < end && (bytes[at]! | 0x20) === SMALL_S) at++;
  for (let i = 0; i < SEPARATOR.length; i++, at++) {
    if (at === end || bytes[at] !== SEPARATOR[i]) return -1;
  }
  return at;
}

/**
 * Brings the target of a complete head into the form that is matched and forwarded, in place, and
 * notes what is doubtful about its path.
 */
export function normalizeTarget(
  bytes: Uint8Array,
  head: RequestHead,
  needsNormalizing: boolean,
): void {
  head.pathDoubts = 0;
  head.hasPathEscapes = false;
  if (head.targetForm === TargetForm.ABSOLUTE && head.pathEnd === head.targetStart) {
    openPath(bytes, head);
    return;
  }
  if (!needsNormalizing || bytes[head.targetStart] !== SLASH) return;
  head.pathDoubts = findPathDoubts(bytes, head.targetStart, head.pathEnd);
  const pathEnd = normalizePath(bytes, head.targetStart, head.pathEnd);
  head.hasPathEscapes = hasEscapes(bytes, head.targetStart, pathEnd);
  if (pathEnd !== head.pathEnd) {
    bytes.copyWithin(pathEnd, head.pathEnd, head.targetEnd);
    head.targetEnd -= head.pathEnd - pathEnd;
    head.pathEnd = pathEnd;
  }
}

// An absolute target without a path: "/", or "*" for OPTIONS without a query (RFC 9112 section
// 3.2.4). The authority moves a byte to the left, over the scheme's last slash, to make room.
function openPath(bytes: Uint8Array, head: RequestHead): void {
  bytes.copyWithin(head.authorityStart - 1, head.authorityStart, head.authorityEnd);
  head.authorityStart--;
  head.authorityEnd--;
  head.targetStart--;
  const isServer = head.method === Method.OPTIONS && head.targetEnd === head.pathEnd;
  bytes[head.targetStart] = isServer ? ASTERISK : SLASH;
}

// The heads of requests and responses as every protocol version decodes them: integers that point
// into the arena, and the answers to the questions that a proxy asks of each message. A codec fills
// them, the exchange edits the header block, another codec writes them out. They are reused, never
// collected.

import { HeaderBlock } from './header_block.ts';
import { Method } from './methods.ts';

/**
 * How a message's body is delimited (RFC 9112 section 6.3; HTTP/2 uses NONE, LENGTH and UNKNOWN).
 */
export const Framing = {
  /** No body. */
  NONE: 0,
  /** `contentLength` bytes. */
  LENGTH: 1,
  /** Chunked in HTTP/1, a stream without content-length in HTTP/2: the end is marked. */
  CHUNKED: 2,
  /** Until the connection closes: responses in HTTP/1 only. */
  CLOSE: 3,
} as const;
export type Framing = (typeof Framing)[keyof typeof Framing];

/** The form of a request target (RFC 9112 section 3.2). */
export const TargetForm = { ORIGIN: 0, ABSOLUTE: 1, AUTHORITY: 2, ASTERISK: 3 } as const;
export type TargetForm = (typeof TargetForm)[keyof typeof TargetForm];

// What a decoder leaves in `fields`: everything but the fields that concern one hop (RFC 9110
// section 7.6.1): Connection and what it lists, Keep-Alive, Proxy-Connection, TE,
// Transfer-Encoding, Upgrade, HTTP2-Settings, Proxy-Authorization, Proxy-Authenticate. What they
// said is in the head's properties. Of equal Content-Lengths one is left, as a plain number. An
// encoder adds the ones its own hop needs.

/** A request's head. All offsets are into the arena. */
export class RequestHead {
  readonly fields: HeaderBlock = new HeaderBlock();
  method: Method = Method.GET;
  methodStart = 0;
  methodEnd = 0;
  targetForm: TargetForm = TargetForm.ORIGIN;
  /** An absolute target whose scheme is `https`. */
  isTargetSecure = false;
  /** Path and query in the normalised form that is matched and forwarded ("/..." or "*"). */
  targetStart = 0;
  targetEnd = 0;
  /** End of the path; equal to `targetEnd` where there is no query, else the offset of `?`. */
  pathEnd = 0;
  /** `PathDoubt` bits (target.ts) of the path as it was received; almost always 0. */
  pathDoubts = 0;
  /** The normalised path has escapes. */
  hasPathEscapes = false;
  /**
   * Host and port as the client named them (absolute target first, then Host); empty in HTTP/1.0
   * only.
   */
  authorityStart = 0;
  authorityEnd = 0;
  /** 10 or 11 for HTTP/1.x (a higher minor version counts as 11), 20 for HTTP/2. */
  version = 11;
  framing: Framing = Framing.NONE;
  /** Of Framing.LENGTH; -1 where the message has no Content-Length. */
  contentLength = -1;
  /** The client may send another request after this one. */
  isPersistent = true;
  /** `Expect: 100-continue` in a request of version 1.1 or higher that has a body. */
  expectsContinue = false;
  /** `TE: trailers` was offered. */
  acceptsTrailers = false;
  /**
   * Value of `Upgrade` where `Connection: upgrade` covers it (RFC 9110 section 7.8); empty
   * otherwise.
   */
  upgradeStart = 0;
  upgradeEnd = 0;
  /** Body bytes or the end of the body are at hand: see exchange_contract.ts. */
  bodyFollows = false;
}

/** A response's head. */
export class ResponseHead {
  readonly fields: HeaderBlock = new HeaderBlock();
  status = 0;
  reasonStart = 0;
  reasonEnd = 0;
  /** 10 or 11 for HTTP/1.x, 20 for HTTP/2. */
  version = 11;
  framing: Framing = Framing.NONE;
  /**
   * Value of Content-Length, -1 where there is none. With Framing.NONE (an answer to HEAD, a 304)
   * it is what the body would have had, and is forwarded.
   */
  contentLength = -1;
  /** The upstream keeps the connection after this response. */
  isPersistent = true;
  /** Value of `Upgrade` in a 101 (and 426); empty otherwise. */
  upgradeStart = 0;
  upgradeEnd = 0;
  /** Body bytes or the end of the body are at hand: see exchange_contract.ts. */
  bodyFollows = false;
}

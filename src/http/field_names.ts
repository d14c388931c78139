// Field names that mean something to a proxy, each with a number below 64. Everything else is
// UNKNOWN and only forwarded. Names are compared without regard to case (RFC 9110 section 5.1).

import { assert } from '../base/assert.ts';

/** A known field name, or UNKNOWN. */
export const FieldId = {
  UNKNOWN: 0,
  HOST: 1,
  CONNECTION: 2,
  KEEP_ALIVE: 3,
  PROXY_CONNECTION: 4,
  TE: 5,
  TRAILER: 6,
  TRANSFER_ENCODING: 7,
  UPGRADE: 8,
  CONTENT_LENGTH: 9,
  EXPECT: 10,
  VIA: 11,
  DATE: 12,
  MAX_FORWARDS: 13,
  FORWARDED: 14,
  X_FORWARDED_FOR: 15,
  X_FORWARDED_PROTO: 16,
  X_FORWARDED_HOST: 17,
  X_REQUEST_ID: 18,
  HTTP2_SETTINGS: 19,
  COOKIE: 20,
  AUTHORIZATION: 21,
  USER_AGENT: 22,
  REFERER: 23,
  SERVER: 24,
  CONTENT_TYPE: 25,
  CONTENT_ENCODING: 26,
  PROXY_AUTHENTICATE: 27,
  PROXY_AUTHORIZATION: 28,
  PROXY_STATUS: 29,
  X_FORWARDED_PORT: 30,
  X_REAL_IP: 31,
  SEC_WEBSOCKET_KEY: 32,
  SET_COOKIE: 33,
  CACHE_CONTROL: 34,
  ETAG: 35,
  RETRY_AFTER: 36,
  PROXY_AUTHENTICATION_INFO: 37,
  WWW_AUTHENTICATE: 38,
  AUTHENTICATION_INFO: 39,
  LOCATION: 40,
  AGE: 41,
  EXPIRES: 42,
  VARY: 43,
  WARNING: 44,
  PRAGMA: 45,
  RANGE: 46,
  IF_MATCH: 47,
  IF_NONE_MATCH: 48,
  IF_MODIFIED_SINCE: 49,
  IF_UNMODIFIED_SINCE: 50,
  IF_RANGE: 51,
} as const;
export type FieldId = (typeof FieldId)[keyof typeof FieldId];

/** Bits of `FIELD_TRAITS`. */
export const FieldTrait = {
  /** Concerns one hop only (RFC 9110 section 7.6.1 and 11.7): decoders take it out of the block. */
  HOP: 1,
  /** Not removed because a `Connection` field lists it: see connection_options.ts. */
  KEPT: 2,
  /** Not allowed in a trailer section (RFC 9110 section 6.5.1). */
  NO_TRAILER: 4,
  /** Says something about its hop or its message's framing: HTTP/1 decoders read the value. */
  NOTED: 8,
} as const;

const { HOP, KEPT, NO_TRAILER, NOTED } = FieldTrait;

// Name and traits of each known field, in the order of FieldId.
const FIELDS: readonly (readonly [string, number])[] = [
  ['', 0],
  ['Host', KEPT | NO_TRAILER | NOTED],
  ['Connection', HOP | NO_TRAILER | NOTED],
  ['Keep-Alive', HOP | NO_TRAILER | NOTED],
  ['Proxy-Connection', HOP | NO_TRAILER | NOTED],
  ['TE', HOP | NO_TRAILER | NOTED],
  ['Trailer', NO_TRAILER],
  ['Transfer-Encoding', HOP | NO_TRAILER | NOTED],
  ['Upgrade', HOP | NO_TRAILER | NOTED],
  ['Content-Length', KEPT | NO_TRAILER | NOTED],
  ['Expect', KEPT | NO_TRAILER | NOTED],
  ['Via', KEPT | NO_TRAILER],
  ['Date', KEPT | NO_TRAILER],
  ['Max-Forwards', KEPT | NO_TRAILER],
  ['Forwarded', KEPT | NO_TRAILER],
  ['X-Forwarded-For', KEPT | NO_TRAILER],
  ['X-Forwarded-Proto', KEPT | NO_TRAILER],
  ['X-Forwarded-Host', KEPT | NO_TRAILER],
  ['X-Request-ID', KEPT | NO_TRAILER],
  ['HTTP2-Settings', HOP | NO_TRAILER | NOTED],
  ['Cookie', KEPT | NO_TRAILER],
  ['Authorization', KEPT | NO_TRAILER],
  ['User-Agent', 0],
  ['Referer', 0],
  ['Server', 0],
  ['Content-Type', KEPT | NO_TRAILER],
  ['Content-Encoding', KEPT | NO_TRAILER],
  ['Proxy-Authenticate', HOP | NO_TRAILER | NOTED],
  ['Proxy-Authorization', HOP | NO_TRAILER | NOTED],
  ['Proxy-Status', KEPT],
  ['X-Forwarded-Port', KEPT | NO_TRAILER],
  ['X-Real-IP', KEPT | NO_TRAILER],
  ['Sec-WebSocket-Key', NO_TRAILER],
  ['Set-Cookie', KEPT | NO_TRAILER],
  ['Cache-Control', KEPT | NO_TRAILER],
  ['ETag', 0],
  ['Retry-After', NO_TRAILER],
  ['Proxy-Authentication-Info', HOP | NO_TRAILER | NOTED],
  ['WWW-Authenticate', KEPT | NO_TRAILER],
  ['Authentication-Info', NO_TRAILER],
  ['Location', KEPT | NO_TRAILER],
  ['Age', NO_TRAILER],
  ['Expires', KEPT | NO_TRAILER],
  ['Vary', KEPT | NO_TRAILER],
  ['Warning', NO_TRAILER],
  ['Pragma', KEPT | NO_TRAILER],
  ['Range', NO_TRAILER],
  ['If-Match', KEPT | NO_TRAILER],
  ['If-None-Match', KEPT | NO_TRAILER],
  ['If-Modified-Since', KEPT | NO_TRAILER],
  ['If-Unmodified-Since', KEPT | NO_TRAILER],
  ['If-Range', KEPT | NO_TRAILER],
];

/** Traits of each known field, indexed by FieldId. UNKNOWN has none. */
export const FIELD_TRAITS: Uint8Array = Uint8Array.from(FIELDS, (field) => field[1]);

// Identification: a hash of length, first and last but one letter picks one candidate, whose bytes
// are compared. `makeCandidates` proves when the module loads that no two known names share a slot.
//
//   slot = (length * LENGTH_FACTOR + first * FIRST_FACTOR + lastButOne) & SLOT_MASK
const LENGTH_FACTOR = 4;
const FIRST_FACTOR = 69;
const SLOT_MASK = 255;
/** Longest known name, and the room of each in NAME_BYTES. */
const NAME_STRIDE = 32;

const NAME_LENGTHS: Uint8Array = Uint8Array.from(FIELDS, (field) => field[0].length);
const NAME_BYTES: Uint8Array = makeNameBytes();
const CANDIDATES: Uint8Array = makeCandidates();

/**
 * Which known name `bytes[start, end)` is. The range must be a token (checked by whoever received
 * it): among token characters `byte | 0x20` folds exactly the letters.
 */
export function identifyField(bytes: Uint8Array, start: number, end: number): FieldId {
  const length = end - start;
  if (length < 2) return FieldId.UNKNOWN;
  const slot =
    (length * LENGTH_FACTOR + (bytes[start]! | 0x20) * FIRST_FACTOR + (bytes[end - 2]! | 0x20)) &
    SLOT_MASK;
  const id = CANDIDATES[slot]!;
  if (NAME_LENGTHS[id] !== length) return FieldId.UNKNOWN;
  const offset = id * NAME_STRIDE - start;
  for (let i = start; i < end; i++) {
    if ((bytes[i]! | 0x20) !== NAME_BYTES[offset + i]) return FieldId.UNKNOWN;
  }
  return id as FieldId;
}

/** The name as it is written by us; '' for UNKNOWN. */
export function fieldName(id: FieldId): string {
  return FIELDS[id]![0];
}

function makeNameBytes(): Uint8Array {
  const table = new Uint8Array(FIELDS.length * NAME_STRIDE);
  for (const [id, [name]] of FIELDS.entries()) {
    for (let i = 0; i < name.length; i++) table[id * NAME_STRIDE + i] = name.charCodeAt(i) | 0x20;
  }
  return table;
}

function makeCandidates(): Uint8Array {
  const table = new Uint8Array(SLOT_MASK + 1);
  for (const [id, [name]] of FIELDS.entries()) {
    if (name === '') continue;
    const first = name.charCodeAt(0) | 0x20;
    const lastButOne = name.charCodeAt(name.length - 2) | 0x20;
    const slot = (name.length * LENGTH_FACTOR + first * FIRST_FACTOR + lastButOne) & SLOT_MASK;
    assert(table[slot] === 0, 'no two known field names share a slot');
    table[slot] = id;
  }
  return table;
}

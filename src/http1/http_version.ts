// `HTTP-version = "HTTP/" DIGIT "." DIGIT` (RFC 9112 section 2.3), judged byte by byte, so that
// what is no version is refused at its first wrong byte.

const NAME = [0x48, 0x54, 0x54, 0x50, 0x2f] as const; // "HTTP/"
const MAJOR = 5;
const DOT = 6;
const MINOR = 7;

/** Bytes of a version. */
export const VERSION_BYTES = 8;

/** Results of `parseVersion` that are no version. */
export const VERSION_MALFORMED = -1;
export const VERSION_INCOMPLETE = 0;
/** Well-formed, but the major version is not 1. */
export const VERSION_UNSUPPORTED = 1;

/** 10 for HTTP/1.0, 11 for any later 1.x, or one of the three constants. */
export function parseVersion(bytes: Uint8Array, start: number, end: number): number {
  const available = end - start;
  for (let i = 0; i < NAME.length; i++) {
    if (i >= available) return VERSION_INCOMPLETE;
    if (bytes[start + i] !== NAME[i]) return VERSION_MALFORMED;
  }
  if (available <= MAJOR) return VERSION_INCOMPLETE;
  if (!isDigit(bytes[start + MAJOR]!)) return VERSION_MALFORMED;
  if (available <= DOT) return VERSION_INCOMPLETE;
  if (bytes[start + DOT] !== 0x2e) return VERSION_MALFORMED;
  if (available <= MINOR) return VERSION_INCOMPLETE;
  if (!isDigit(bytes[start + MINOR]!)) return VERSION_MALFORMED;
  if (bytes[start + MAJOR] !== 0x31) return VERSION_UNSUPPORTED;
  return bytes[start + MINOR] === 0x30 ? 10 : 11;
}

function isDigit(byte: number): boolean {
  return byte >= 0x30 && byte <= 0x39;
}

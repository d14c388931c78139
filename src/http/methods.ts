// Request methods (RFC 9110 section 9, RFC 5789): the ones with meaning for a proxy have a number.

/** A method; OTHER is any other token, whose bytes are forwarded as they are. */
export const Method = {
  OTHER: 0,
  GET: 1,
  HEAD: 2,
  POST: 3,
  PUT: 4,
  DELETE: 5,
  CONNECT: 6,
  OPTIONS: 7,
  TRACE: 8,
  PATCH: 9,
} as const;
export type Method = (typeof Method)[keyof typeof Method];

const NAMES = ['', 'GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'CONNECT', 'OPTIONS', 'TRACE', 'PATCH'];

/** Which method `bytes[start, end)` is. Methods are case-sensitive. */
export function identifyMethod(bytes: Uint8Array, start: number, end: number): Method {
  const first = bytes[start]!;
  const byteCount = end - start;
  if (first === 0x47 && byteCount === 3) return match(bytes, start, Method.GET);
  if (first === 0x50) {
    if (byteCount === 4) return match(bytes, start, Method.POST);
    if (byteCount === 3) return match(bytes, start, Method.PUT);
    if (byteCount === 5) return match(bytes, start, Method.PATCH);
    return Method.OTHER;
  }
  for (let method: number = Method.HEAD; method < NAMES.length; method++) {
    if (NAMES[method]!.length === byteCount && match(bytes, start, method as Method) !== 0) {
      return method as Method;
    }
  }
  return Method.OTHER;
}

/** Safe to send twice (RFC 9110 section 9.2.2). */
export function isIdempotent(method: Method): boolean {
  return (
    method !== Method.OTHER &&
    method !== Method.POST &&
    method !== Method.PATCH &&
    method !== Method.CONNECT
  );
}

/** The method's text; '' for OTHER. */
export function methodName(method: Method): string {
  return NAMES[method]!;
}

function match(bytes: Uint8Array, start: number, method: Method): Method {
  const name = NAMES[method]!;
  for (let i = 0; i < name.length; i++) {
    if (bytes[start + i] !== name.charCodeAt(i)) return Method.OTHER;
  }
  return method;
}

// The host inside an authority (`host`, `host:port`, `[::1]:port`) as routes compare it: without
// port, brackets and the dot of a fully qualified name. Works on ranges; the authority was
// validated by the codec.

const COLON = 0x3a;
const DOT = 0x2e;
const BRACKET_OPEN = 0x5b;
const BRACKET_CLOSE = 0x5d;

/** Where the host of the authority `bytes[start, end)` begins. */
export function hostStart(bytes: Uint8Array, start: number, end: number): number {
  return start < end && bytes[start] === BRACKET_OPEN ? start + 1 : start;
}

/** Where the host of the authority `bytes[start, end)` ends. */
export function hostEnd(bytes: Uint8Array, start: number, end: number): number {
  const isBracketed = start < end && bytes[start] === BRACKET_OPEN;
  const stop = isBracketed ? BRACKET_CLOSE : COLON;
  let at = start;
  while (at < end && bytes[at] !== stop) at++;
  return at > start && bytes[at - 1] === DOT ? at - 1 : at;
}

/** The same for a configured host, as text in lower case. */
export function hostOfText(authority: string): string {
  const bytes = new Uint8Array(authority.length);
  for (let i = 0; i < authority.length; i++) bytes[i] = authority.charCodeAt(i);
  // A bare IPv6 address is full of colons and has no port.
  const isBareIpv6 =
    authority.indexOf(':') !== authority.lastIndexOf(':') && bytes[0] !== BRACKET_OPEN;
  if (isBareIpv6) return authority.toLowerCase();
  const start = hostStart(bytes, 0, bytes.length);
  return authority.slice(start, hostEnd(bytes, 0, bytes.length)).toLowerCase();
}

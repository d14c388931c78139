// The host inside an authority (`host`, `host:port`, `[::1]:port`) as routes compare it: without
// port and without the dot of a fully qualified name; an IPv6 address keeps its brackets. Works on
// ranges; the authority was validated by the codec.

const COLON = 0x3a;
const DOT = 0x2e;
const ZERO = 0x30;
const NINE = 0x39;

/** Where the host of the authority `bytes[start, end)` ends. It begins at `start`. */
export function hostEnd(bytes: Uint8Array, start: number, end: number): number {
  let at = end;
  // From the end: most hosts end in a letter, and have no port then.
  while (at > start && bytes[at - 1]! >= ZERO && bytes[at - 1]! <= NINE) at--;
  const hostStop = at > start && bytes[at - 1] === COLON ? at - 1 : end;
  return hostStop > start && bytes[hostStop - 1] === DOT ? hostStop - 1 : hostStop;
}

// Text in the arena: comparing it without making strings, and making strings where a cold path
// wants one.

/** ASCII lower case of each byte value; others stay. */
export const LOWER: Uint8Array = makeLower();

/**
 * The bytes as a string, each byte one character. Allocates: for logs, errors and configuration.
 */
export function latin1Text(bytes: Uint8Array, start: number, end: number): string {
  let text = '';
  for (let i = start; i < end; i++) text += String.fromCharCode(bytes[i]!);
  return text;
}

/** Whether `bytes[start, end)` is `text` (latin1), to the byte. */
export function equalsText(bytes: Uint8Array, start: number, end: number, text: string): boolean {
  if (end - start !== text.length) return false;
  for (let i = 0; i < text.length; i++) {
    if (bytes[start + i] !== text.charCodeAt(i)) return false;
  }
  return true;
}

/** Whether `bytes[start, end)` is `lowerText` (ASCII, lower case) without regard to case. */
export function equalsIgnoreCase(
  bytes: Uint8Array,
  start: number,
  end: number,
  lowerText: string,
): boolean {
  if (end - start !== lowerText.length) return false;
  for (let i = 0; i < lowerText.length; i++) {
    if (LOWER[bytes[start + i]!] !== lowerText.charCodeAt(i)) return false;
  }
  return true;
}

/** Whether two ranges hold the same bytes without regard to ASCII case. */
export function rangesEqualIgnoreCase(
  bytes: Uint8Array,
  start: number,
  end: number,
  otherStart: number,
  otherEnd: number,
): boolean {
  if (end - start !== otherEnd - otherStart) return false;
  for (let i = start, j = otherStart; i < end; i++, j++) {
    if (LOWER[bytes[i]!] !== LOWER[bytes[j]!]) return false;
  }
  return true;
}

/**
 * Writes `value` (a non-negative safe integer) in decimal at `at`; returns the offset behind it.
 */
export function writeDecimal(bytes: Uint8Array, at: number, value: number): number {
  let end = at + 1;
  for (let rest = value; rest >= 10; rest = Math.floor(rest / 10)) end++;
  let rest = value;
  for (let i = end - 1; i >= at; i--) {
    const next = Math.floor(rest / 10);
    bytes[i] = 0x30 + (rest - next * 10);
    rest = next;
  }
  return end;
}

function makeLower(): Uint8Array {
  const table = new Uint8Array(256);
  for (let byte = 0; byte < 256; byte++) {
    table[byte] = byte >= 0x41 && byte <= 0x5a ? byte | 0x20 : byte;
  }
  return table;
}

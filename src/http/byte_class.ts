// What each byte value may be part of: one table of bits for the decoders' inner loops, and the
// value of each hexadecimal digit. RFC 9110 section 5.6.2 (token) and 5.5 (field-value), RFC 3986
// section 2.

/** Bits of `BYTE_CLASS`. */
export const ByteClass = {
  /** tchar: method and field names. */
  TOKEN: 1,
  /** `_`: lets the loop over a field name notice underscores as it goes. */
  UNDERSCORE: 2,
  /** Field value and reason phrase: HTAB, SP, VCHAR and obs-text. */
  VALUE: 4,
  /** Request target: 0x21 to 0x7E but `#`. More than RFC 3986 has, because browsers send more. */
  TARGET: 8,
  /** Of these, what needs no look in a path: all but `%`, `?`, `.` and `\`. */
  PATH: 16,
  /** reg-name of a host without escapes: unreserved and sub-delims. */
  HOST: 32,
  /** Unreserved: an escape of one of these is the same as the character itself. */
  UNRESERVED: 64,
} as const;

/** The classes of each byte value. */
export const BYTE_CLASS: Uint8Array = makeClasses();

/** Not a hexadecimal digit. */
export const NOT_HEX = 255;

/** The value of each hexadecimal digit, else NOT_HEX. */
export const HEX_VALUE: Uint8Array = makeHexValues();

function makeClasses(): Uint8Array {
  const table = new Uint8Array(256);
  for (let byte = 0; byte < 256; byte++) {
    const character = String.fromCharCode(byte);
    const isAlphanumeric = /^[0-9A-Za-z]$/.test(character);
    const isVisible = byte > 0x20 && byte < 0x7f;
    const isUnreserved = isAlphanumeric || '-._~'.includes(character);
    let bits = 0;
    if (isAlphanumeric || "!#$%&'*+-.^_`|~".includes(character)) {
      bits |= ByteClass.TOKEN;
      if (character === '_') bits |= ByteClass.UNDERSCORE;
    }
    if (isVisible || byte === 0x20 || byte === 0x09 || byte >= 0x80) bits |= ByteClass.VALUE;
    if (isVisible && character !== '#') {
      bits |= ByteClass.TARGET;
      if (!'%?.\\'.includes(character)) bits |= ByteClass.PATH;
    }
    if (isUnreserved || "!$&'()*+,;=".includes(character)) bits |= ByteClass.HOST;
    if (isUnreserved) bits |= ByteClass.UNRESERVED;
    table[byte] = bits;
  }
  return table;
}

function makeHexValues(): Uint8Array {
  const table = new Uint8Array(256).fill(NOT_HEX);
  for (let value = 0; value < 16; value++) {
    const digit = value.toString(16);
    table[digit.charCodeAt(0)] = value;
    table[digit.toUpperCase().charCodeAt(0)] = value;
  }
  return table;
}

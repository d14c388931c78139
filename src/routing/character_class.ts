// Patterns that are one class of bytes, repeated: `\d+`, `[a-z0-9-]*`, `\w{8}`. They are most of
// what routes ask of a parameter, and can be matched over bytes without making a string. What is
// not certainly of this form is left to the linear engine. Compile-time only.

/** A repeated class. */
export interface CharacterClass {
  /** 256 bytes, 1 for a member. */
  readonly members: Uint8Array;
  readonly countMin: number;
  readonly countMax: number;
}

/** Stands for "no upper bound". */
export const COUNT_UNBOUNDED = 0x3fffffff;

const ESCAPED_CLASSES: Readonly<Record<string, RegExp>> = {
  d: /[0-9]/,
  D: /[^0-9]/,
  w: /[A-Za-z0-9_]/,
  W: /[^A-Za-z0-9_]/,
};
const PUNCTUATION = /[-!"#$%&'()*+,./:;<=>?@[\]^_`{|}~\\]/;

/** Reads the source of a pattern; null where it is none of that form. */
export function readCharacterClass(source: string): CharacterClass | null {
  const end = endOfClass(source);
  if (end < 0) return null;
  const members = membersOf(source.slice(0, end));
  const counts = readCounts(source.slice(end));
  return members === null || counts === null
    ? null
    : { members, countMin: counts[0], countMax: counts[1] };
}

/** Offset behind the class that `source` begins with, or -1. */
function endOfClass(source: string): number {
  if (source.startsWith('\\')) return source.length > 1 ? 2 : -1;
  if (source.startsWith('[')) {
    for (let i = 1; i < source.length; i++) {
      if (source[i] === '\\') i++;
      else if (source[i] === ']') return i + 1;
    }
    return -1;
  }
  return source.startsWith('.') ? 1 : -1;
}

function membersOf(source: string): Uint8Array | null {
  if (source === '.') return fill((byte) => byte !== 0x0a && byte !== 0x0d);
  if (source.startsWith('\\')) return membersOfEscape(source[1]!);
  return membersOfBrackets(source.slice(1, -1));
}

function membersOfEscape(letter: string): Uint8Array | null {
  const known = ESCAPED_CLASSES[letter];
  if (known !== undefined) return fill((byte) => known.test(String.fromCharCode(byte)));
  if (!PUNCTUATION.test(letter)) return null;
  return fill((byte) => byte === letter.charCodeAt(0));
}

/** What stands in brackets: characters, ranges of them, escaped classes. */
function membersOfBrackets(inner: string): Uint8Array | null {
  const isNegated = inner.startsWith('^');
  const members = new Uint8Array(256);
  let from = -1; // start of a range whose end may follow
  for (let i = isNegated ? 1 : 0; i < inner.length; i++) {
    let character = inner[i]!;
    if (character === '-' && from >= 0 && i + 1 < inner.length) {
      character = inner[++i]!;
      if (character === '\\') {
        character = inner[++i] ?? '';
        if (!PUNCTUATION.test(character)) return null;
      }
      const to = character.charCodeAt(0);
      if (to > 255 || to < from) return null;
      members.fill(1, from, to + 1);
      from = -1;
      continue;
    }
    if (character === '\\') {
      character = inner[++i] ?? '';
      if (ESCAPED_CLASSES[character] !== undefined) {
        // `\d-x` means three things to three engines.
        if (inner[i + 1] === '-' && i + 2 < inner.length) return null;
        const known = membersOfEscape(character)!;
        for (let byte = 0; byte < 256; byte++) if (known[byte] === 1) members[byte] = 1;
        from = -1;
        continue;
      }
      if (!PUNCTUATION.test(character)) return null;
    }
    from = character.charCodeAt(0);
    if (from > 255) return null;
    members[from] = 1;
  }
  return isNegated ? members.map((member) => 1 - member) : members;
}

/** What stands behind the class: how often. */
function readCounts(source: string): [number, number] | null {
  if (source === '') return [1, 1];
  if (source === '+') return [1, COUNT_UNBOUNDED];
  if (source === '*') return [0, COUNT_UNBOUNDED];
  const braces = /^\{(\d{1,4})(,(\d{0,4}))?\}$/.exec(source);
  if (braces === null) return null;
  const countMin = Number(braces[1]);
  if (braces[2] === undefined) return [countMin, countMin];
  const countMax = braces[3] === '' ? COUNT_UNBOUNDED : Number(braces[3]);
  return countMax < countMin ? null : [countMin, countMax];
}

function fill(isIn: (byte: number) => boolean): Uint8Array {
  const members = new Uint8Array(256);
  for (let byte = 0; byte < 256; byte++) members[byte] = isIn(byte) ? 1 : 0;
  return members;
}

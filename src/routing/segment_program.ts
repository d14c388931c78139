// How the segments with parameters are matched, as integers: compiled here, run by
// segment_matcher.ts. Segments of the same shape share a program.
//
//   program: | kind | parameters | prefix start | prefix length | then per parameter five integers:
//     TEXTS, CLASSES      | class | count min | count max | text start | text length |
//     PATTERN, PATTERNS   | pattern | group   | 0         | text start | text length |
//
// "text" is what follows the parameter. A parameter that is the whole segment has no program but a
// number that stands for it. The others, each as cheap as it can be:
//   TEXTS     parameters without pattern; each takes as little as it can
//   CLASSES   each a repeated class that the text behind it cannot continue: no choice
//   PATTERN   one parameter with a pattern: what is between the texts goes to the engine
//   PATTERNS  anything else: the engine matches the whole segment

import type { CharacterClass } from './character_class.ts';
import { readCharacterClass } from './character_class.ts';
import type { PathSegment } from './path_pattern.ts';
import { segmentShape } from './path_pattern.ts';
import { segmentSource } from './segment_source.ts';
import type { TextPool } from './text_pool.ts';

export const ProgramKind = { TEXTS: 0, CLASSES: 1, PATTERN: 2, PATTERNS: 3 } as const;
export type ProgramKind = (typeof ProgramKind)[keyof typeof ProgramKind];

/** Stands for the program of one parameter without pattern that is the whole segment. */
export const PROGRAM_ANY = -1;

/** Offsets into a program, and into the part of each parameter. */
export const PROGRAM_KIND = 0;
export const PROGRAM_COUNT = 1;
export const PROGRAM_PREFIX_START = 2;
export const PROGRAM_PREFIX_LENGTH = 3;
export const PROGRAM_HEAD = 4;
export const PARAMETER_STRIDE = 5;
export const PARAMETER_CLASS = 0;
export const PARAMETER_COUNT_MIN = 1;
export const PARAMETER_COUNT_MAX = 2;
export const PARAMETER_PATTERN = 0;
export const PARAMETER_GROUP = 1;
export const PARAMETER_TEXT_START = 3;
export const PARAMETER_TEXT_LENGTH = 4;
/** Bytes of a class. */
export const CLASS_STRIDE = 256;

/** A parameter and the text behind it. */
interface Piece {
  readonly pattern: string;
  readonly text: string;
}

export class SegmentProgramBuilder {
  readonly #pool: TextPool;
  readonly #code: number[] = [];
  readonly #programs = new Map<string, number>();
  readonly #classes: Uint8Array[] = [];
  readonly #classIndexes = new Map<string, number>();
  readonly #patterns: string[] = [];
  readonly #patternIndexes = new Map<string, number>();

  constructor(pool: TextPool) {
    this.#pool = pool;
  }

  /** Where the program of a segment that has a parameter begins. */
  add(segment: PathSegment): number {
    const shape = segmentShape(segment);
    if (shape === ':') return PROGRAM_ANY;
    const known = this.#programs.get(shape);
    if (known !== undefined) return known;
    const program = this.#code.length;
    this.#programs.set(shape, program);
    this.#compile(segment);
    return program;
  }

  code(): Int32Array {
    return Int32Array.from(this.#code);
  }

  classes(): Uint8Array {
    const bytes = new Uint8Array(this.#classes.length * CLASS_STRIDE);
    this.#classes.forEach((members, index) => {
      bytes.set(members, index * CLASS_STRIDE);
    });
    return bytes;
  }

  /** Sources for the linear engine. */
  patterns(): string[] {
    return this.#patterns;
  }

  /** The index of a source for the linear engine. */
  addPattern(source: string): number {
    const known = this.#patternIndexes.get(source);
    if (known !== undefined) return known;
    this.#patternIndexes.set(source, this.#patterns.length);
    return this.#patterns.push(source) - 1;
  }

  #compile(segment: PathSegment): void {
    const prefix = segment[0]!.kind === 'text' ? segment[0]!.text : '';
    const pieces = piecesOf(segment);
    const classes = pieces.map((piece) => classOf(piece));
    const isPlain = pieces.every((piece) => piece.pattern === '');
    if (isPlain) {
      this.#head(ProgramKind.TEXTS, pieces, prefix);
      for (const piece of pieces) this.#parameter(0, 0, 0, piece.text);
    } else if (classes.every((found) => found !== null)) {
      this.#head(ProgramKind.CLASSES, pieces, prefix);
      pieces.forEach((piece, index) => {
        const { members, countMin, countMax } = classes[index]!;
        // A parameter takes a byte at least, whatever its pattern says.
        this.#parameter(this.#addClass(members), Math.max(1, countMin), countMax, piece.text);
      });
    } else if (pieces.length === 1) {
      this.#head(ProgramKind.PATTERN, pieces, prefix);
      this.#parameter(this.addPattern(`^(?:${pieces[0]!.pattern})$`), 0, 0, pieces[0]!.text);
    } else {
      this.#compilePatterns(segment, pieces, prefix);
    }
  }

  #compilePatterns(segment: PathSegment, pieces: readonly Piece[], prefix: string): void {
    const { source, groups } = segmentSource(segment);
    const index = this.addPattern(source);
    this.#head(ProgramKind.PATTERNS, pieces, prefix);
    pieces.forEach(({ text }, at) => {
      this.#parameter(index, groups[at]!, 0, text);
    });
  }

  #head(kind: ProgramKind, pieces: readonly Piece[], prefix: string): void {
    const start = this.#pool.add(prefix);
    this.#code.push(kind, pieces.length, start, this.#pool.lastLength);
  }

  #parameter(first: number, second: number, third: number, text: string): void {
    const start = this.#pool.add(text);
    this.#code.push(first, second, third, start, this.#pool.lastLength);
  }

  #addClass(members: Uint8Array): number {
    const key = members.join('');
    const known = this.#classIndexes.get(key);
    if (known !== undefined) return known;
    this.#classIndexes.set(key, this.#classes.length);
    return this.#classes.push(members) - 1;
  }
}

function piecesOf(segment: PathSegment): Piece[] {
  const pieces: Piece[] = [];
  segment.forEach((part, index) => {
    if (part.kind === 'text') return;
    const next = segment[index + 1];
    pieces.push({ pattern: part.pattern, text: next?.kind === 'text' ? next.text : '' });
  });
  return pieces;
}

/** The class of a piece where a run of it ends exactly where the text behind it begins. */
function classOf(piece: Piece): CharacterClass | null {
  if (piece.pattern === '') return null;
  const found = readCharacterClass(piece.pattern);
  if (found === null || found.countMax === 0) return null;
  const canContinue = piece.text !== '' && found.members[piece.text.charCodeAt(0)] === 1;
  return canContinue ? null : found;
}

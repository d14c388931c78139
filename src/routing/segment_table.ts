// The segments of all path patterns of a table, each once: thousands of routes are made of few.
// Compile-time only.

import type { PathPattern, PathSegment } from './path_pattern.ts';
import { readPathPattern, segmentShape } from './path_pattern.ts';
import { RANK_TEXT, segmentRank } from './path_rank.ts';

/** A segment as the compiler needs it. */
export interface SegmentEntry {
  /** Equal for segments that match the same. */
  readonly id: number;
  /** Of one with parameters. */
  readonly segment: PathSegment;
  /** Of one without parameters, in the spelling for matching. */
  readonly text: string;
  readonly names: readonly string[];
  readonly rank: number;
}

/** One path that a pattern stands for. */
export interface PathDraft {
  /** The path itself where it has no parameters; the rest is empty then. */
  readonly text: string | null;
  readonly segments: readonly SegmentEntry[];
  /** '' for none. */
  readonly wildcard: string;
}

/** Text that stands for nothing but itself: no parameter, wildcard, option or escape. */
const PLAIN = /^[^:*?%(]*$/;
const NO_NAMES: readonly string[] = [];

interface Segments {
  readonly segments: readonly SegmentEntry[];
  readonly wildcard: string;
}

export class SegmentTable {
  /** By shape. */
  readonly #ids = new Map<string, number>();
  readonly #entries = new Map<string, SegmentEntry>();

  /** The paths of a pattern in its normal form: two where the last segment is optional. */
  read(normal: string): PathDraft[] {
    if (PLAIN.test(normal)) return [{ text: normal, segments: [], wildcard: '' }];
    const { segments, wildcard } = normal.includes('(') ? this.#parse(normal) : this.#split(normal);
    const whole = draftOf(segments, wildcard);
    if (!normal.endsWith('?')) return [whole];
    const shorter = segments.slice(0, -1);
    return [whole, draftOf(shorter.length === 0 ? [this.#entry('')] : shorter, '')];
  }

  /** Without regular expressions, which may have slashes. */
  #split(normal: string): Segments {
    const end = normal.endsWith('?') ? normal.length - 1 : normal.length;
    const segments: SegmentEntry[] = [];
    let start = 1;
    for (;;) {
      // Text has no bare star: it is the wildcard.
      if (normal[start] === '*') {
        return { segments, wildcard: start + 1 === end ? '*' : normal.slice(start + 1, end) };
      }
      const slash = normal.indexOf('/', start);
      segments.push(this.#entry(normal.slice(start, slash < 0 ? end : slash)));
      if (slash < 0) return { segments, wildcard: '' };
      start = slash + 1;
    }
  }

  #parse(normal: string): Segments {
    const pattern: PathPattern = readPathPattern(normal);
    const segments = pattern.segments.map((segment) => this.#entryOf(segment));
    return { segments, wildcard: pattern.wildcard };
  }

  #entry(written: string): SegmentEntry {
    const known = this.#entries.get(written);
    if (known !== undefined) return known;
    const entry = PLAIN.test(written)
      ? this.#textEntry(written)
      : this.#entryOf(readPathPattern(`/${written}`).segments[0]!);
    this.#entries.set(written, entry);
    return entry;
  }

  #textEntry(text: string): SegmentEntry {
    return { id: this.#idOf(text), segment: [], text, names: NO_NAMES, rank: RANK_TEXT };
  }

  #idOf(shape: string): number {
    const known = this.#ids.get(shape);
    if (known !== undefined) return known;
    this.#ids.set(shape, this.#ids.size);
    return this.#ids.size - 1;
  }

  #entryOf(segment: PathSegment): SegmentEntry {
    const id = this.#idOf(segmentShape(segment));
    const names: string[] = [];
    let text = '';
    for (const part of segment) {
      if (part.kind === 'parameter') names.push(part.name);
      else text += part.text;
    }
    return { id, segment, text: names.length > 0 ? '' : text, names, rank: segmentRank(segment) };
  }
}

function draftOf(segments: readonly SegmentEntry[], wildcard: string): PathDraft {
  const text = wildcard === '' ? joinedText(segments) : null;
  if (text !== null) return { text, segments: [], wildcard: '' };
  return { text, segments, wildcard };
}

/** Null where there are parameters. */
function joinedText(segments: readonly SegmentEntry[]): string | null {
  let path = '';
  for (const { names, text } of segments) {
    if (names.length > 0) return null;
    path += `/${text}`;
  }
  return path;
}

// Why a path does or does not match a pattern, and which of two patterns comes first: the rules as
// they read, for `explain` and as the model that the route table is held to.

import { compileLinearPattern } from '../base/linear_pattern.ts';
import type { PathPart, PathPattern, PathSegment } from './path_pattern.ts';
import { segmentShape } from './path_pattern.ts';

export interface PathExplanation {
  /** Segments that matched. */
  readonly depth: number;
  /** '' where the path matches. */
  readonly reason: string;
}

/** Holds a pattern (of one variant) against a path in the spelling for matching. */
export function explainPath(pattern: PathPattern, path: string): PathExplanation {
  // RFC 9110 section 9.3.6: CONNECT has no path.
  if (!path.startsWith('/')) return { depth: 0, reason: 'is none' };
  const segments = path.slice(1).split('/');
  const wanted = pattern.segments;
  for (let i = 0; i < wanted.length; i++) {
    if (i === segments.length) {
      return { depth: i, reason: `ends before segment ${i + 1} (wanted ${quote(wanted[i]!)})` };
    }
    if (!matchesSegment(wanted[i]!, segments[i]!)) {
      const got = `"${segments[i]!}"`;
      const reason = `differs at segment ${i + 1} (wanted ${quote(wanted[i]!)}, got ${got})`;
      return { depth: i, reason };
    }
  }
  const depth = wanted.length;
  if (pattern.wildcard !== '') {
    if (segments.length > depth) return { depth, reason: '' };
    return { depth, reason: 'ends before the slash in front of the wildcard' };
  }
  if (segments.length === depth) return { depth, reason: '' };
  const rest = segments.slice(depth).join('/');
  if (rest === '') return { depth, reason: 'has a slash at the end (it counts)' };
  return { depth, reason: `goes on behind segment ${depth} (got "/${rest}")` };
}

/** `order` is negative where `a` is tried first; `reason` says of the other why not. */
export function comparePaths(
  a: PathPattern | null,
  b: PathPattern | null,
): { order: number; reason: string } {
  if (a === null || b === null) {
    return { order: Number(a === null) - Number(b === null), reason: 'it names no path' };
  }
  const depth = Math.max(a.segments.length, b.segments.length) + 1;
  for (let i = 0; i < depth; i++) {
    const [classA, textA] = rankOf(a.segments[i]);
    const [classB, textB] = rankOf(b.segments[i]);
    const where = `at segment ${i + 1}`;
    if (classA !== classB) {
      const classes = `${CLASSES[classB]}, not ${CLASSES[classA]}`;
      return { order: classA - classB, reason: `its path is less specific ${where} (${classes})` };
    }
    // Text that matches the same segment is the same.
    if (classA !== 0 && textA !== textB) {
      return { order: textB - textA, reason: `its path has less text ${where}` };
    }
  }
  return { order: 0, reason: '' };
}

const CLASSES = ['text', 'a parameter with a pattern', 'a parameter', 'a wildcard'] as const;

/** Class of a segment, and its bytes of text. What is missing is the wildcard, or so in both. */
function rankOf(segment: PathSegment | undefined): [classIndex: number, textBytes: number] {
  if (segment === undefined) return [3, 0];
  const parameters = segment.filter((part) => part.kind === 'parameter');
  const text = segment.map((part) => (part.kind === 'text' ? part.text : '')).join('');
  if (parameters.length === 0) return [0, text.length];
  return [parameters.some((part) => part.pattern !== '') ? 1 : 2, text.length];
}

function matchesSegment(segment: PathSegment, value: string): boolean {
  return segment.length === 0 ? value === '' : segmentValues(segment, value) !== null;
}

/** Values of a segment's parameters; null where it does not match. */
export function segmentValues(segment: PathSegment, value: string): string[] | null {
  const groups: number[] = [];
  let source = '';
  let group = 1;
  for (const part of segment) {
    source += sourceOf(part);
    if (part.kind === 'text') continue;
    groups.push(group);
    group += 1 + groupsOf(part.pattern);
  }
  const found = compileLinearPattern(`^${source}$`).exec(value);
  if (found === null) return null;
  const values = groups.map((index) => found[index]!);
  return values.includes('') ? null : values;
}

/** Without a pattern a parameter takes as little as it can, in a segment of several. */
function sourceOf(part: PathPart): string {
  if (part.kind === 'text') return part.text.replaceAll(/[^A-Za-z0-9]/g, '\\$&');
  return part.pattern === '' ? '([^/]+?)' : `((?:${part.pattern}))`;
}

function groupsOf(pattern: string): number {
  return pattern === '' ? 0 : new RegExp(`${pattern}|`).exec('')!.length - 1;
}

function quote(segment: PathSegment): string {
  return `"${segmentShape(segment)}"`;
}

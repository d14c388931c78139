// Which of two paths that match the same request is the closer one: compared segment by segment,
// text before a parameter with a pattern before a parameter before a wildcard; among segments of a
// class the one with more bytes of text. A route without a path comes last.

import type { PathPattern, PathSegment } from './path_pattern.ts';

const LITERAL_BYTES_MAX = 0x0fff;
/** Of a segment without parameters. */
export const RANK_TEXT = 1;
const RANK_PATTERN = 0x1000;
const RANK_PARAMETER = 0x2000;
const RANK_WILDCARD = 0x4000;
const RANK_NO_PATH = 0x7000;

/** Lower is better. */
export function segmentRank(segment: PathSegment): number {
  let literalBytes = 0;
  let hasParameter = false;
  let hasPattern = false;
  for (const part of segment) {
    if (part.kind === 'text') {
      literalBytes += part.text.length;
    } else {
      hasParameter = true;
      if (part.pattern !== '') hasPattern = true;
    }
  }
  if (!hasParameter) return RANK_TEXT;
  const base = hasPattern ? RANK_PATTERN : RANK_PARAMETER;
  return base + LITERAL_BYTES_MAX - Math.min(literalBytes, LITERAL_BYTES_MAX);
}

/**
 * The ranks of a whole path as a text whose order, by `<`, is that of the paths: null is no path.
 */
export function pathRankText(pattern: PathPattern | null): string {
  if (pattern === null) return String.fromCharCode(RANK_NO_PATH);
  return rankTextOf(pattern.segments.map(segmentRank), pattern.wildcard !== '');
}

/** The same from the ranks of the segments. */
export function rankTextOf(ranks: readonly number[], hasWildcard: boolean): string {
  let text = '';
  for (const rank of ranks) text += String.fromCharCode(rank);
  return hasWildcard ? text + String.fromCharCode(RANK_WILDCARD) : text;
}

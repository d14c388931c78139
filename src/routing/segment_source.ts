// A segment with several parameters as one regular expression, for the linear engine.

import type { PathSegment } from './path_pattern.ts';

export interface SegmentSource {
  readonly source: string;
  /** The group of each parameter. */
  readonly groups: readonly number[];
}

/** Without a pattern a parameter takes as little as it can. */
export function segmentSource(segment: PathSegment): SegmentSource {
  const groups: number[] = [];
  let source = '';
  let group = 1;
  for (const part of segment) {
    if (part.kind === 'text') {
      source += part.text.replaceAll(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
      continue;
    }
    source += part.pattern === '' ? '(.+?)' : `((?:${part.pattern}))`;
    groups.push(group);
    group += 1 + groupsCount(part.pattern);
  }
  return { source: `^${source}$`, groups };
}

/** With an empty alternative any expression matches, and tells how many groups it has. */
function groupsCount(pattern: string): number {
  return pattern === '' ? 0 : new RegExp(`${pattern}|`).exec('')!.length - 1;
}

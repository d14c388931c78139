// Hosts and paths of routes in their normal form, read by the parsers of the routing layer.
// Prefixes of `rewrite` are plain text in the same normal form, or they would never meet a path.

import { PATH_PATTERN_SEGMENTS_COUNT_MAX } from '../base/limits.ts';
import { formatHostPattern, parseHostPattern } from '../routing/host_pattern.ts';
import { formatPathPattern, parsePathPattern } from '../routing/path_pattern.ts';
import { PatternProblem } from '../routing/pattern_problem.ts';
import { Refusal } from './refusal.ts';

/** Parses a host pattern of a route. */
export function parseRouteHost(value: unknown): string | Refusal {
  const pattern = parseHostPattern(typeof value === 'string' ? value : '');
  return pattern instanceof PatternProblem ? refusal(pattern) : formatHostPattern(pattern);
}

// Most of ten thousand paths are plain text that is in its normal form already.
const PLAIN_PATH = /^(?:\/(?!\.{1,2}(?:\/|$))[A-Za-z0-9._~-]+)+(?:\/\*)?$/;

/** Parses a path pattern of a route. */
export function parseRoutePath(value: unknown): string | Refusal {
  const isShort = typeof value === 'string' && value.length <= PATH_PATTERN_SEGMENTS_COUNT_MAX;
  if (isShort && PLAIN_PATH.test(value)) return value;
  const pattern = parsePathPattern(typeof value === 'string' ? value : '');
  return pattern instanceof PatternProblem ? refusal(pattern) : formatPathPattern(pattern);
}

/** Parses a plain prefix such as `/api`: no slash at its end, no parameters. */
export function parsePathPrefix(value: unknown): string | Refusal {
  const wanted = 'a prefix such as "/api", without a slash at its end';
  if (typeof value !== 'string' || value === '' || value === '/') return new Refusal(wanted);
  // What a pattern has for a colon, a prefix writes as it is.
  const pattern = parsePathPattern(value.replaceAll(':', '::'));
  if (pattern instanceof PatternProblem) {
    return new Refusal(pattern.wanted, pattern.suggestion.replaceAll('::', ':'));
  }
  const { segments, wildcard, isLastOptional } = pattern;
  if (wildcard !== '' || isLastOptional) {
    return new Refusal(wanted, value.replace(/(\/\*\w*|\?)$/, ''));
  }
  const isEnded = segments.length > 0 && segments.at(-1)!.length === 0;
  if (isEnded) return new Refusal(wanted, value.replace(/\/+$/, ''));
  return formatPathPattern(pattern).replaceAll('::', ':');
}

function refusal(problem: PatternProblem): Refusal {
  return new Refusal(problem.wanted, problem.suggestion);
}

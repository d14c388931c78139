// Why a request is matched to its route and what keeps it from every other: for `zproxy explain`.
// Written without the route table, slowly and as the rules read, so that one can be held to the
// other.

import { explainConditions } from './explain_conditions.ts';
import { comparePaths, explainPath } from './explain_path.ts';
import type { ExplainRequest } from './explain_request.ts';
import type { HostPattern } from './host_pattern.ts';
import { readHostPattern } from './host_pattern.ts';
import type { PathPattern } from './path_pattern.ts';
import { formatPathPattern, pathVariants, readPathPattern } from './path_pattern.ts';
import { respelledText } from './path_spelling.ts';
import type { RouteConditions } from './route.ts';

export type { ExplainRequest };

export interface RouteVerdict {
  readonly routeIndex: number;
  /** `would match`: all of its conditions hold, but another route comes first. */
  readonly outcome: 'chosen' | 'would match' | 'lost';
  /** One sentence without a capital or a full stop. */
  readonly reason: string;
}

/** A route whose host and path match, by the best of its hosts and paths. */
interface Candidate {
  readonly routeIndex: number;
  readonly host: HostPattern | null;
  readonly path: PathPattern | null;
  readonly isNamedMethod: boolean;
  readonly matchersCount: number;
}

/**
 * One verdict per route: first those whose host and path match, in the order in which they are
 * tried, then the others in the order of the config.
 */
export function explainRoutes(
  conditions: readonly RouteConditions[],
  request: ExplainRequest,
): RouteVerdict[] {
  const candidates: Candidate[] = [];
  const others: RouteVerdict[] = [];
  conditions.forEach((given, routeIndex) => {
    const found = findCandidate(given, routeIndex, request);
    if (typeof found === 'string') others.push({ routeIndex, outcome: 'lost', reason: found });
    else candidates.push(found);
  });
  candidates.sort((a, b) => compareCandidates(a, b).order);
  let chosen: Candidate | null = null;
  const verdicts: RouteVerdict[] = [];
  for (const candidate of candidates) {
    const { routeIndex } = candidate;
    const lost = explainMethodAndConditions(conditions[routeIndex]!, request);
    if (lost !== '') {
      verdicts.push({ routeIndex, outcome: 'lost', reason: lost });
    } else if (chosen === null) {
      chosen = candidate;
      verdicts.push({ routeIndex, outcome: 'chosen', reason: describe(candidate, request) });
    } else {
      const { reason } = compareCandidates(chosen, candidate);
      verdicts.push({ routeIndex, outcome: 'would match', reason });
    }
  }
  return [...verdicts, ...others];
}

/** The best host and path of a route that match, or why none does. */
function findCandidate(
  given: RouteConditions,
  routeIndex: number,
  request: ExplainRequest,
): Candidate | string {
  // RFC 9112 section 3.2.4: about the server, not about a resource.
  if (request.path === '*') return 'OPTIONS * is answered by the proxy';
  const hosts = given.hosts.map(readHostPattern).filter((host) => matchesHost(host, request.host));
  if (given.hosts.length > 0 && hosts.length === 0) return explainHost(given.hosts, request.host);
  const path = respelledText(request.path);
  const patterns = given.paths.flatMap((text) => pathVariants(readPathPattern(text)));
  const paths = patterns.filter((pattern) => explainPath(pattern, path).reason === '');
  if (patterns.length > 0 && paths.length === 0) return explainPaths(patterns, path);
  return {
    routeIndex,
    host: hosts.sort(compareHosts)[0] ?? null,
    path: paths.sort((a, b) => comparePaths(a, b).order)[0] ?? null,
    isNamedMethod: given.methods.length > 0,
    matchersCount:
      given.values.length + (given.scheme === '' ? 0 : 1) + (given.clientAddress === null ? 0 : 1),
  };
}

function matchesHost(pattern: HostPattern, host: string): boolean {
  if (pattern.kind === 'exact') return host === pattern.name;
  if (host.startsWith('[') || !host.endsWith(`.${pattern.name}`)) return false;
  const labels = host.slice(0, -pattern.name.length - 1).split('.');
  if (labels.includes('')) return false;
  return pattern.kind === 'any-depth' || labels.length === 1;
}

/** The host that is tried first, first. */
function compareHosts(a: HostPattern | null, b: HostPattern | null): number {
  const difference = hostClass(a) - hostClass(b);
  // Of two `**.` patterns that match one host, the longer one is within the shorter.
  return difference !== 0 ? difference : (b?.name.length ?? 0) - (a?.name.length ?? 0);
}

function hostClass(host: HostPattern | null): number {
  if (host === null) return 3;
  return ['exact', 'one-label', 'any-depth'].indexOf(host.kind);
}

/** `order` is negative where `a` is tried first; `reason` says of the other why not. */
function compareCandidates(a: Candidate, b: Candidate): { order: number; reason: string } {
  const host = compareHosts(a.host, b.host);
  if (host !== 0) {
    return { order: host, reason: `its host (${hostText(b.host)}) is less specific` };
  }
  const path = comparePaths(a.path, b.path);
  if (path.order !== 0) return path;
  const method = Number(b.isNamedMethod) - Number(a.isNamedMethod);
  if (method !== 0) return { order: method, reason: 'it names no method' };
  const matchers = b.matchersCount - a.matchersCount;
  if (matchers !== 0) {
    const counts = `${b.matchersCount} instead of ${a.matchersCount}`;
    return { order: matchers, reason: `it has fewer conditions (${counts})` };
  }
  return { order: a.routeIndex - b.routeIndex, reason: 'it stands further down' };
}

function explainMethodAndConditions(given: RouteConditions, request: ExplainRequest): string {
  if (given.methods.length > 0 && !given.methods.includes(request.method)) {
    return `method is ${request.method} (wanted ${given.methods.join(' or ')})`;
  }
  return explainConditions(given, request);
}

function explainHost(hosts: readonly string[], host: string): string {
  const got = host === '' ? 'there is no host' : `host is ${host}`;
  return `${got} (wanted ${hosts.join(' or ')})`;
}

/** What the pattern that comes closest lacks. */
function explainPaths(patterns: readonly PathPattern[], path: string): string {
  let closest = { depth: -1, reason: '' };
  let closestPattern = patterns[0]!;
  for (const pattern of patterns) {
    const explained = explainPath(pattern, path);
    if (explained.depth <= closest.depth) continue;
    closest = explained;
    closestPattern = pattern;
  }
  if (patterns.length === 1) return `path ${closest.reason}`;
  const pattern = formatPathPattern(closestPattern);
  return `path matches none of its paths; with ${pattern} it ${closest.reason}`;
}

function describe(candidate: Candidate, request: ExplainRequest): string {
  const given = request.host === '' ? '(none)' : request.host;
  const host = `host ${given} is ${hostText(candidate.host)}`;
  const pattern = candidate.path === null ? 'any path' : formatPathPattern(candidate.path);
  return `${host}, path ${request.path} is ${pattern}`;
}

function hostText(host: HostPattern | null): string {
  if (host === null) return 'any host';
  return { exact: '', 'one-label': '*.', 'any-depth': '**.' }[host.kind] + host.name;
}

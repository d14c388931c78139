// Which routes of two configurations are the same one: those that ask for the same, in whatever
// order they write it; names of parameters do not count. And among which the order decides.

import { pathShape, readPathPattern } from '../routing/path_pattern.ts';
import { segmentRank } from '../routing/path_rank.ts';
import type { RouteConditions } from '../routing/route.ts';

/** The same text for the same conditions. */
export function identityOf(conditions: RouteConditions): string {
  const { hosts, paths, methods, scheme, values, clientAddress } = conditions;
  const shapes = paths.map((path) => pathShape(readPathPattern(path)));
  const tests = values.map(({ on, name, test, isNegated }) =>
    JSON.stringify([on, name, test, isNegated]),
  );
  const ranges = clientAddress?.ranges.map(({ host, bits }) => `${host}/${bits}`).toSorted();
  return JSON.stringify([
    hosts.toSorted(),
    shapes.toSorted(),
    methods.toSorted(),
    scheme,
    tests.toSorted(),
    ranges ?? null,
    clientAddress?.isNegated ?? false,
  ]);
}

/**
 * Texts that two routes share where nothing but their order may decide between them: host, path as
 * far as it ranks, whether a method is named, the number of other conditions.
 */
export function orderKeysOf(conditions: RouteConditions): string[] {
  const { hosts, paths, methods, scheme, values, clientAddress } = conditions;
  const count = values.length + (scheme === '' ? 0 : 1) + (clientAddress === null ? 0 : 1);
  const rest = `${methods.length > 0} ${count}`;
  const ranks = paths.length === 0 ? [''] : paths.map(rankOf);
  return (hosts.length === 0 ? [''] : hosts).flatMap((host) =>
    ranks.map((rank) => `${host} ${rank} ${rest}`),
  );
}

/** Text where only the same text matches; its rank where another pattern may match as well. */
function rankOf(path: string): string {
  const { segments, wildcard } = readPathPattern(path);
  const ranks = segments.map((segment) => {
    const [part] = segment;
    const isText = part === undefined || (segment.length === 1 && part.kind === 'text');
    return isText ? (part?.kind === 'text' ? part.text : '') : `:${segmentRank(segment)}`;
  });
  return `/${ranks.join('/')}${wildcard === '' ? '' : '*'}`;
}

// What takes two values to check: that a route's upstream exists, that no two listeners have one
// address, that no route hides another, that the counts fit the shared memory. Works on data that
// may be broken elsewhere, so that all errors of a file come at once.

import { ENDPOINTS_MAX, UPSTREAMS_MAX } from '../base/limits.ts';
import { type IssueDraft, valueAt } from './issue_draft.ts';
import type { KeyPath } from './key_path.ts';
import { parseListenAddress } from './listen_address.ts';
import { nearestName } from './nearest_name.ts';
import { Refusal } from './refusal.ts';
import { parseRouteHost, parseRoutePath } from './route_pattern.ts';

/** `FILE:LINE:COLUMN` of another value that a message names. */
export type Whereabouts = (path: KeyPath) => string;

/** Drafts for everything in `data` that contradicts something else in it. */
export function checkReferences(data: unknown, where: Whereabouts): IssueDraft[] {
  return [
    ...checkUpstreamNames(data, where),
    ...checkListeners(data, where),
    ...checkRoutes(data, where),
    ...checkCapacities(data),
  ];
}

function checkUpstreamNames(data: unknown, where: Whereabouts): IssueDraft[] {
  const upstreams = valueAt(data, ['upstreams']);
  if (upstreams === null || typeof upstreams !== 'object' || Array.isArray(upstreams)) return [];
  const names = Object.keys(upstreams);
  if (names.length === 0) return [];
  const drafts: IssueDraft[] = [];
  // The schema library passes over this one key without a word, as the prototype of its result.
  if (names.includes('__proto__')) {
    const path = ['upstreams', '__proto__'];
    const wanted = 'another name';
    const value = '__proto__';
    drafts.push({ code: 'ZP_CONFIG_VALUE', path, at: 'key', value, wanted, suggestion: '' });
  }
  listAt(data, ['routes']).forEach((_, index) => {
    const path = ['routes', index, 'upstream'];
    const value = valueAt(data, path);
    if (typeof value !== 'string' || names.includes(value)) return;
    const known = names.map((name) => JSON.stringify(name)).join(', ');
    const wanted = `a name under upstreams (${where(['upstreams'])}): ${known}`;
    const suggestion = nearestName(value, names);
    drafts.push({ code: 'ZP_CONFIG_REFERENCE', path, at: 'value', value, wanted, suggestion });
  });
  return drafts;
}

function checkListeners(data: unknown, where: Whereabouts): IssueDraft[] {
  const seen = new Map<string, KeyPath>();
  const drafts: IssueDraft[] = [];
  listAt(data, ['listeners']).forEach((_, index) => {
    const path = ['listeners', index, 'address'];
    const value = valueAt(data, path);
    const address = parseListenAddress(value);
    if (address instanceof Refusal || (address.kind === 'tcp' && address.port === 0)) return;
    const key = JSON.stringify(address);
    const first = seen.get(key);
    if (first === undefined) seen.set(key, path);
    else drafts.push(duplicate(path, value, `an address other than that of ${where(first)}`));
  });
  return drafts;
}

function checkRoutes(data: unknown, where: Whereabouts): IssueDraft[] {
  const seen = new Map<string, KeyPath>();
  const drafts: IssueDraft[] = [];
  listAt(data, ['routes']).forEach((_, index) => {
    const path = ['routes', index];
    const host = conditionAt(data, [...path, 'host'], parseRouteHost);
    const routePath = conditionAt(data, [...path, 'path'], parseRoutePath);
    if (host === null || routePath === null) return;
    const key = JSON.stringify([host, routePath]);
    const first = seen.get(key);
    if (first === undefined) {
      seen.set(key, path);
      return;
    }
    const value = [host, routePath].filter((text) => text !== '').join('') || 'any request';
    const wanted = `another host or path, since the route at ${where(first)} takes all of it`;
    drafts.push(duplicate(path, value, wanted));
  });
  return drafts;
}

function checkCapacities(data: unknown): IssueDraft[] {
  const upstreams = valueAt(data, ['upstreams']);
  if (upstreams === null || typeof upstreams !== 'object') return [];
  const names = Object.keys(upstreams);
  const endpointsCount = names.reduce(
    (sum, name) => sum + listAt(data, ['upstreams', name, 'endpoints']).length,
    0,
  );
  const drafts: IssueDraft[] = [];
  if (names.length > UPSTREAMS_MAX) {
    drafts.push(tooMany(names.length, 'upstreams', UPSTREAMS_MAX));
  }
  if (endpointsCount > ENDPOINTS_MAX) {
    drafts.push(tooMany(endpointsCount, 'endpoints', ENDPOINTS_MAX));
  }
  return drafts;
}

function tooMany(value: number, noun: string, max: number): IssueDraft {
  const wanted = `${value} ${noun} are more than the ${max} that one instance has room for`;
  const path = ['upstreams'];
  return { code: 'ZP_CONFIG_CAPACITY', path, at: 'key', value, wanted, suggestion: '' };
}

function duplicate(path: KeyPath, value: unknown, wanted: string): IssueDraft {
  return { code: 'ZP_CONFIG_DUPLICATE', path, at: 'value', value, wanted, suggestion: '' };
}

/** The parsed condition of a route, '' where it has none, null where it is invalid. */
function conditionAt(
  data: unknown,
  path: KeyPath,
  parse: (value: unknown) => string | Refusal,
): string | null {
  const value = valueAt(data, path);
  if (value === undefined) return '';
  const condition = parse(value);
  return condition instanceof Refusal ? null : condition;
}

function listAt(data: unknown, path: KeyPath): readonly unknown[] {
  const value = valueAt(data, path);
  return Array.isArray(value) ? value : [];
}

// What takes two values to check: that the upstreams of routes exist, that no two listeners have
// one address, that the counts fit the shared memory. Works on data that may be broken elsewhere,
// so that all errors of a file come at once.

import { ENDPOINTS_MAX, UPSTREAMS_MAX } from '../base/limits.ts';
import { type IssueDraft, valueAt } from './issue_draft.ts';
import type { KeyPath } from './key_path.ts';
import { parseListenAddress } from './listen_address.ts';
import { nearestName } from './nearest_name.ts';
import { Refusal } from './refusal.ts';
import { isObject } from './schema_shapes.ts';

/** `FILE:LINE:COLUMN` of another value that a message names. */
export type Whereabouts = (path: KeyPath) => string;

/** Drafts for everything in `data` that contradicts something else in it. */
export function checkReferences(data: unknown, where: Whereabouts): IssueDraft[] {
  return [
    ...checkPrototypeKeys(data, []),
    ...checkUpstreamNames(data, where),
    ...checkListeners(data, where),
    ...checkCapacities(data),
  ];
}

/** Deeper data refers to itself. */
const DEPTH_MAX = 64;

/** The schema library passes over this one key without a word, as the prototype of its result. */
function checkPrototypeKeys(value: unknown, path: KeyPath): IssueDraft[] {
  if (value === null || typeof value !== 'object' || path.length > DEPTH_MAX) return [];
  const drafts: IssueDraft[] = [];
  for (const key of Object.keys(value)) {
    if (key === '__proto__') {
      const at = [...path, key];
      const wanted = 'another name';
      drafts.push({
        code: 'ZP_CONFIG_VALUE',
        path: at,
        at: 'key',
        value: key,
        wanted,
        suggestion: '',
      });
      continue;
    }
    const inner = (value as Readonly<Record<string, unknown>>)[key];
    if (inner === null || typeof inner !== 'object') continue;
    const at = [...path, Array.isArray(value) ? Number(key) : key];
    drafts.push(...checkPrototypeKeys(inner, at));
  }
  return drafts;
}

/** Names of upstreams, and what is said where one does not exist. */
class UpstreamNames {
  readonly #names: ReadonlySet<string>;
  readonly #where: Whereabouts;
  readonly #nearest = new Map<string, string>();
  #wanted = '';

  constructor(names: Iterable<string>, where: Whereabouts) {
    this.#names = new Set(names);
    this.#where = where;
  }

  check(name: unknown, path: KeyPath, at: 'key' | 'value'): IssueDraft[] {
    if (typeof name !== 'string' || this.#names.has(name)) return [];
    this.#wanted ||= this.#describe();
    const suggestion = this.#nearest.get(name) ?? nearestName(name, [...this.#names]);
    this.#nearest.set(name, suggestion);
    const wanted = this.#wanted;
    return [{ code: 'ZP_CONFIG_REFERENCE', path, at, value: name, wanted, suggestion }];
  }

  #describe(): string {
    const known = [...this.#names].map((name) => JSON.stringify(name)).join(', ');
    if (known === '') return 'a name under upstreams, which has none';
    return `a name under upstreams (${this.#where(['upstreams'])}): ${known}`;
  }
}

function checkUpstreamNames(data: unknown, where: Whereabouts): IssueDraft[] {
  const upstreams = valueAt(data, ['upstreams']) ?? {};
  if (!isObject(upstreams)) return [];
  const names = new UpstreamNames(Object.keys(upstreams), where);
  return listAt(data, ['routes']).flatMap((route, index) => {
    if (!isObject(route)) return [];
    const path = ['routes', index];
    const drafts = names.check(route['upstream'], [...path, 'upstream'], 'value');
    const { upstreams: shares, mirror } = route;
    if (isObject(shares)) {
      for (const name of Object.keys(shares)) {
        drafts.push(...names.check(name, [...path, 'upstreams', name], 'key'));
      }
    }
    const mirrors: readonly unknown[] = Array.isArray(mirror) ? mirror : [mirror];
    mirrors.forEach((written, at) => {
      const place = Array.isArray(mirror) ? [...path, 'mirror', at] : [...path, 'mirror'];
      if (isObject(written)) {
        drafts.push(...names.check(written['upstream'], [...place, 'upstream'], 'value'));
      } else drafts.push(...names.check(written, place, 'value'));
    });
    return drafts;
  });
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

function listAt(data: unknown, path: KeyPath): readonly unknown[] {
  const value = valueAt(data, path);
  return Array.isArray(value) ? value : [];
}

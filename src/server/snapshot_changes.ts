// What a reload changes, in sentences for whoever asked for it and for the log. Where a thing is
// written, and the slot that it was given, are no differences; a mere change of place in the file
// gives no sentence.

import type { Snapshot } from '../config/snapshot.ts';

/** More sentences than this help nobody; how many there are beyond is said. */
const SENTENCES_MAX = 50;

/** Ends of the comparison: indexes of upstreams mean what they name. */
interface Comparison {
  readonly before: Snapshot;
  readonly after: Snapshot;
}

/** A sentence per listener, upstream, route and setting that differs; [] where none does. */
export function describeChanges(before: Snapshot, after: Snapshot): string[] {
  const comparison = { before, after };
  const sentences = [
    ...itemChanges('listener', addressed(before), addressed(after), comparison),
    ...itemChanges('upstream', named(before.upstreams), named(after.upstreams), comparison),
    ...itemChanges('route', named(before.routes), named(after.routes), comparison),
    ...orderChange(before, after),
    ...SETTINGS.filter(([, read]) => !isSame(read(before), read(after), comparison)).map(
      ([name]) => `${name}: changed`,
    ),
  ];
  if (sentences.length <= SENTENCES_MAX) return sentences;
  const rest = sentences.length - SENTENCES_MAX;
  return [...sentences.slice(0, SENTENCES_MAX), `and ${rest} more`];
}

/** What is not in a list, by the key that users write. */
const SETTINGS: readonly (readonly [name: string, read: (snapshot: Snapshot) => unknown])[] = [
  ['middleware and other user code', (snapshot) => snapshot.code],
  ['middleware of all routes', (snapshot) => snapshot.proxy.middleware],
  ['errorPages of all routes', (snapshot) => snapshot.proxy.errorPages],
  ['trustedProxies', (snapshot) => snapshot.proxy.trustedProxies],
  ['forwarded', (snapshot) => snapshot.proxy.forwarded],
  ['via', (snapshot) => snapshot.proxy.viaPseudonym],
  ['requestId', (snapshot) => snapshot.proxy.requestId],
  ['mergeSlashes', (snapshot) => snapshot.proxy.mergeSlashes],
  ['accessLog', ({ proxy, accessLogPath }) => [proxy.accessLog, accessLogPath]],
  ['workers', (snapshot) => snapshot.workers],
  ['transport', (snapshot) => snapshot.transport],
  ['timeouts.drain', (snapshot) => snapshot.drainMs],
  ['timeouts.retire', (snapshot) => snapshot.retireMs],
  ['watch', (snapshot) => snapshot.watch],
  ['metrics', (snapshot) => snapshot.metricsListen],
  ['control', (snapshot) => snapshot.controlPath],
  ['user', (snapshot) => snapshot.user],
  ['group', (snapshot) => snapshot.group],
];

type Items = ReadonlyMap<string, object>;

function addressed(snapshot: Snapshot): Items {
  return keyed(snapshot.listeners.map((listener) => [listener.address, listener]));
}

function named(items: readonly { readonly name: string }[]): Items {
  return keyed(items.map((item) => [item.name, item]));
}

/** The second of a name is `name (2)`. */
function keyed(items: readonly (readonly [name: string, item: object])[]): Items {
  const map = new Map<string, object>();
  const counts = new Map<string, number>();
  for (const [name, item] of items) {
    const count = (counts.get(name) ?? 0) + 1;
    counts.set(name, count);
    map.set(count === 1 ? name : `${name} (${count})`, item);
  }
  return map;
}

function itemChanges(kind: string, before: Items, after: Items, comparison: Comparison): string[] {
  const sentences: string[] = [];
  for (const name of before.keys()) {
    if (!after.has(name)) sentences.push(`${kind} ${name}: removed`);
  }
  for (const [name, item] of after) {
    const old = before.get(name);
    if (old === undefined) {
      sentences.push(`${kind} ${name}: added`);
      continue;
    }
    const keys = changedKeys(old, item, comparison);
    if (keys.length > 0) sentences.push(`${kind} ${name}: changed (${keys.join(', ')})`);
  }
  return sentences;
}

/** Order is what decides between routes that are equally specific. */
function orderChange(before: Snapshot, after: Snapshot): string[] {
  const old = named(before.routes);
  const current = named(after.routes);
  const kept = [...old.keys()].filter((name) => current.has(name));
  const now = [...current.keys()].filter((name) => old.has(name));
  return kept.every((name, index) => name === now[index]) ? [] : ['routes: in another order'];
}

function changedKeys(before: object, after: object, comparison: Comparison): string[] {
  const keys = new Set([...Object.keys(before), ...Object.keys(after)]);
  return [...keys].filter((key) => !isSameAt(key, before, after, comparison)).map(words);
}

/** `hostHeader` as `host header`. */
function words(key: string): string {
  return key.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
}

function isSameAt(key: string, before: object, after: object, comparison: Comparison): boolean {
  const old = (before as Record<string, unknown>)[key];
  const current = (after as Record<string, unknown>)[key];
  switch (key) {
    case 'source':
    case 'slot':
      return true;
    case 'upstreamIndex':
      return upstreamName(comparison.before, old) === upstreamName(comparison.after, current);
    default:
      return isSame(old, current, comparison);
  }
}

function upstreamName(snapshot: Snapshot, index: unknown): string | undefined {
  return snapshot.upstreams[index as number]?.name;
}

function isSame(before: unknown, after: unknown, comparison: Comparison): boolean {
  if (Object.is(before, after)) return true;
  if (!isObject(before) || !isObject(after)) return false;
  if (before instanceof Uint8Array || after instanceof Uint8Array) {
    return (
      before instanceof Uint8Array &&
      after instanceof Uint8Array &&
      Buffer.compare(before, after) === 0
    );
  }
  if (Array.isArray(before) !== Array.isArray(after)) return false;
  const keys = Object.keys(before);
  return (
    keys.length === Object.keys(after).length &&
    keys.every((key) => key in after && isSameAt(key, before, after, comparison))
  );
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

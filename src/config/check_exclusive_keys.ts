// Keys of which exactly one may be written: the action of a route, the test of a value, the source
// of an error page. And keys that mean nothing without another one: they would quietly do nothing.

import type { IssueDraft } from './issue_draft.ts';
import type { KeyPath } from './key_path.ts';
import { nearestName } from './nearest_name.ts';
import { isObject } from './schema_shapes.ts';

/** What may become of a request. */
const ACTIONS = ['upstream', 'upstreams', 'redirect', 'respond'] as const;

const FORWARDING = ['upstream', 'upstreams'];
const TESTS = ['present', 'exact', 'prefix', 'pattern'];
const REWRITES = ['stripPrefix', 'addPrefix', 'path'];
const SPLIT_KEYS = ['cookie', 'header'];
const BODIES = ['file', 'body'];

type Written = Readonly<Record<string, unknown>>;

/** Keys that nothing here is about: a route with these and one action is fine. */
const PLAIN_KEYS: ReadonlySet<string> = new Set([
  'name',
  'host',
  'path',
  'method',
  'scheme',
  'clientIp',
  'middleware',
  'limits',
  'unsafePaths',
]);

/** Drafts for one route, at `index`; `known` are the keys that routes have. */
export function checkExclusiveKeys(
  route: Written,
  index: number,
  known: readonly string[],
): IssueDraft[] {
  let others = 0;
  for (const key in route) if (!PLAIN_KEYS.has(key)) others++;
  // The quick way for most of very many.
  if (others === 1 && route['upstream'] !== undefined) return [];
  const path = ['routes', index];
  const drafts = checkAction(route, path, known);
  for (const on of ['headers', 'query', 'cookies']) {
    const tests = route[on];
    if (isObject(tests)) drafts.push(...checkTests(tests, [...path, on]));
  }
  const { splitBy, rewrite, respond, errorPages } = route;
  if (isObject(splitBy)) drafts.push(...exactlyOne(splitBy, SPLIT_KEYS, [...path, 'splitBy']));
  if (isObject(rewrite)) drafts.push(...exactlyOne(rewrite, REWRITES, [...path, 'rewrite']));
  if (isObject(respond)) drafts.push(...checkRespond(respond, [...path, 'respond']));
  return [...drafts, ...checkErrorPages(errorPages, [...path, 'errorPages'])];
}

/** Drafts for the pages of one place. */
export function checkErrorPages(pages: unknown, path: KeyPath): IssueDraft[] {
  if (!isObject(pages)) return [];
  return Object.entries(pages).flatMap(([status, page]) => {
    const at = [...path, status];
    const [from, to] = status.split('-');
    const isReversed = to !== undefined && Number(from) > Number(to);
    const order: IssueDraft[] = isReversed
      ? [
          {
            code: 'ZP_CONFIG_VALUE',
            path: at,
            at: 'key',
            value: status,
            wanted: 'a range whose end is not below its begin',
            suggestion: `${to}-${from}`,
          },
        ]
      : [];
    return isObject(page) ? [...order, ...exactlyOne(page, BODIES, at)] : order;
  });
}

function checkAction(route: Written, path: KeyPath, known: readonly string[]): IssueDraft[] {
  const [action, ...further] = ACTIONS.filter((key) => route[key] !== undefined);
  if (action === undefined) {
    // One with a typo is an unknown key, and no more than that.
    const isMisspelt = Object.keys(route).some(
      (key) => !known.includes(key) && ACTIONS.some((name) => nearestName(key, known) === name),
    );
    const wanted = `an action: one of ${quoted(ACTIONS)}`;
    return isMisspelt ? [] : [missing([...path, 'upstream'], wanted)];
  }
  if (further.length > 0) {
    const wanted = `a route has one action: it has ${quoted([action, ...further])}`;
    return further.map((key) => conflict([...path, key], route[key], wanted));
  }
  const drafts: IssueDraft[] = [];
  if (!FORWARDING.includes(action)) {
    for (const key of ['splitBy', 'rewrite', 'mirror', 'upgrades']) {
      if (route[key] === undefined) continue;
      const wanted = `"${key}" is for routes that forward, and this one has "${action}"`;
      drafts.push(conflict([...path, key], route[key], wanted));
    }
  } else if (route['splitBy'] !== undefined && action === 'upstream') {
    const wanted = '"splitBy" is for routes with "upstreams", and this one has "upstream"';
    drafts.push(conflict([...path, 'splitBy'], route['splitBy'], wanted));
  }
  return drafts;
}

function checkTests(tests: Written, path: KeyPath): IssueDraft[] {
  return Object.entries(tests).flatMap(([name, test]) =>
    isObject(test) ? exactlyOne(test, TESTS, [...path, name]) : [],
  );
}

function checkRespond(respond: Written, path: KeyPath): IssueDraft[] {
  const { status, body, file, contentType } = respond;
  const hasBody = body !== undefined || file !== undefined;
  const key = body === undefined ? 'file' : 'body';
  if (body !== undefined && file !== undefined) {
    return [conflict([...path, 'file'], file, 'there is a "body" already; keep one of them')];
  }
  // RFC 9110 sections 15.3.5, 15.3.6 and 15.4.5: no content, whatever was meant.
  if (hasBody && (status === 204 || status === 205 || status === 304)) {
    return [conflict([...path, key], respond[key], `an answer of status ${status} has no content`)];
  }
  if (contentType !== undefined && !hasBody) {
    const wanted = '"contentType" is for answers with a "body" or a "file"';
    return [conflict([...path, 'contentType'], contentType, wanted)];
  }
  return checkRespondFields(respond, path);
}

/** What frames the message is ours to write; Content-Type has a key of its own. */
const FIELDS_OF_OURS = [
  'connection',
  'content-length',
  'date',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
];

function checkRespondFields({ headers }: Written, path: KeyPath): IssueDraft[] {
  if (!isObject(headers)) return [];
  return Object.keys(headers).flatMap((name): IssueDraft[] => {
    const lower = name.toLowerCase();
    const at = [...path, 'headers', name];
    if (lower === 'content-type') {
      return [conflict(at, headers[name], 'write it as "contentType", beside the "body"', 'key')];
    }
    if (!FIELDS_OF_OURS.includes(lower)) return [];
    return [conflict(at, headers[name], 'the proxy writes this field itself', 'key')];
  });
}

function exactlyOne(written: Written, keys: readonly string[], path: KeyPath): IssueDraft[] {
  const [first, ...further] = keys.filter((key) => written[key] !== undefined);
  if (first === undefined) {
    // A typo in one of them is said to be one.
    const isMisspelt = Object.keys(written).some((key) => nearestName(key, keys) !== '');
    return isMisspelt ? [] : [missing([...path, keys[0]!], `one of ${quoted(keys)}`)];
  }
  const wanted = `there is "${first}" already; keep one of them`;
  return further.map((key) => conflict([...path, key], written[key], wanted, 'key'));
}

function missing(path: KeyPath, wanted: string): IssueDraft {
  return { code: 'ZP_CONFIG_MISSING', path, at: 'key', value: undefined, wanted, suggestion: '' };
}

function conflict(
  path: KeyPath,
  value: unknown,
  wanted: string,
  at: 'key' | 'value' = 'key',
): IssueDraft {
  return { code: 'ZP_CONFIG_CONFLICT', path, at, value, wanted, suggestion: '' };
}

function quoted(names: readonly string[]): string {
  return names.map((name) => JSON.stringify(name)).join(', ');
}

// From what the schema library reports to drafts of our issues: one per fault, the nearest known
// name for an unknown key, and no "missing" for a key that is there with a typo.

import * as z from 'zod';
import { type IssueDraft, valueAt } from './issue_draft.ts';
import type { KeyPath } from './key_path.ts';
import { LIMIT_RULES, type LimitKey } from './limits.ts';
import { nearestName } from './nearest_name.ts';
import { CONFIG_SCHEMA } from './schema.ts';
import { formatScopes } from './scope.ts';
import { TIMEOUT_RULES, type TimeoutKey } from './timeouts.ts';

/** What the schema says of a kind of value that has no text of its own. */
export function wantedBySchema(issue: z.core.$ZodRawIssue): string {
  if (issue.code === 'invalid_type') {
    if (issue.expected === 'object' || issue.expected === 'record') return 'an object with keys';
    return issue.expected === 'array' ? 'a list' : `a ${issue.expected}`;
  }
  if (issue.code === 'invalid_value') return `one of ${quotedNames(issue.values.map(String))}`;
  return 'another value';
}

/** Drafts for all that the schema reported about `data`. */
export function draftSchemaIssues(
  data: unknown,
  issues: readonly z.core.$ZodIssue[],
): IssueDraft[] {
  const drafts = issues.flatMap((issue) => draftIssue(data, issue, []));
  const meant = new Set(
    drafts
      .filter((draft) => draft.code === 'ZP_CONFIG_UNKNOWN_KEY' && draft.suggestion !== '')
      .map((draft) => JSON.stringify([...draft.path.slice(0, -1), draft.suggestion])),
  );
  return drafts.filter(
    (draft) => draft.code !== 'ZP_CONFIG_MISSING' || !meant.has(JSON.stringify(draft.path)),
  );
}

function draftIssue(data: unknown, issue: z.core.$ZodIssue, base: KeyPath): IssueDraft[] {
  const path = existingPath(data, [...base, ...(issue.path as KeyPath)]);
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => draftUnknownKey(data, path, key));
  }
  const value = valueAt(data, path);
  if (issue.code === 'invalid_union' && value !== null && typeof value === 'object') {
    // Of `false | { ... }` only the object can be meant.
    return issue.errors.at(-1)!.flatMap((inner) => draftIssue(data, inner, path));
  }
  if (value === undefined && path.length > 0) {
    return [draft('ZP_CONFIG_MISSING', path, value, issue.message, '')];
  }
  if (issue.code === 'invalid_key') {
    const wanted = issue.issues[0]?.message ?? issue.message;
    return [{ ...draft('ZP_CONFIG_VALUE', path, path.at(-1), wanted, ''), at: 'key' }];
  }
  return [draft('ZP_CONFIG_VALUE', path, value, issue.message, suggestionOf(issue, value))];
}

/** An endpoint that is a text is checked as `{ url: text }`: the path ends where the data does. */
function existingPath(data: unknown, path: KeyPath): KeyPath {
  for (let length = 0; length < path.length; length++) {
    const value = valueAt(data, path.slice(0, length));
    if (value === null || typeof value !== 'object') return path.slice(0, length);
  }
  return path;
}

function draftUnknownKey(data: unknown, parent: KeyPath, key: string): IssueDraft {
  const path = [...parent, key];
  const known = knownKeys(CONFIG_SCHEMA, parent);
  const wanted = placeOfKey(parent, key) || `one of ${quotedNames(known)}`;
  const suggestion = nearestName(key, known);
  const value = valueAt(data, path);
  return { ...draft('ZP_CONFIG_UNKNOWN_KEY', path, value, wanted, suggestion), at: 'key' };
}

/** A timeout or limit that exists, but not here. */
function placeOfKey(parent: KeyPath, key: string): string {
  const rules = { timeouts: TIMEOUT_RULES, limits: LIMIT_RULES };
  const section = parent.at(-1);
  if (section !== 'timeouts' && section !== 'limits') return '';
  if (!Object.hasOwn(rules[section], key)) return '';
  const rule =
    section === 'timeouts' ? TIMEOUT_RULES[key as TimeoutKey] : LIMIT_RULES[key as LimitKey];
  return `it ${formatScopes(rule.scopes)}`;
}

/** The keys that the schema has at `path`. */
export function knownKeys(schema: unknown, path: KeyPath): string[] {
  if (schema instanceof z.ZodOptional) return knownKeys(schema.unwrap(), path);
  if (schema instanceof z.ZodPipe) return knownKeys(schema.out, path);
  if (schema instanceof z.ZodUnion) return knownKeys(schema.options.at(-1), path);
  const [key, ...rest] = path;
  if (schema instanceof z.ZodArray) return knownKeys(schema.element, rest);
  if (schema instanceof z.ZodRecord) return knownKeys(schema.valueType, rest);
  if (!(schema instanceof z.ZodObject)) return [];
  if (key === undefined) return Object.keys(schema.shape);
  return knownKeys(schema.shape[key], rest);
}

function suggestionOf(issue: z.core.$ZodIssue, value: unknown): string {
  if (issue.code === 'custom') return String(issue.params?.['suggestion'] ?? '');
  if (issue.code !== 'invalid_value' || typeof value !== 'string') return '';
  return nearestName(value, issue.values.map(String));
}

function draft(
  code: IssueDraft['code'],
  path: KeyPath,
  value: unknown,
  wanted: string,
  suggestion: string,
): IssueDraft {
  return { code, path, at: 'value', value, wanted, suggestion };
}

function quotedNames(names: readonly string[]): string {
  return names.map((name) => JSON.stringify(name)).join(', ');
}

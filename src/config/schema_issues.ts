// From what the schema library reports to drafts of our issues: one per fault, the nearest known
// name for an unknown key, and no "missing" for a key that is there with a typo.

import * as z from 'zod';
import { type IssueDraft, valueAt } from './issue_draft.ts';
import type { KeyPath } from './key_path.ts';
import { LIMIT_RULES, type LimitKey } from './limits.ts';
import { nearestName } from './nearest_name.ts';
import { CONFIG_SCHEMA } from './schema.ts';
import { isObject } from './schema_shapes.ts';
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
  if (issue.code === 'invalid_union') {
    const meant = meantOption(issue.errors, value);
    if (meant !== null) return meant.flatMap((inner) => draftIssue(data, inner, path));
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

/**
 * Of `X | { ... }` an object is meant as the last option, a list as the first one, as is a value
 * that was refused by a parser of ours. Null where nothing tells.
 */
function meantOption(
  options: readonly (readonly z.core.$ZodIssue[])[],
  value: unknown,
): readonly z.core.$ZodIssue[] | null {
  if (isObject(value)) return options.at(-1)!;
  const first = options[0]!;
  return Array.isArray(value) || first.some(({ code }) => code === 'custom') ? first : null;
}

/**
 * The path as it is in the data. What was written in a short form has fewer steps than what the
 * schema saw: an endpoint that is a text has no `url`, a mirror that is no list no `[0]`.
 */
function existingPath(data: unknown, path: KeyPath): KeyPath {
  const existing: (string | number)[] = [];
  let value = data;
  for (const key of path) {
    if (value === null || typeof value !== 'object') break;
    if (typeof key === 'number' && !Array.isArray(value)) continue;
    existing.push(key);
    value = Object.hasOwn(value, key)
      ? (value as Record<string | number, unknown>)[key]
      : undefined;
    // What is missing is named to its end.
    if (value === undefined) return [...existing, ...path.slice(path.indexOf(key) + 1)];
  }
  return existing;
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
  if (schema instanceof z.ZodPipe) {
    const isPrepared = schema.in instanceof z.ZodTransform;
    return knownKeys(isPrepared ? schema.out : schema.in, path);
  }
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

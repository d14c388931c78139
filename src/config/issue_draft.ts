// An issue before it has a position in a file.

import type { ConfigIssueCode } from './config_issue.ts';
import type { KeyPath } from './key_path.ts';

/** `at` says whether the key or its value is to be shown. */
export interface IssueDraft {
  readonly code: ConfigIssueCode;
  readonly path: KeyPath;
  readonly at: 'key' | 'value';
  readonly value: unknown;
  readonly wanted: string;
  readonly suggestion: string;
}

/** The value at `path` inside plain data, or undefined. */
export function valueAt(data: unknown, path: KeyPath): unknown {
  let value = data;
  for (const key of path) {
    if (value === null || typeof value !== 'object' || !Object.hasOwn(value, key)) return undefined;
    value = (value as Record<string | number, unknown>)[key];
  }
  return value;
}

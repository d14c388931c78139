// Plain data to a snapshot or to all that is wrong with it.

import { formatLocation } from '../base/errors.ts';
import { buildSnapshot, type ConfigOrigin } from './build_snapshot.ts';
import { checkReferences } from './check_references.ts';
import { type ConfigIssue, plainValue } from './config_issue.ts';
import type { IssueDraft } from './issue_draft.ts';
import { formatKeyPath, type KeyPath } from './key_path.ts';
import { CONFIG_SCHEMA } from './schema.ts';
import { draftSchemaIssues, wantedBySchema } from './schema_issues.ts';
import type { Snapshot } from './snapshot.ts';

/** What became of a configuration. */
export type ConfigResult =
  | { readonly snapshot: Snapshot }
  | { readonly errors: readonly ConfigIssue[] };

/** Checks `data` and compiles it. Errors come in the order of the file. */
export function compileConfig(data: unknown, origin: ConfigOrigin): ConfigResult {
  const result = CONFIG_SCHEMA.safeParse(data, { error: wantedBySchema });
  const where = (path: KeyPath): string =>
    formatLocation({ file: origin.file, ...origin.positions.locate(path, 'value') });
  const drafts = [
    ...(result.success ? [] : draftSchemaIssues(data, result.error.issues)),
    ...checkReferences(data, where),
  ];
  if (result.success && drafts.length === 0) {
    return { snapshot: buildSnapshot(result.data, origin) };
  }
  return { errors: drafts.map((draft) => locateIssue(draft, origin)).toSorted(byPosition) };
}

function locateIssue(draft: IssueDraft, origin: ConfigOrigin): ConfigIssue {
  const position = origin.positions.locate(draft.path, draft.at);
  return {
    file: origin.file,
    line: position?.line ?? null,
    column: position?.column ?? null,
    code: draft.code,
    path: formatKeyPath(draft.path),
    value: plainValue(draft.value),
    wanted: draft.wanted,
    suggestion: draft.suggestion,
  };
}

function byPosition(a: ConfigIssue, b: ConfigIssue): number {
  return (a.line ?? 0) - (b.line ?? 0) || (a.column ?? 0) - (b.column ?? 0);
}

// Plain data to a snapshot or to all that is wrong with it.

import { formatLocation } from '../base/errors.ts';
import { buildSnapshot } from './build_snapshot.ts';
import { checkReferences } from './check_references.ts';
import { checkRoutes } from './check_routes.ts';
import { checkGlobalTemplates } from './check_templates.ts';
import { type ConfigIssue, plainValue } from './config_issue.ts';
import type { ConfigOrigin } from './config_origin.ts';
import { effectiveConfig } from './effective_config.ts';
import type { EffectiveNode } from './effective_node.ts';
import type { IssueDraft } from './issue_draft.ts';
import { formatKeyPath, type KeyPath } from './key_path.ts';
import { checkMiddlewareUses } from './middleware_uses.ts';
import { checkOwnFiles } from './own_bodies.ts';
import { OwnFiles } from './own_files.ts';
import { parseConfig } from './parse_config.ts';
import { draftSchemaIssues } from './schema_issues.ts';
import { type SettingPlaces, settingPlaces } from './setting_places.ts';
import type { Snapshot } from './snapshot.ts';

/** What became of a configuration. */
export type ConfigResult =
  | {
      readonly snapshot: Snapshot;
      /** Where it was wanted. Without secrets. */
      readonly effective?: EffectiveNode;
      /** Where timeouts and limits were written; where `effective` was wanted. */
      readonly settingPlaces?: SettingPlaces;
    }
  | { readonly errors: readonly ConfigIssue[] };

export interface CompileOptions {
  /** What was wrong before; the values concerned are not complained about again. */
  readonly found?: readonly IssueDraft[];
  /** Also gives the configuration with every default filled in. */
  readonly wantsEffective?: boolean;
}

/**
 * Checks `data` and compiles it. Errors come in the order of the files. Modules of middleware must
 * have been imported (`middlewareModules` names them).
 */
export function compileConfig(
  data: unknown,
  origin: ConfigOrigin,
  options: CompileOptions = {},
): ConfigResult {
  const { found = [], wantsEffective = false } = options;
  const { config, routes, issues: refused } = parseConfig(data);
  const where = (path: KeyPath): string => formatLocation(origin.positions.locate(path, 'value'));
  const folderOf = (path: KeyPath): string => origin.positions.folderOf(path);
  const files = new OwnFiles();
  const drafts = [
    ...draftSchemaIssues(data, refused),
    ...checkGlobalTemplates(data),
    ...checkReferences(data, where),
    ...checkRoutes(data, routes, where),
    ...checkMiddlewareUses(data, folderOf, found),
    ...checkOwnFiles(data, folderOf, files),
  ];
  const foundPaths = new Set(found.map(({ path }) => formatKeyPath(path)));
  const fresh = drafts.filter(({ path }) => !foundPaths.has(formatKeyPath(path)));
  const all = [...found, ...fresh];
  if (config !== null && all.length === 0) {
    const snapshot = buildSnapshot(config, origin, files);
    if (!wantsEffective) return { snapshot };
    const effective = effectiveConfig(origin.secrets.mask(data), snapshot);
    return { snapshot, effective, settingPlaces: settingPlaces(data, origin) };
  }
  const issues = all.map((draft) => locateIssue(draft, origin));
  return { errors: sortIssues(issues, origin.file) };
}

/** An issue with its place and without secrets. */
export function locateIssue(draft: IssueDraft, origin: ConfigOrigin): ConfigIssue {
  const { file, line, column } = origin.positions.locate(draft.path, draft.at);
  return {
    file,
    line: line ?? null,
    column: column ?? null,
    code: draft.code,
    path: formatKeyPath(origin.positions.pathInFile(draft.path)),
    value: origin.secrets.mask(plainValue(draft.value)),
    wanted: origin.secrets.maskText(draft.wanted),
    // What is near to a secret says too much of it.
    suggestion: origin.secrets.isSecret(draft.value) ? '' : draft.suggestion,
  };
}

/** By file, `first` before the others, and then by place. */
export function sortIssues(issues: readonly ConfigIssue[], first: string): ConfigIssue[] {
  const rank = (file: string): string => (file === first ? '' : file);
  return issues.toSorted(
    (a, b) =>
      compareTexts(rank(a.file), rank(b.file)) ||
      (a.line ?? 0) - (b.line ?? 0) ||
      (a.column ?? 0) - (b.column ?? 0),
  );
}

function compareTexts(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

// A configuration file, with all that it includes, to a snapshot or to all that is wrong with it. A
// module is evaluated, with whatever its code does, and never unloaded: that is for the short-lived
// loader process alone.

import {
  type CompileOptions,
  type ConfigResult,
  compileConfig,
  locateIssue,
  sortIssues,
} from './compile_config.ts';
import { type ConfigOrigin, NO_CODE, objectOrigin } from './config_origin.ts';
import { type MergedConfig, mergeParts } from './merge_parts.ts';
import { middlewareModules } from './middleware_uses.ts';
import { type ConfigFiles, readConfigFiles } from './read_config_files.ts';
import type { SnapshotCode } from './snapshot.ts';

/** What was read and merged, before it is judged. */
interface ReadConfig {
  readonly files: ConfigFiles;
  readonly merged: MergedConfig;
}

/** What is wanted beside the snapshot. */
export type LoadFileOptions = Pick<CompileOptions, 'wantsEffective'>;

/** A configuration that never was a file; relative paths in it start from `folder`. */
export function loadConfigObject(data: unknown, folder: string): ConfigResult {
  return compileConfig(data, objectOrigin(folder));
}

/**
 * Loads the file at `path`, modules and all; messages show the path as it is given here. Never
 * throws for the file's sake.
 */
export async function loadConfigFile(
  path: string,
  options: LoadFileOptions = {},
): Promise<ConfigResult> {
  const files = await readConfigFiles(path, 'evaluate');
  if (files.parts.length === 0) return { errors: files.issues };
  const merged = mergeParts(files.parts);
  const { data, positions } = merged;
  const { importMiddleware } = await import('./import_middleware.ts');
  const folderOf = positions.folderOf.bind(positions);
  const references = middlewareModules(data, folderOf);
  const imported = await importMiddleware(data, references, files.modules);
  const origin = originOf(path, { files, merged }, imported.code, imported.files);
  const drafts = [...merged.drafts, ...imported.drafts];
  return judge({ files, merged: { ...merged, drafts } }, origin, options);
}

/**
 * Loads the file at `path` without running any code of the user's; null where there is some: a
 * module that is included, or that middleware comes from.
 */
export async function loadDataConfigFile(
  path: string,
  options: LoadFileOptions = {},
): Promise<ConfigResult | null> {
  const files = await readConfigFiles(path, 'leave');
  if (files.needsCode) return null;
  if (files.parts.length === 0) return { errors: files.issues };
  const merged = mergeParts(files.parts);
  const { data, positions } = merged;
  if (middlewareModules(data, positions.folderOf.bind(positions)).length > 0) return null;
  return judge({ files, merged }, originOf(path, { files, merged }, NO_CODE, []), options);
}

function originOf(
  file: string,
  { files, merged }: ReadConfig,
  code: SnapshotCode,
  modules: readonly string[],
): ConfigOrigin {
  const all = new Set([...files.filesRead, ...modules]);
  return {
    file,
    realPath: files.parts[0]!.realPath,
    positions: merged.positions,
    secrets: files.secrets,
    files: [...all].toSorted(),
    code,
  };
}

/** What refers to a file that could not be read cannot be judged: then only reading is. */
function judge(
  { files, merged }: ReadConfig,
  origin: ConfigOrigin,
  options: LoadFileOptions,
): ConfigResult {
  const issues = [...files.issues, ...merged.issues];
  if (files.isIncomplete) {
    const located = merged.drafts.map((draft) => locateIssue(draft, origin));
    return { errors: sortIssues([...issues, ...located], origin.file) };
  }
  const result = compileConfig(merged.data, origin, { ...options, found: merged.drafts });
  if (issues.length === 0) return result;
  const errors = 'errors' in result ? result.errors : [];
  return { errors: sortIssues([...issues, ...errors], origin.file) };
}

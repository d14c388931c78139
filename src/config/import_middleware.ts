// Imports the modules of the user's whose middleware a configuration uses, so that their
// definitions can be checked, and says which code that is. For the loader process alone: a module
// is never unloaded.

import { fileURLToPath } from 'node:url';
import { type IssueDraft, valueAt } from './issue_draft.ts';
import type { ModuleReference } from './middleware_uses.ts';
import { importSentence } from './module_errors.ts';
import { codeBehind, filesBehind, followImports } from './module_graph.ts';
import type { SnapshotCode } from './snapshot.ts';

export interface ImportedMiddleware {
  /** For every module that cannot be imported. */
  readonly drafts: readonly IssueDraft[];
  readonly code: SnapshotCode;
  /** Real paths of the user's own modules that were loaded; what is installed is not among them. */
  readonly files: readonly string[];
}

/** Imports what `data` refers to; `configModules` are URLs of configurations. */
export async function importMiddleware(
  data: unknown,
  references: readonly ModuleReference[],
  configModules: readonly string[],
): Promise<ImportedMiddleware> {
  followImports();
  const drafts: IssueDraft[] = [];
  for (const reference of references) {
    const draft = await tryImport(data, reference);
    if (draft !== null) drafts.push(draft);
  }
  const urls = references.map(({ url }) => url);
  const loaded = filesBehind([...configModules, ...urls]);
  const files = loaded.filter((file) => !file.includes('/node_modules/'));
  return { drafts, code: codeBehind(urls), files };
}

async function tryImport(
  data: unknown,
  { url, path }: ModuleReference,
): Promise<IssueDraft | null> {
  try {
    await import(url);
    return null;
  } catch (error) {
    const wanted = importSentence(fileURLToPath(url), error);
    const value = valueAt(data, path);
    return { code: 'ZP_CONFIG_MODULE', path, at: 'value', value, wanted, suggestion: '' };
  }
}

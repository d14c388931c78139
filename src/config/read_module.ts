// A config module (TypeScript or JavaScript): evaluated in this process, once. Its default export
// is the data, or a function or promise that gives it; the positions come from its literals, after
// the types were blanked out in place.

import { pathToFileURL } from 'node:url';
import type { ConfigTextError, ConfigTextResult } from './config_text.ts';
import { LiteralPositions } from './literal_positions.ts';
import { evaluationError, type ModuleScript, scriptOf } from './module_errors.ts';
import { followImports } from './module_graph.ts';
import { NO_POSITIONS, type TextPositions } from './positions.ts';

/** Evaluates the module at `path` (a real path), whose source is `text`. */
export async function readModule(path: string, text: string): Promise<ConfigTextResult> {
  const script = scriptOf(path, text);
  if (!('source' in script)) return { textErrors: [script] };
  followImports();
  const positions = positionsIn(script);
  const refused = (sentence: string): ConfigTextResult => {
    const position = positions.locate([], 'value');
    return { textErrors: [{ code: 'ZP_CONFIG_EXPORT', text: sentence, position }] };
  };
  let data: unknown;
  try {
    const exports = (await import(pathToFileURL(path).href)) as { readonly default?: unknown };
    if (!Object.hasOwn(exports, 'default')) {
      return { textErrors: [noDefaultExport()] };
    }
    data = await exports.default;
    if (typeof data === 'function') data = await data();
  } catch (error) {
    return { textErrors: [evaluationError(path, script, error)] };
  }
  if (typeof data === 'function') {
    return refused('the default export is a function that gives a function; let it give an object');
  }
  return { data, positions, drafts: [] };
}

function noDefaultExport(): ConfigTextError {
  const text = 'the module has no default export; write "export default defineConfig({ ... })"';
  return { code: 'ZP_CONFIG_EXPORT', text, position: null };
}

function positionsIn({ source, parsed }: ModuleScript): TextPositions {
  return 'line' in parsed ? NO_POSITIONS : new LiteralPositions(source, parsed);
}

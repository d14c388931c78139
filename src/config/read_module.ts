// A config module (TypeScript or JavaScript): evaluated in this process, once. Its default export
// is the data; the positions come from its literals, after the types were blanked out in place.

import { stripTypeScriptTypes } from 'node:module';
import { pathToFileURL } from 'node:url';
import { parse } from 'acorn';
import type { ConfigTextError, ConfigTextResult } from './config_text.ts';
import { LiteralPositions } from './literal_positions.ts';
import { resolveZproxyToSelf } from './module_resolution.ts';
import { NO_POSITIONS, type Position, type Positions } from './positions.ts';

const PARSE_OPTIONS = {
  ecmaVersion: 'latest',
  sourceType: 'module',
  allowHashBang: true,
} as const;

/** Evaluates the module at `path` (absolute), whose source is `text`. */
export async function readModule(path: string, text: string): Promise<ConfigTextResult> {
  const source = withoutTypes(path, text);
  if (typeof source !== 'string') return { textErrors: [source] };
  resolveZproxyToSelf();
  let exports: { readonly default?: unknown };
  try {
    exports = (await import(pathToFileURL(path).href)) as { default?: unknown };
  } catch (error) {
    return { textErrors: [evaluationError(path, source, error)] };
  }
  if (!Object.hasOwn(exports, 'default')) {
    const sentence =
      'the module has no default export; write "export default defineConfig({ ... })"';
    return { textErrors: [{ code: 'ZP_CONFIG_EXPORT', text: sentence, position: null }] };
  }
  return { data: exports.default, positions: positionsIn(source) };
}

function withoutTypes(path: string, text: string): string | ConfigTextError {
  if (!/\.[cm]?ts$/.test(path)) return text;
  try {
    return stripTypeScriptTypes(text, { mode: 'strip' });
  } catch (error) {
    const { message, stack } = error as Error;
    return { code: 'ZP_CONFIG_SYNTAX', text: message, position: excerptPosition(stack ?? '') };
  }
}

function positionsIn(source: string): Positions {
  try {
    return new LiteralPositions(source, parse(source, PARSE_OPTIONS));
  } catch {
    // Node runs syntax that the parser does not know yet: messages then have the key path alone.
    return NO_POSITIONS;
  }
}

function evaluationError(path: string, source: string, error: unknown): ConfigTextError {
  if (!(error instanceof Error)) {
    return { code: 'ZP_CONFIG_THROWN', text: `the module threw ${String(error)}`, position: null };
  }
  const position = framePosition(error.stack ?? '', path);
  if (error instanceof SyntaxError && position === null) {
    // Of this file, or of one that it imports: then this one can be parsed, and the message names
    // the other.
    return { code: 'ZP_CONFIG_SYNTAX', text: error.message, position: syntaxErrorIn(source) };
  }
  const text = `the module threw ${error.name}: ${error.message}`;
  return { code: 'ZP_CONFIG_THROWN', text, position };
}

/** Where the parser stops; null where it does not. */
function syntaxErrorIn(source: string): Position | null {
  try {
    parse(source, PARSE_OPTIONS);
    return null;
  } catch (error) {
    const { line, column } = (error as { loc: Position }).loc;
    return { line, column: column + 1 };
  }
}

/**
 * The stripper puts `:LINE`, the lines concerned and a caret below the last one before the stack.
 */
function excerptPosition(stack: string): Position | null {
  const match = /^:(\d+)\n(?:.*\n)+?( *)\^/.exec(stack);
  return match === null ? null : { line: Number(match[1]), column: match[2]!.length + 1 };
}

/** The innermost frame that lies in the file. */
function framePosition(stack: string, path: string): Position | null {
  const url = pathToFileURL(path).href;
  for (const line of stack.split('\n')) {
    const match = /^\s+at .*?(?:\()?((?:file:|\/).*):(\d+):(\d+)\)?$/.exec(line);
    if (match !== null && (match[1] === url || match[1] === path)) {
      return { line: Number(match[2]), column: Number(match[3]) };
    }
  }
  return null;
}

// A config module (TypeScript or JavaScript): evaluated in this process, once. Its default export
// is the data; the positions come from its literals, after the types were blanked out in place.

import { stripTypeScriptTypes } from 'node:module';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { isPromise } from 'node:util/types';
import { type Program, parse } from 'acorn';
import type { ConfigTextError, ConfigTextResult } from './config_text.ts';
import { LiteralPositions } from './literal_positions.ts';
import { resolveZproxyToSelf } from './module_resolution.ts';
import { NO_POSITIONS, type Position, type Positions, positionOf } from './positions.ts';

const PARSE_OPTIONS = {
  ecmaVersion: 'latest',
  sourceType: 'module',
  allowHashBang: true,
} as const;

/** Evaluates the module at `path` (absolute), whose source is `text`. */
export async function readModule(path: string, text: string): Promise<ConfigTextResult> {
  // Without type annotations it is JavaScript: Node's stripper, a WebAssembly module that a start
  // would wait for, is then not needed (Node itself keeps what it stripped in its compile cache).
  const source = 'line' in tryParse(text) ? withoutTypes(path, text) : text;
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
  const positions = positionsIn(source);
  const refusal = refuseExport(exports.default);
  if (refusal !== '') {
    const position = positions.locate([], 'value');
    return { textErrors: [{ code: 'ZP_CONFIG_EXPORT', text: refusal, position }] };
  }
  return { data: exports.default, positions };
}

/** What a configuration cannot be, though it may well lead to one; '' for all else. */
function refuseExport(exported: unknown): string {
  if (typeof exported === 'function') {
    return 'the default export is a function; call it, with "await" if it is asynchronous';
  }
  if (!isPromise(exported)) return '';
  exported.catch(() => {}); // The sentence about it is enough.
  return 'the default export is a promise; write "export default await ..."';
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
  const parsed = tryParse(source);
  if (error instanceof SyntaxError && position === null) {
    // Of this file, or of one that it imports: then this one can be parsed, and the message names
    // the other.
    const place = 'line' in parsed ? parsed : importNamed(source, parsed, error.message);
    return { code: 'ZP_CONFIG_SYNTAX', text: error.message, position: place };
  }
  const text = `the module threw ${error.name}: ${error.message}`;
  if (position !== null) return { code: 'ZP_CONFIG_THROWN', text, position };
  const place = 'line' in parsed ? null : importNamed(source, parsed, error.message);
  const thrower = place === null ? frameElsewhere(error.stack ?? '') : '';
  return { code: 'ZP_CONFIG_THROWN', text: text + thrower, position: place };
}

/** The parsed source, or where the parser stops. */
function tryParse(source: string): Program | Position {
  try {
    return parse(source, PARSE_OPTIONS);
  } catch (error) {
    const { line, column } = (error as { loc: Position }).loc;
    return { line, column: column + 1 };
  }
}

/** The import of the module that Node's message is about: it has no stack in the file. */
function importNamed(source: string, program: Program, message: string): Position | null {
  for (const statement of program.body) {
    if (!('source' in statement) || typeof statement.source?.value !== 'string') continue;
    const name = statement.source.value.replace(/^(\.{0,2}\/)+/, '');
    if (message.includes(`'${name}'`) || message.includes(`/${name}'`)) {
      return positionOf(source, statement.source.start);
    }
  }
  return null;
}

/**
 * The stripper puts `:LINE`, the lines concerned and a caret below the last one before the stack.
 */
function excerptPosition(stack: string): Position | null {
  const match = /^:(\d+)\n(?:.*\n)+?( *)\^/.exec(stack);
  if (match !== null) return { line: Number(match[1]), column: match[2]!.length + 1 };
  // No caret: the file ends too early.
  const ended = /^:(\d+)\n((?:.+\n)+)\n/.exec(stack);
  if (ended === null) return null;
  const last = ended[2]!.trimEnd().split('\n').at(-1)!;
  return { line: Number(ended[1]), column: last.length + 1 };
}

/** The innermost frame that lies in the file. */
function framePosition(stack: string, path: string): Position | null {
  const url = pathToFileURL(path).href;
  for (const { file, line, column } of framesIn(stack)) {
    if (file === url || file === path) return { line, column };
  }
  return null;
}

/** The innermost frame that lies in any file, as an addition to the message. */
function frameElsewhere(stack: string): string {
  for (const { file, line, column } of framesIn(stack)) {
    const path = file.startsWith('file:') ? fileURLToPath(file) : file;
    return ` (at ${path}:${line}:${column})`;
  }
  return '';
}

function framesIn(stack: string): { file: string; line: number; column: number }[] {
  return stack.split('\n').flatMap((text) => {
    const match = /^\s+at .*?(?:\()?((?:file:|\/).*):(\d+):(\d+)\)?$/.exec(text);
    if (match === null) return [];
    return [{ file: match[1]!, line: Number(match[2]), column: Number(match[3]) }];
  });
}

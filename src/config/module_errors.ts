// What Node says about a module that could not be loaded, as an issue with a place: its messages
// name files and lines in several forms, and syntax errors have a stack that does not lead to them.

import { readFileSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { type Program, parse } from 'acorn';
import type { ZProxyError } from '../base/errors.ts';
import { CONFIG_ISSUE_CODES, type ConfigIssueCode } from './config_issue.ts';
import type { ConfigTextError } from './config_text.ts';
import { type Position, positionOf } from './positions.ts';

const PARSE_OPTIONS = {
  ecmaVersion: 'latest',
  sourceType: 'module',
  allowHashBang: true,
} as const;

function tryParse(source: string): Program | Position {
  try {
    return parse(source, PARSE_OPTIONS);
  } catch (error) {
    const { line, column } = (error as { loc: Position }).loc;
    return { line, column: column + 1 };
  }
}

/** A module as JavaScript, with the offsets of its text. */
export interface ModuleScript {
  readonly source: string;
  /** The parsed source, or where the parser stops: Node may run syntax that it does not know. */
  readonly parsed: Program | Position;
}

/** The module as JavaScript, or what is wrong with its types. */
export function scriptOf(path: string, text: string): ModuleScript | ConfigTextError {
  const parsed = tryParse(text);
  // Without type annotations it is JavaScript: Node's stripper, a WebAssembly module that a start
  // would wait for, is then not needed (Node itself keeps what it stripped in its compile cache).
  if (!/\.[cm]?ts$/.test(path) || !('line' in parsed)) return { source: text, parsed };
  try {
    const source = stripTypeScriptTypes(text, { mode: 'strip' });
    return { source, parsed: tryParse(source) };
  } catch (error) {
    const { message, stack } = error as Error;
    return { code: 'ZP_CONFIG_SYNTAX', text: message, position: excerptPosition(stack ?? '') };
  }
}

/** An error that the module at `path` ended with. */
export function evaluationError(
  path: string,
  { source, parsed }: ModuleScript,
  error: unknown,
): ConfigTextError {
  if (!(error instanceof Error)) {
    return { code: 'ZP_CONFIG_THROWN', text: `the module threw ${String(error)}`, position: null };
  }
  const position = framePosition(error.stack ?? '', path);
  if (isOurs(error)) return { code: error.code, text: error.message, position };
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

/**
 * What importing the file at `path` failed with, as one sentence without a full stop that names
 * the place: the file's own text is not what the message is shown at.
 */
export function importSentence(path: string, error: unknown): string {
  let source: string;
  try {
    source = readFileSync(path, 'utf8');
  } catch (reason) {
    const { code } = reason as NodeJS.ErrnoException;
    if (code === 'ENOENT') return `there is no file ${path}`;
    return `${path} cannot be read (${code})`;
  }
  const script = scriptOf(path, source);
  const fault = 'source' in script ? evaluationError(path, script, error) : script;
  const { position } = fault;
  const place = position === null ? path : `${path}:${position.line}:${position.column}`;
  const kind = fault.code === 'ZP_CONFIG_SYNTAX' ? 'it is not valid: ' : '';
  return `${fault.text.includes(path) ? 'it cannot be loaded' : place}: ${kind}${fault.text}`;
}

/** Thrown by `env`, `secretFile` and the like: the code says more than "it threw". */
function isOurs(error: Error): error is ZProxyError & { readonly code: ConfigIssueCode } {
  // The one of another bundle is another class of the same name.
  const { name, code } = error as { readonly name: string; readonly code?: unknown };
  return (
    name === 'ZProxyError' && typeof code === 'string' && Object.hasOwn(CONFIG_ISSUE_CODES, code)
  );
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

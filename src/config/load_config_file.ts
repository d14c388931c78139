// A configuration file to a snapshot or to all that is wrong with it. A module is evaluated, with
// whatever its code does, and never unloaded: that is for the short-lived loader process alone.

import { readFileSync, realpathSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { type ConfigResult, compileConfig } from './compile_config.ts';
import { configFormat } from './config_format.ts';
import type { ConfigIssue } from './config_issue.ts';
import type { ConfigTextError, ConfigTextResult } from './config_text.ts';

const EXTENSIONS_WANTED = '.ts, .js, .yaml or .json';

/**
 * Loads the file at `path`; messages show the path as it is given here. Never throws for the
 * file's sake.
 */
export async function loadConfigFile(path: string): Promise<ConfigResult> {
  let realPath: string;
  let text: string;
  try {
    realPath = realpathSync(resolve(path));
    text = readFileSync(realPath, 'utf8');
  } catch (error) {
    return { errors: [textIssue(path, fileError(error as NodeJS.ErrnoException))] };
  }
  const result = await readText(realPath, text);
  if ('textErrors' in result) {
    return { errors: result.textErrors.map((error) => textIssue(path, error)) };
  }
  const { data, positions } = result;
  if (data === null || data === undefined) {
    const text = 'there is nothing in it; it needs the keys listeners, upstreams and routes';
    return { errors: [textIssue(path, { code: 'ZP_CONFIG_SYNTAX', text, position: null })] };
  }
  return compileConfig(data, { file: path, realPath, folder: dirname(realPath), positions });
}

/** Each format's parser is loaded for its own files only: starting is faster by the other ones. */
async function readText(realPath: string, text: string): Promise<ConfigTextResult> {
  switch (configFormat(realPath)) {
    case 'yaml':
      return (await import('./read_yaml.ts')).readYaml(text);
    case 'json':
      return (await import('./read_json.ts')).readJson(text);
    case 'module':
      return await (await import('./read_module.ts')).readModule(realPath, text);
    case null: {
      const sentence = `the file's name must end in ${EXTENSIONS_WANTED}`;
      return { textErrors: [{ code: 'ZP_CONFIG_UNREADABLE', text: sentence, position: null }] };
    }
  }
}

function fileError(error: NodeJS.ErrnoException): ConfigTextError {
  const position = null;
  if (error.code === 'ENOENT') {
    const text = 'there is no such file; name one with --config, or write it';
    return { code: 'ZP_CONFIG_NOT_FOUND', text, position };
  }
  const reason = error.code ?? error.message;
  const remedy = READ_REMEDIES[reason];
  const text = `the file cannot be read (${reason})${remedy === undefined ? '' : `; ${remedy}`}`;
  return { code: 'ZP_CONFIG_UNREADABLE', text, position };
}

const READ_REMEDIES: Readonly<Record<string, string>> = {
  EACCES: 'let this user read it and enter its folder, or start as another user',
  EISDIR: 'it is a folder; name the file in it',
};

function textIssue(file: string, error: ConfigTextError): ConfigIssue {
  return {
    file,
    line: error.position?.line ?? null,
    column: error.position?.column ?? null,
    code: error.code,
    path: '',
    value: null,
    wanted: error.text,
    suggestion: '',
  };
}

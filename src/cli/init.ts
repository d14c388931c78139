// `zproxy init`: writes a commented configuration to start from. It never overwrites one.

import { existsSync, writeFileSync } from 'node:fs';
import { dirname, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CONFIG_FILE_NAMES } from '../config/find_config_file.ts';
import { packageRoot } from '../config/package_root.ts';
import { ExitCode } from './exit_code.ts';
import { type StarterFormat, starterText } from './starter_text.ts';
import type { Terminal } from './terminal.ts';

export interface InitOptions {
  readonly yaml?: boolean;
  readonly json?: boolean;
}

export async function init(
  file: string | undefined,
  options: InitOptions,
  terminal: Terminal,
): Promise<ExitCode> {
  const format = formatOf(file, options);
  if (format === null) {
    const wanted = 'a name that ends in .config.ts, .ts, .yaml, .yml or .json';
    terminal.printError(`zproxy: ${file} is not written: wanted ${wanted}, as the format is`);
    return ExitCode.USAGE;
  }
  const path = file ?? FILES[format];
  const refusal =
    (file === undefined ? existing() : '') || write(path, starterText(format, schemaPath(path)));
  if (refusal !== '') {
    terminal.printError(`zproxy: ${refusal}`);
    return ExitCode.INVALID;
  }
  const named = file === undefined ? '' : ` --config ${path}`;
  terminal.print(`wrote ${relative(process.cwd(), resolve(path))}`);
  terminal.print(`next: zproxy check${named}, then zproxy run${named}`);
  return ExitCode.FINE;
}

const FILES: Readonly<Record<StarterFormat, string>> = {
  ts: 'zproxy.config.ts',
  yaml: 'zproxy.yaml',
  json: 'zproxy.json',
};

/** Null where name and options are at odds, or the name says nothing. */
function formatOf(file: string | undefined, options: InitOptions): StarterFormat | null {
  const asked = options.yaml === true ? 'yaml' : options.json === true ? 'json' : null;
  if (file === undefined) return asked ?? 'ts';
  const extension = /\.(ts|mts|ya?ml|json)$/.exec(file)?.[1];
  if (extension === undefined) return null;
  const named = extension === 'json' ? 'json' : extension.startsWith('y') ? 'yaml' : 'ts';
  return asked === null || asked === named ? named : null;
}

/** From the file's folder where the package lies below it; absolute otherwise. */
function schemaPath(file: string): string {
  const schema = fileURLToPath(new URL('schema/zproxy.schema.json', packageRoot()));
  const path = relative(dirname(resolve(file)), schema);
  return path.startsWith('..') ? schema : `./${path}`;
}

/** Whichever format it has, `zproxy run` would find it here. */
function existing(): string {
  const name = CONFIG_FILE_NAMES.find((candidate) => existsSync(candidate));
  if (name === undefined) return '';
  return `there is a ${name} in this folder, which is left as it is; name another file to write`;
}

/** '' where it was written, else why not. */
function write(path: string, text: string): string {
  try {
    writeFileSync(path, text, { flag: 'wx' });
    return '';
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST') return `${path} exists, and is left as it is; name another file`;
    return `cannot write ${path}: ${message}`;
  }
}

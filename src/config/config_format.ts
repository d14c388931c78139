// The formats of configuration files, told by the ends of their names. A link counts as the file
// that it leads to.

import { realpathSync } from 'node:fs';
import { extname } from 'node:path';

export type ConfigFormat = 'module' | 'yaml' | 'json';

const FORMATS: Readonly<Record<string, ConfigFormat>> = {
  '.ts': 'module',
  '.mts': 'module',
  '.js': 'module',
  '.mjs': 'module',
  '.yaml': 'yaml',
  '.yml': 'yaml',
  '.json': 'json',
};

/** The format of the file at `realPath`, or null where the name does not tell. */
export function configFormat(realPath: string): ConfigFormat | null {
  return FORMATS[extname(realPath)] ?? null;
}

/** Whether reading the file means running its code. */
export function isConfigModule(path: string): boolean {
  try {
    return configFormat(realpathSync(path)) === 'module';
  } catch {
    return false; // Whoever reads it says what is wrong with it.
  }
}

// Which configuration is meant when none is named.

import { existsSync } from 'node:fs';
import { join } from 'node:path';

/** In this order; the first that exists is taken. */
export const CONFIG_FILE_NAMES = ['zproxy.config.ts', 'zproxy.yaml', 'zproxy.json'] as const;

/** The path of the configuration in `folder`, or null. */
export function findConfigFile(folder: string): string | null {
  for (const name of CONFIG_FILE_NAMES) {
    const path = join(folder, name);
    if (existsSync(path)) return path;
  }
  return null;
}

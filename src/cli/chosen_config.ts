// Which configuration file a command works on: the one named, else the one in this folder.

import { relative } from 'node:path';
import { CONFIG_FILE_NAMES, findConfigFile } from '../config/find_config_file.ts';

/** The path as messages are to show it, or null where none was named and none is here. */
export function chosenConfig(named: string | undefined, folder: string): string | null {
  if (named !== undefined) return named;
  const found = findConfigFile(folder);
  return found === null ? null : relative(folder, found);
}

/** One sentence for the null above. */
export const NO_CONFIG_TEXT: string = noConfigText();

function noConfigText(): string {
  const names = new Intl.ListFormat('en', { type: 'disjunction' }).format(CONFIG_FILE_NAMES);
  return `zproxy: there is no ${names} in this folder; write one, or name a file with --config.`;
}

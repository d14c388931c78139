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
export function noConfigText(folder: string): string {
  const names = `${CONFIG_FILE_NAMES.slice(0, -1).join(', ')} or ${CONFIG_FILE_NAMES.at(-1)}`;
  return `zproxy: there is no ${names} in ${folder}; write one, or name a file with --config.`;
}

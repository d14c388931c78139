// Reads a config file in the way that suits it. A module is code of the user: it is evaluated in a
// process of its own. Data is read right here, which makes a start faster by that process.

import type { ConfigResult } from '../config/compile_config.ts';
import { isConfigModule } from '../config/config_format.ts';
import { type LoaderOptions, loadInProcess } from './loader.ts';

/** The snapshot of the file, or all that is wrong with it. Rejects as `loadInProcess` does. */
export async function loadConfig(file: string, options: LoaderOptions): Promise<ConfigResult> {
  if (isConfigModule(file)) return await loadInProcess(file, options);
  const { loadConfigFile } = await import('../config/load_config_file.ts');
  return await loadConfigFile(file);
}

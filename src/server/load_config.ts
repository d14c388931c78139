// Reads a config file in the way that suits it. Modules are code of the user: they are evaluated in
// a process of its own. Data is read right here at a start, which is faster by that process; a
// reload takes the loader always, so that what the parsers and the schema leave behind in memory is
// gone with it (docs/decisions/0004).

import type { ConfigResult } from '../config/compile_config.ts';
import { isConfigModule } from '../config/config_format.ts';
import { type LoaderOptions, loadInProcess } from './loader.ts';

export interface LoadOptions extends LoaderOptions {
  /** For a process that lives on: the loader reads data files, too. */
  readonly isReload?: boolean;
}

/** The snapshot of the file, or all that is wrong with it. Rejects as `loadInProcess` does. */
export async function loadConfig(file: string, options: LoadOptions): Promise<ConfigResult> {
  if (options.isReload !== true && !isConfigModule(file)) {
    const { loadDataConfigFile } = await import('../config/load_config_file.ts');
    const result = await loadDataConfigFile(file, {
      wantsEffective: options.wantsEffective === true,
    });
    if (result !== null) return result;
  }
  return await loadInProcess(file, options);
}

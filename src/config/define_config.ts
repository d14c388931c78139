// The function that gives a config file its types.

import type { Config } from './config.ts';

/** Returns `config` as it is; an editor completes and checks its keys. */
export function defineConfig(config: Config): Config {
  return config;
}

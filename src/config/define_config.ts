// The function that gives a config file its types.

import type { Config } from './config.ts';

/** A configuration, or what gives one: a function is called once, a promise is awaited. */
export type ConfigSource = Config | Promise<Config> | (() => Config | Promise<Config>);

/** Returns `config` as it is; an editor completes and checks its keys. */
export function defineConfig(config: () => Config | Promise<Config>): typeof config;
export function defineConfig(config: Promise<Config>): Promise<Config>;
// The last one: of a call that fits none, the compiler says what it says about this one.
export function defineConfig(config: Config): Config;
export function defineConfig(config: ConfigSource): ConfigSource {
  return config;
}

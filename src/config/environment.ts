// `env`: an environment variable for configurations in TypeScript, with the error that YAML and
// JSON give for `${NAME}`.

import { ZProxyError } from '../base/errors.ts';

/**
 * The environment variable `name`. Where it is not set (or empty, and there is a default) it is
 * `fallback`; without one ZP_CONFIG_ENVIRONMENT is thrown.
 */
export function env(name: string, fallback?: string): string {
  const value = process.env[name];
  if (value !== undefined && (value !== '' || fallback === undefined)) return value;
  if (fallback !== undefined) return fallback;
  throw new ZProxyError(
    'ZP_CONFIG_ENVIRONMENT',
    `the environment variable ${name} is not set; set it, or write env('${name}', 'default')`,
  );
}

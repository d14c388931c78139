// From a config file to a running supervisor. The supervisor's modules are loaded while a loader
// process evaluates the file, where there is one.

import { ConfigRefusedError } from './config_refused_error.ts';
import { loadConfig } from './load_config.ts';
import type { Supervisor, SupervisorOptions } from './supervisor.ts';

/**
 * Reads the config, opens everything, starts the workers; resolves once all of them accept. Rejects
 * with a ConfigRefusedError (the config is wrong) or a ZProxyError (it cannot be started), and
 * leaves nothing behind then.
 */
export async function startSupervisor(options: SupervisorOptions): Promise<Supervisor> {
  const interruption = new AbortController();
  options.signals?.take((signal) => {
    if (signal === 'SIGTERM' || signal === 'SIGINT') interruption.abort(signal);
  });
  const loaded = loadConfig(options.configFile, { interruption: interruption.signal });
  const [result, { Supervisor }] = await Promise.all([loaded, import('./supervisor.ts')]);
  if ('errors' in result) throw new ConfigRefusedError(result.errors);
  const supervisor = new Supervisor(options, result.snapshot);
  await supervisor.start();
  return supervisor;
}

// From a config file to a running supervisor. The supervisor's modules are loaded while a loader
// process evaluates the file, where there is one.

import { ConfigRefusedError } from './config_refused_error.ts';
import { loadConfig } from './load_config.ts';
import type { SupervisorOptions } from './supervisor.ts';
import { HAND_OVER_VARIABLE, TRIAL_VARIABLE } from './upgrade_variables.ts';

/** What is left to know of a supervisor that serves. */
export interface RunningProxy {
  /** Where it listens: ports that were picked are filled in. */
  readonly addresses: readonly string[];
  /** Resolves when it has ended. */
  readonly ended: Promise<void>;
}

/** For a process that was started for something else, and is done with it. */
export const NOTHING_TO_RUN: RunningProxy = { addresses: [], ended: Promise.resolve() };

/**
 * Reads the config, opens everything, starts the workers; resolves once all of them accept. Rejects
 * with a ConfigRefusedError (the config is wrong) or a ZProxyError (it cannot be started), and
 * leaves nothing behind then.
 */
export async function startSupervisor(options: SupervisorOptions): Promise<RunningProxy> {
  if (process.env[HAND_OVER_VARIABLE] !== undefined) {
    const { startUpgraded } = await import('./start_upgraded.ts');
    return await startUpgraded(options);
  }
  const trial = process.env[TRIAL_VARIABLE];
  if (trial === 'greeting') {
    const { greet } = await import('./upgrade_trial.ts');
    greet(options.version);
    return NOTHING_TO_RUN;
  }
  const interruption = new AbortController();
  options.signals?.take((signal) => {
    if (signal === 'SIGTERM' || signal === 'SIGINT') interruption.abort(signal);
  });
  const loaded = loadConfig(options.configFile, { interruption: interruption.signal });
  const [result, { Supervisor }] = await Promise.all([loaded, import('./supervisor.ts')]);
  if ('errors' in result) throw new ConfigRefusedError(result.errors);
  if (trial !== undefined) {
    const { runTrial } = await import('./upgrade_trial.ts');
    await runTrial(result.snapshot, options);
    return NOTHING_TO_RUN;
  }
  const supervisor = new Supervisor(options, result.snapshot);
  await supervisor.start();
  return supervisor;
}

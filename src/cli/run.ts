// `zproxy run`: starts the supervisor and stays until it has ended.

import { formatMetrics } from '../admin/format_metrics.ts';
import { packageVersion } from '../config/package_root.ts';
import { StderrLog } from '../server/log.ts';
import type { SignalInbox } from '../server/signals.ts';
import { startSupervisor } from '../server/start_supervisor.ts';
import { chosenConfig, noConfigText } from './chosen_config.ts';
import { ExitCode } from './exit_code.ts';
import { launcherName } from './launcher_path.ts';
import { reportFailure } from './report_failure.ts';
import type { Terminal } from './terminal.ts';

export interface RunOptions {
  readonly config?: string;
}

export async function run(
  options: RunOptions,
  terminal: Terminal,
  signals: SignalInbox,
): Promise<ExitCode> {
  const configFile = chosenConfig(options.config, process.cwd());
  if (configFile === null) {
    terminal.printError(noConfigText(process.cwd()));
    return ExitCode.CANNOT_START;
  }
  try {
    const log = new StderrLog('');
    const version = packageVersion();
    const launcher = launcherName();
    const options = { configFile, version, log, signals, formatMetrics, launcher };
    const supervisor = await startSupervisor(options);
    await supervisor.ended;
    return ExitCode.FINE;
  } catch (error) {
    return reportFailure(error, terminal);
  }
}

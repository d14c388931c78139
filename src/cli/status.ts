// `zproxy status`: asks the running process through its control socket and prints what it says.

import { ZProxyError } from '../base/errors.ts';
import { requestControl } from '../server/control_client.ts';
import { loadConfig } from '../server/load_config.ts';
import { defaultControlPath } from '../server/runtime_path.ts';
import type { StatusReport } from '../server/status_report.ts';
import { chosenConfig, noConfigText } from './chosen_config.ts';
import { ExitCode } from './exit_code.ts';
import { formatStatus } from './status_text.ts';
import type { Terminal } from './terminal.ts';

export interface StatusOptions {
  readonly config?: string;
  /** Path of the control socket; the configuration is not read then. */
  readonly control?: string;
  readonly json?: boolean;
}

export async function status(options: StatusOptions, terminal: Terminal): Promise<ExitCode> {
  const path = await controlPath(options);
  if (path === null) {
    terminal.printError(noConfigText(process.cwd()));
    return ExitCode.NOT_RUNNING;
  }
  try {
    const response = await requestControl(path, 'GET', '/status');
    if (response.status !== 200) {
      terminal.printError(`zproxy: the process at ${path} answered ${response.status}.`);
      return ExitCode.INVALID;
    }
    const report = response.body as StatusReport;
    if (options.json === true) terminal.print(JSON.stringify(report, null, 2));
    else for (const line of formatStatus(report, terminal)) terminal.print(line);
    return ExitCode.FINE;
  } catch (error) {
    if (!(error instanceof ZProxyError)) throw error;
    terminal.printError(`zproxy: ${error.message}`);
    return error.code === 'ZP_NOT_RUNNING' ? ExitCode.NOT_RUNNING : ExitCode.INVALID;
  }
}

async function controlPath(options: StatusOptions): Promise<string | null> {
  if (options.control !== undefined) return options.control;
  const file = chosenConfig(options.config, process.cwd());
  if (file === null) return null;
  // The process may run with an older, valid form of a file that is being edited.
  const result = await loadConfig(file, { interruption: new AbortController().signal });
  const configured = 'snapshot' in result ? result.snapshot.controlPath : '';
  return configured === '' ? defaultControlPath(file) : configured;
}

// `zproxy status`: what the running process says that it is doing.

import type { StatusReport } from '../server/status_report.ts';
import { ExitCode } from './exit_code.ts';
import { type ProcessOptions, withProcess } from './running_process.ts';
import { formatStatus } from './status_text.ts';
import type { Terminal } from './terminal.ts';

export interface StatusOptions extends ProcessOptions {
  readonly json?: boolean;
}

export function status(options: StatusOptions, terminal: Terminal): Promise<ExitCode> {
  return withProcess(options, terminal, async (running) => {
    const report = (await running.require('GET /status', 200)) as StatusReport;
    if (options.json === true) terminal.print(JSON.stringify(report, null, 2));
    else for (const line of formatStatus(report, terminal)) terminal.print(line);
    return ExitCode.FINE;
  });
}

// `zproxy metrics`: the metrics of the running process, as Prometheus reads them.

import { ExitCode } from './exit_code.ts';
import { type ProcessOptions, withProcess } from './running_process.ts';
import type { Terminal } from './terminal.ts';

export function metrics(options: ProcessOptions, terminal: Terminal): Promise<ExitCode> {
  return withProcess(options, terminal, async (running) => {
    terminal.print(String(await running.require('GET /metrics', 200)).trimEnd());
    return ExitCode.FINE;
  });
}

// `zproxy drain`: has the running process take no new connections, let open exchanges end, and
// end; with --wait, returns only then.

import { ZProxyError } from '../base/errors.ts';
import type { StatusReport } from '../server/status_report.ts';
import { counted } from './counted.ts';
import { ExitCode } from './exit_code.ts';
import { pause } from './pause.ts';
import { processExists } from './process_exists.ts';
import { type ProcessOptions, type RunningProcess, withProcess } from './running_process.ts';
import type { Terminal } from './terminal.ts';

const POLL_MS = 100;
/** Between the end of the control socket and that of the process. */
const EXIT_WAIT_MS = 5_000;

export interface DrainOptions extends ProcessOptions {
  readonly wait?: boolean;
}

export function drain(options: DrainOptions, terminal: Terminal): Promise<ExitCode> {
  return withProcess(options, terminal, async (running) => {
    const before = (await running.require('GET /status', 200)) as StatusReport;
    await running.require('POST /drain', 202);
    const open = counted(before.connections.open, 'connection');
    terminal.print(`draining, ${open} open`);
    if (options.wait !== true) return ExitCode.FINE;
    await controlIsGone(running);
    await processIsGone(before.pid);
    terminal.print('ended');
    return ExitCode.FINE;
  });
}

/** The drain's own deadline is what ends this. */
async function controlIsGone(running: RunningProcess): Promise<void> {
  for (;;) {
    try {
      await running.ask('GET /status');
    } catch (error) {
      // A connection that breaks off is its end, too; whether it is, the next turn tells.
      if (error instanceof ZProxyError && error.code === 'ZP_NOT_RUNNING') return;
    }
    await pause(POLL_MS);
  }
}

/** Where the process is in another container, its number means nothing here: not for ever. */
async function processIsGone(pid: number): Promise<void> {
  const endMs = performance.now() + EXIT_WAIT_MS;
  while (processExists(pid) && performance.now() < endMs) await pause(POLL_MS);
}

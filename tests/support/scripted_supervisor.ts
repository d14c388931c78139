// A program that runs a supervisor over scripted workers, as `zproxy run` runs one over real ones,
// for tests of upgrades: each version of it is a small file of its own that calls this.

import { SignalInbox } from '../../src/server/signals.ts';

const signals = new SignalInbox();
const { StderrLog } = await import('../../src/server/log.ts');
const { startSupervisor } = await import('../../src/server/start_supervisor.ts');
const { reportFailure } = await import('../../src/cli/report_failure.ts');
const { fileURLToPath } = await import('node:url');

const WORKER: string = fileURLToPath(new URL('./scripted_worker.ts', import.meta.url));

/** Runs until it has ended: `LAUNCHER run --config FILE`. */
export async function runScripted(
  version: string,
  launcher: string,
  workerEntry: string = WORKER,
): Promise<void> {
  try {
    const supervisor = await startSupervisor({
      configFile: process.argv[4]!,
      version,
      log: new StderrLog(''),
      signals,
      formatMetrics: () => '',
      launcher,
      workerEntry,
    });
    await supervisor.ended;
    process.stdout.write('', () => process.exit(0));
  } catch (error) {
    const printError = (text: string): void => void process.stderr.write(`${text}\n`);
    process.exit(reportFailure(error, { printError } as never));
  }
}

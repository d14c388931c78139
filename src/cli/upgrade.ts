// `zproxy upgrade`: has the running process become the version that this command belongs to, and
// waits until that one serves. Where it does not start, the old one stays, and this says why.

import { ZProxyError } from '../base/errors.ts';
import type { StatusReport } from '../server/status_report.ts';
import { ExitCode } from './exit_code.ts';
import { launcherPath } from './launcher_path.ts';
import { pause } from './pause.ts';
import { processExists } from './process_exists.ts';
import {
  type ProcessOptions,
  type RunningProcess,
  refusalOf,
  withProcess,
} from './running_process.ts';
import type { Terminal } from './terminal.ts';

const POLL_MS = 100;
/** For the answer: the process may try the new version first. */
const ANSWER_TIMEOUT_MS = 150_000;
/** For the new version to serve, from the answer on. */
const TAKEOVER_TIMEOUT_MS = 120_000;

export function upgrade(options: ProcessOptions, terminal: Terminal): Promise<ExitCode> {
  return withProcess(options, terminal, async (running) => {
    const before = (await running.require('GET /status', 200)) as StatusReport;
    // In another container its number means nothing here.
    const isVisible = processExists(before.pid);
    const launcher = launcherPath();
    const request = { body: { launcher }, timeoutMs: ANSWER_TIMEOUT_MS };
    const response = await running.ask('POST /upgrade', request);
    if (response.status !== 202) return refused(before, refusalOf(response), terminal);
    const after = await successor(running, before, isVisible);
    if (after === 'ended') {
      terminal.printError(`zproxy: the process ${before.pid} has ended; its log says why`);
      return ExitCode.INVALID;
    }
    if (after === 'late') {
      const seconds = TAKEOVER_TIMEOUT_MS / 1000;
      return refused(before, `no new version has answered within ${seconds} s`, terminal);
    }
    if (after.upgrades.failed > before.upgrades.failed) {
      return refused(before, after.upgrades.lastFailure, terminal);
    }
    terminal.print(`upgraded from ${before.version} to ${after.version}, process ${after.pid}`);
    return ExitCode.FINE;
  });
}

function refused(before: StatusReport, reason: string, terminal: Terminal): ExitCode {
  terminal.printError(`zproxy: not upgraded, ${before.version} serves on: ${reason}`);
  return ExitCode.INVALID;
}

/**
 * The first report of the new version, or of the old one that says that the new one has failed. In
 * between nobody answers for a moment.
 */
async function successor(
  running: RunningProcess,
  before: StatusReport,
  isVisible: boolean,
): Promise<StatusReport | 'ended' | 'late'> {
  const endMs = performance.now() + TAKEOVER_TIMEOUT_MS;
  while (performance.now() < endMs) {
    const report = await reportOf(running);
    if (report !== null && hasEnded(report, before)) return report;
    if (report === null && isVisible && !processExists(before.pid)) return 'ended';
    await pause(POLL_MS);
  }
  return 'late';
}

function hasEnded(report: StatusReport, before: StatusReport): boolean {
  if (report.upgrades.failed > before.upgrades.failed) return true;
  return report.startedAtSeconds !== before.startedAtSeconds && report.state !== 'starting';
}

async function reportOf(running: RunningProcess): Promise<StatusReport | null> {
  try {
    return (await running.require('GET /status', 200)) as StatusReport;
  } catch (error) {
    if (error instanceof ZProxyError) return null;
    throw error;
  }
}

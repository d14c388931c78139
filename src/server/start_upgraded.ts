// The start of a program that has inherited a running proxy: its workers start beside the old ones,
// which serve until then. Where that fails the process becomes the version before again; where that
// is impossible, or has been tried, it is tried again and again, and the old workers go on serving.
//
//   start beside --ok--> RUNNING
//      |  ^   \--failed--> become the version before (once)
//      |  |                   \-- cannot be
//      |  +--after 5 s, or HUP---- WAITING --TERM, INT--> old workers drain --> ENDED

import { formatLocation, ZProxyError } from '../base/errors.ts';
import { DRAIN_TIMEOUT_MS } from '../base/limits.ts';
import { LogLevel } from '../base/log_sink.ts';
import type { Snapshot } from '../config/snapshot.ts';
import { ignoreSignals } from '../sys/program_change.ts';
import { ConfigRefusedError } from './config_refused_error.ts';
import { becomeProgram, takeHandOver, unpackSnapshot } from './hand_over.ts';
import { closeInheritance, type Inheritance, inherit } from './inheritance.ts';
import { loadConfig } from './load_config.ts';
import { NOTHING_TO_RUN, type RunningProxy } from './start_supervisor.ts';
import { Supervisor, type SupervisorOptions } from './supervisor.ts';
import { runCommand, tryProgram } from './upgrade_trial.ts';

const RETRY_MS = 5_000;
const LOOK_MS = 50;
const LOG_FLUSH_MS = 1_000;

/** Never rejects: there are clients who are served. */
export async function startUpgraded(options: SupervisorOptions): Promise<RunningProxy> {
  const inheritance = inherit(takeHandOver());
  for (;;) {
    try {
      const snapshot = await findSnapshot(options, inheritance);
      const supervisor = new Supervisor(options, snapshot, inheritance);
      await supervisor.start();
      return supervisor;
    } catch (error) {
      const reason = describe(error);
      if (inheritance.state.failure === '') await becomePrevious(options, inheritance, reason);
      const text = `workers of the version before serve on, a start is tried again: ${reason}`;
      options.log.log(LogLevel.ERROR, text);
    }
    if (await hasEnded(options, inheritance)) return NOTHING_TO_RUN;
  }
}

/** A version that serves again does so with what it served. */
async function findSnapshot(options: SupervisorOptions, { state }: Inheritance): Promise<Snapshot> {
  if (state.failure !== '' && state.program.version === options.version) {
    return unpackSnapshot(state);
  }
  const interruption = new AbortController().signal;
  const result = await loadConfig(options.configFile, { interruption });
  if ('errors' in result) throw new ConfigRefusedError(result.errors);
  return result.snapshot;
}

/** Returns only where that cannot be. */
async function becomePrevious(
  options: SupervisorOptions,
  { state, workers }: Inheritance,
  failure: string,
): Promise<void> {
  const { configFile, log, signals, version } = options;
  log.log(LogLevel.ERROR, `upgrade failed: ${failure}`);
  const command = runCommand(state.program.launcher, configFile);
  const trial = await tryProgram(command, 'greeting');
  if (trial.kind === 'failed') {
    log.log(LogLevel.ERROR, `the version before cannot be started: ${trial.reason}`);
    return;
  }
  const living = new Set(workers.living.map(({ pid }) => pid));
  const remaining = state.workers.filter(({ pid }) => living.has(pid));
  await log.flushed(LOG_FLUSH_MS);
  signals?.suspend(ignoreSignals);
  try {
    becomeProgram(command, {
      ...state,
      failure,
      failedVersion: version,
      workers: remaining,
    });
  } catch (error) {
    signals?.resume();
    const { message } = error as Error;
    log.log(LogLevel.ERROR, `the version before cannot be started: ${message}`);
  }
}

/** Waits for the next try (false), or for the end of the old workers where that is wanted. */
async function hasEnded(options: SupervisorOptions, inheritance: Inheritance): Promise<boolean> {
  const { workers } = inheritance;
  const isEnding = await new Promise<boolean>((resolve) => {
    const timer = setTimeout(() => {
      options.signals?.release();
      resolve(false);
    }, RETRY_MS);
    options.signals?.take((signal) => {
      if (signal === 'SIGUSR1') return;
      clearTimeout(timer);
      options.signals?.release();
      resolve(signal === 'SIGTERM' || signal === 'SIGINT');
    });
  });
  if (!isEnding) return false;
  options.log.log(LogLevel.INFO, 'draining');
  closeInheritance(inheritance);
  options.signals?.take(() => {
    for (const worker of workers.living) worker.endNow();
  });
  for (const worker of workers.living) worker.drain(DRAIN_TIMEOUT_MS);
  while (workers.living.length > 0) {
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
  return true;
}

function describe(error: unknown): string {
  if (error instanceof ConfigRefusedError) return error.message;
  if (!(error instanceof ZProxyError))
    return error instanceof Error ? `${error.stack}` : `${error}`;
  const where = error.location === undefined ? '' : `${formatLocation(error.location)}: `;
  return `${where}${error.code}: ${error.message}`;
}

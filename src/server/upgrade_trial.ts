// The trial before an upgrade: the new version is started beside this one, reads the configuration,
// starts one worker that listens nowhere, says who it is, and ends. Only if that goes well the
// process becomes the new version.
//
//   supervisor: tryProgram() --ZPROXY_UPGRADE_TRIAL=full--> new version: runTrial()
//                    <-- "zproxy-trial {...}" on standard output, exit code 0
//
// A version that served before, and is to serve again what it served, only says who it is
// (`greeting`): the configuration may be what is wrong.

import { spawn } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { ZProxyError } from '../base/errors.ts';
import type { Snapshot } from '../config/snapshot.ts';
import { prepareAccessLog } from './access_log_file.ts';
import { HAND_OVER_VERSION } from './hand_over.ts';
import { Resolver } from './resolver.ts';
import { SharedRows } from './shared_rows.ts';
import type { SupervisorOptions } from './supervisor.ts';
import { TRIAL_VARIABLE } from './upgrade_variables.ts';
import { workerCredentials } from './worker_credentials.ts';
import { WorkerFleet } from './worker_fleet.ts';

const GREETING = 'zproxy-trial ';
const TRIAL_TIMEOUT_MS = 60_000;
/** Of what it says on standard error, this much from the end is the reason. */
const REASON_LENGTH_MAX = 2_000;

/** A program and its arguments. */
export type Command = readonly [file: string, ...args: string[]];

export type TrialResult =
  | { readonly kind: 'passed'; readonly version: string }
  | { readonly kind: 'failed'; readonly reason: string };

/** What `launcher` is started with to run that configuration. */
export function runCommand(launcher: string, configFile: string): Command {
  const flag = '--disable-warning=ExperimentalWarning';
  return [nodePath(), flag, launcher, 'run', '--config', configFile];
}

/** How much is tried. */
export type TrialKind = 'full' | 'greeting';

/** Tries the program. */
export async function tryProgram(
  command: Command,
  kind: TrialKind = 'full',
  timeoutMs: number = TRIAL_TIMEOUT_MS,
): Promise<TrialResult> {
  const [file, ...args] = command;
  const child = spawn(file, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, [TRIAL_VARIABLE]: kind },
    timeout: timeoutMs,
    killSignal: 'SIGKILL',
  });
  let said = '';
  let complained = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    said = (said + text).slice(-REASON_LENGTH_MAX);
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    complained = (complained + text).slice(-REASON_LENGTH_MAX);
  });
  const end = await new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(`it cannot be started: ${error.message}`));
    child.once('close', (code, signal) => {
      if (child.killed) resolve(`it was not done within ${timeoutMs / 1000} s`);
      else resolve(signal === null ? (code === 0 ? '' : `exit code ${code}`) : `${signal}`);
    });
  });
  if (end !== '') return { kind: 'failed', reason: `${complained.trim()} (${end})`.trim() };
  return readGreeting(said);
}

/** The other side: throws what would keep this version from serving the snapshot. */
export async function runTrial(
  snapshot: Snapshot,
  { version, log, workerEntry }: Pick<SupervisorOptions, 'version' | 'log' | 'workerEntry'>,
): Promise<void> {
  const credentials = workerCredentials(snapshot);
  prepareAccessLog(snapshot, credentials);
  const shared = SharedRows.create();
  const ended = Promise.withResolvers<void>();
  const fleet = new WorkerFleet(
    {
      log,
      rows: shared.rows,
      segmentDescriptor: shared.descriptor,
      resolver: new Resolver({ upstreams: [], log, onChange: () => {} }),
      workerEntry,
    },
    {
      generation: 0,
      snapshot,
      workersCount: 1,
      credentials,
      sockets: { listeners: [], slotsCount: 1 },
    },
    { onReady: () => {}, onDeath: () => {}, onEnded: () => ended.resolve() },
  );
  const [slot] = fleet.slots;
  const failure = await slot!.startSuccessor(fleet.deployment);
  fleet.drain(0);
  fleet.endNow();
  await ended.promise;
  shared.close();
  if (failure !== null) {
    throw new ZProxyError(failure.code, failure.message, { location: failure.location });
  }
  greet(version);
}

/** Says who this is, and that it can take over. */
export function greet(version: string): void {
  const greeting = JSON.stringify({ version, handOverVersion: HAND_OVER_VERSION });
  process.stdout.write(`${GREETING}${greeting}\n`);
}

function readGreeting(said: string): TrialResult {
  const line = said.split('\n').find((text) => text.startsWith(GREETING));
  if (line === undefined) {
    return { kind: 'failed', reason: 'it is no ZProxy that can take over from this one' };
  }
  const { version, handOverVersion } = JSON.parse(line.slice(GREETING.length));
  if (handOverVersion === HAND_OVER_VERSION) return { kind: 'passed', version };
  const reason = `version ${version} cannot take over from this one; restart instead`;
  return { kind: 'failed', reason };
}

/** The Node that runs here, or the one in PATH where an upgrade has removed that. */
function nodePath(): string {
  const folders = (process.env['PATH'] ?? '').split(delimiter);
  const paths = [process.execPath, ...folders.map((folder) => join(folder, 'node'))];
  return paths.find(isExecutable) ?? process.execPath;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

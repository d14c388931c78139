// Finds the running process that a command is meant for, and asks it. The process may run with an
// older, valid form of a file that is being edited, so a file that is broken now is no obstacle.

import { ZProxyError } from '../base/errors.ts';
import {
  type ControlRequestOptions,
  type ControlResponse,
  requestControl,
} from '../server/control_client.ts';
import { loadConfig } from '../server/load_config.ts';
import { defaultControlPath } from '../server/runtime_path.ts';
import { chosenConfig, noConfigText } from './chosen_config.ts';
import { ExitCode } from './exit_code.ts';
import type { Terminal } from './terminal.ts';

/** What every command has that talks to a running process. */
export interface ProcessOptions {
  readonly config?: string;
  /** Path of the control socket; the configuration is not looked at then. */
  readonly control?: string;
}

/** A process that answers. */
export class RunningProcess {
  readonly controlPath: string;

  constructor(controlPath: string) {
    this.controlPath = controlPath;
  }

  /** Asks `GET /status` and the like; rejects with a ZProxyError where that fails. */
  ask(target: string, options: ControlRequestOptions = {}): Promise<ControlResponse> {
    const [method, path] = target.split(' ') as [string, string];
    return requestControl(this.controlPath, method, path, options);
  }

  /** The same for what has one right answer; another one is a ZProxyError. */
  async require(target: string, status: number): Promise<unknown> {
    const response = await this.ask(target);
    if (response.status === status) return response.body;
    const text = `the process at ${this.controlPath} answered ${target} with ${response.status}`;
    throw new ZProxyError('ZP_CONTROL', `${text}: ${refusalOf(response)}`);
  }
}

/** The sentence of an answer that is a refusal. */
export function refusalOf(response: ControlResponse): string {
  const { body } = response;
  const hasError = typeof body === 'object' && body !== null && 'error' in body;
  return hasError ? String(body.error) : 'it gave no reason';
}

/**
 * Lets `use` talk to the process. Its first request decides whether there is one at a path; where
 * nobody answers anywhere, or asking fails, says so and returns the exit code for it.
 */
export async function withProcess(
  options: ProcessOptions,
  terminal: Terminal,
  use: (process: RunningProcess) => Promise<ExitCode>,
): Promise<ExitCode> {
  const tried: string[] = [];
  try {
    for await (const path of controlPaths(options)) {
      if (tried.includes(path)) continue;
      tried.push(path);
      try {
        return await use(new RunningProcess(path));
      } catch (error) {
        if (!(error instanceof ZProxyError) || error.code !== 'ZP_NOT_RUNNING') throw error;
      }
    }
  } catch (error) {
    if (!(error instanceof ZProxyError)) throw error;
    terminal.printError(`zproxy: ${error.message}`);
    return ExitCode.INVALID;
  }
  terminal.printError(tried.length === 0 ? noConfigText(process.cwd()) : nobodyText(tried));
  return ExitCode.NOT_RUNNING;
}

function nobodyText(tried: readonly string[]): string {
  return (
    `zproxy: no ZProxy answers at ${tried.join(' or ')}; ` +
    'start it with this config, or name another'
  );
}

/** Where it may answer: the path of this config's name first, for which nothing need be read. */
async function* controlPaths(options: ProcessOptions): AsyncGenerator<string> {
  if (options.control !== undefined) {
    yield options.control;
    return;
  }
  const file = chosenConfig(options.config, process.cwd());
  if (file === null) return;
  yield defaultControlPath(file);
  const result = await loadConfig(file, { interruption: new AbortController().signal });
  if ('snapshot' in result && result.snapshot.controlPath !== '') yield result.snapshot.controlPath;
}

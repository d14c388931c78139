// `zproxy check`: evaluates and validates a configuration. Nothing is opened, no running process
// is asked.

import { type ConfigIssue, formatConfigIssue } from '../config/config_issue.ts';
import type { Snapshot } from '../config/snapshot.ts';
import { loadConfig } from '../server/load_config.ts';
import { chosenConfig, noConfigText } from './chosen_config.ts';
import { ExitCode } from './exit_code.ts';
import type { Terminal } from './terminal.ts';

export interface CheckOptions {
  readonly config?: string;
  /** Errors as a JSON array on standard output (`[]` where all is fine). */
  readonly json?: boolean;
}

export async function check(options: CheckOptions, terminal: Terminal): Promise<ExitCode> {
  const file = chosenConfig(options.config, process.cwd());
  if (file === null) {
    printIssues([noConfig()], options, terminal);
    return ExitCode.INVALID;
  }
  const result = await loadConfig(file, { interruption: new AbortController().signal });
  if ('errors' in result) {
    printIssues(result.errors, options, terminal);
    return ExitCode.INVALID;
  }
  terminal.print(options.json === true ? '[]' : `${file} is fine: ${contents(result.snapshot)}`);
  return ExitCode.FINE;
}

function printIssues(
  issues: readonly ConfigIssue[],
  options: CheckOptions,
  terminal: Terminal,
): void {
  if (options.json === true) {
    terminal.print(JSON.stringify(issues, null, 2));
    return;
  }
  for (const issue of issues) {
    terminal.printError(issue.file === '' ? issue.wanted : formatConfigIssue(issue));
  }
}

function noConfig(): ConfigIssue {
  return {
    file: '',
    line: null,
    column: null,
    code: 'ZP_CONFIG_NOT_FOUND',
    path: '',
    value: null,
    wanted: noConfigText(process.cwd()),
    suggestion: '',
  };
}

function contents(snapshot: Snapshot): string {
  const { listeners, upstreams, routes } = snapshot;
  return [
    counted(listeners.length, 'listener'),
    counted(upstreams.length, 'upstream'),
    counted(routes.length, 'route'),
  ].join(', ');
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

// `zproxy reload`: has the running process read its configuration again, waits until that is over
// and says what has changed, or why nothing has.

import { relative } from 'node:path';
import { type ConfigIssue, formatConfigIssue } from '../config/config_issue.ts';
import { counted } from './counted.ts';
import { ExitCode } from './exit_code.ts';
import { type ProcessOptions, refusalOf, withProcess } from './running_process.ts';
import type { Terminal } from './terminal.ts';

/** A module may take a minute to be evaluated, and replaced workers theirs to start. */
const RELOAD_TIMEOUT_MS = 150_000;

export interface ReloadOptions extends ProcessOptions {
  readonly json?: boolean;
}

interface ReloadAnswer {
  readonly changed: boolean;
  readonly changes: readonly string[];
  readonly workersReplaced: boolean;
}

export function reload(options: ReloadOptions, terminal: Terminal): Promise<ExitCode> {
  return withProcess(options, terminal, async (running) => {
    const response = await running.ask('POST /reload', { timeoutMs: RELOAD_TIMEOUT_MS });
    const isApplied = response.status === 200;
    if (options.json === true) terminal.print(JSON.stringify(response.body, null, 2));
    else if (isApplied) printChanges(response.body as ReloadAnswer, terminal);
    else printRefusal(response.body, refusalOf(response), terminal);
    return isApplied ? ExitCode.FINE : ExitCode.INVALID;
  });
}

function printChanges(answer: ReloadAnswer, terminal: Terminal): void {
  if (!answer.changed) {
    terminal.print('nothing has changed');
    return;
  }
  const { changes } = answer;
  terminal.print(
    changes.length === 0 ? 'reloaded' : `reloaded: ${counted(changes.length, 'change')}`,
  );
  for (const change of changes) terminal.print(`  ${change}`);
  if (!answer.workersReplaced) return;
  terminal.print('workers are replaced, because user code changed; old ones finish what is open');
}

function printRefusal(body: unknown, reason: string, terminal: Terminal): void {
  const issues = (body as { readonly errors?: readonly ConfigIssue[] } | null)?.errors ?? [];
  for (const issue of issues) terminal.printError(formatConfigIssue(here(issue)));
  const because = issues.length === 0 ? `: ${reason}` : '';
  terminal.printError(`zproxy: not reloaded, the old configuration serves on${because}`);
}

/** The process may have been started in another folder: files below this one are named from it. */
function here(issue: ConfigIssue): ConfigIssue {
  const path = issue.file.startsWith('/') ? relative(process.cwd(), issue.file) : issue.file;
  return path.startsWith('..') ? issue : { ...issue, file: path };
}

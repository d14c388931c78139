// Calls a command of the CLI in this process, with outputs of its own.

import { runCommandLine } from '../../src/cli/command_line.ts';
import type { ExitCode } from '../../src/cli/exit_code.ts';
import { Terminal } from '../../src/cli/terminal.ts';
import { SignalInbox } from '../../src/server/signals.ts';

export interface CommandResult {
  readonly code: ExitCode;
  readonly out: string;
  readonly errors: string;
}

/** Runs `zproxy` with these arguments to its end. */
export async function callCommand(...args: string[]): Promise<CommandResult> {
  let out = '';
  let errors = '';
  const terminal = new Terminal(
    { write: (text) => (out += text) },
    { write: (text) => (errors += text) },
  );
  const signals = new SignalInbox();
  try {
    const code = await runCommandLine(args, signals, terminal);
    return { code, out, errors };
  } finally {
    signals.close();
  }
}

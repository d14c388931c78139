// The command line: which commands and options there are. Each command is loaded when it is
// called, so that `zproxy version` does not pay for the supervisor.

import { Command, CommanderError, InvalidArgumentError } from 'commander';
import { packageVersion } from '../config/package_root.ts';
import type { SignalInbox } from '../server/signals.ts';
import { type CommandContext, configOption, defineCommand } from './command_context.ts';
import { defineOfflineCommands } from './commands_offline.ts';
import { defineOnlineCommands } from './commands_online.ts';
import { ExitCode } from './exit_code.ts';
import { Terminal } from './terminal.ts';

const DEMO_PORT = 8080;

/** Runs the command that `args` name (without node and script) and returns its exit code. */
export async function runCommandLine(
  args: readonly string[],
  signals: SignalInbox,
  terminal: Terminal = new Terminal(),
): Promise<ExitCode> {
  let exitCode: ExitCode = ExitCode.FINE;
  const end = (code: ExitCode): void => {
    exitCode = code;
  };
  const program = defineProgram({ terminal, signals, end });
  try {
    await program.parseAsync(args, { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    // Help and version that were asked for are results, everything else is a mistake.
    return error.exitCode === 0 ? ExitCode.FINE : ExitCode.USAGE;
  }
  return exitCode;
}

/** Everything that `zproxy` takes. The reference is written from it. */
export function defineProgram(context: CommandContext): Command {
  const { terminal } = context;
  const program = new Command('zproxy')
    .description('The reverse proxy that is configured, extended and tested in TypeScript.')
    .version(packageVersion(), '-v, --version', 'print the version')
    .helpOption('-h, --help', 'show this')
    .helpCommand('help [command]', 'show this, or what a command takes')
    .showSuggestionAfterError(true)
    .exitOverride()
    .configureOutput({
      writeOut: (text) => terminal.print(text.trimEnd()),
      writeErr: (text) => terminal.printError(text.trimEnd()),
      outputError: (text, write) => write(describeMistake(text)),
    });
  defineServingCommands(program, context);
  defineOfflineCommands(program, context);
  defineOnlineCommands(program, context);
  return program;
}

/** Those that stay until they are stopped: signals are theirs. */
function defineServingCommands(program: Command, context: CommandContext): void {
  const { terminal, signals, end } = context;
  const description =
    'start, and stay until stopped (TERM and INT drain, HUP reloads, USR1 reopens logs, ' +
    'USR2 upgrades)';
  defineCommand(program, 'run', description)
    .addOption(configOption())
    .action(async (options) => {
      const { run } = await import('./run.ts');
      end(await run(options, terminal, signals));
    });
  defineCommand(program, 'demo', 'start on loopback in front of a built-in upstream, to try it')
    .option('--port <number>', 'port to listen on', parsePort, DEMO_PORT)
    .action(async (options) => {
      const { demo } = await import('./demo.ts');
      end(await demo(options, terminal, signals));
    });
}

/** As all our messages begin. Whoever names the file as an argument is told the option. */
function describeMistake(text: string): string {
  const sentence = text.replace(/^error: /, 'zproxy: ');
  return /^zproxy: too many arguments.* Expected 0 /.test(sentence)
    ? 'zproxy: no arguments are expected here; a configuration is named with --config FILE'
    : sentence;
}

function parsePort(text: string): number {
  const port = Number(text);
  if (/^\d+$/.test(text) && port <= 65_535) return port;
  throw new InvalidArgumentError('It must be a number from 0 (any free port) to 65535.');
}

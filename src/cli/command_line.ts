// The command line: which commands and options there are. Each command is loaded when it is
// called, so that `zproxy version` does not pay for the supervisor.

import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { packageVersion } from '../config/package_root.ts';
import type { SignalInbox } from '../server/signals.ts';
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
  const program = defineCommands(terminal, signals, (code) => {
    exitCode = code;
  });
  try {
    await program.parseAsync(args, { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    // Help and version that were asked for are results, everything else is a mistake.
    return error.exitCode === 0 ? ExitCode.FINE : ExitCode.USAGE;
  }
  return exitCode;
}

function defineCommands(
  terminal: Terminal,
  signals: SignalInbox,
  end: (code: ExitCode) => void,
): Command {
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
  program
    .command('run')
    .description('start, and stay until stopped (TERM and INT drain, USR1 reopens logs)')
    .addOption(configOption())
    .action(async (options) => {
      const { run } = await import('./run.ts');
      end(await run(options, terminal, signals));
    });
  program
    .command('check')
    .description('validate the configuration')
    .addOption(configOption())
    .option('--json', 'print the errors as a JSON array')
    .action(async (options) => {
      signals.close();
      const { check } = await import('./check.ts');
      end(await check(options, terminal));
    });
  program
    .command('status')
    .description('ask the running process what it is doing')
    .addOption(configOption())
    .option('--control <path>', 'control socket of the process')
    .option('--json', 'print the report as JSON')
    .action(async (options) => {
      signals.close();
      const { status } = await import('./status.ts');
      end(await status(options, terminal));
    });
  program
    .command('version')
    .description('print versions, and which transport would be used and why')
    .option('--json', 'print them as JSON')
    .action(async (options) => {
      signals.close();
      const { version } = await import('./version.ts');
      end(await version(options, terminal));
    });
  program
    .command('demo')
    .description('start on loopback in front of a built-in upstream, to try things out')
    .option('--port <number>', 'port to listen on', parsePort, DEMO_PORT)
    .action(async (options) => {
      const { demo } = await import('./demo.ts');
      end(await demo(options, terminal, signals));
    });
  return program;
}

/** As all our messages begin. Whoever names the file as an argument is told the option. */
function describeMistake(text: string): string {
  const sentence = text.replace(/^error: /, 'zproxy: ');
  return sentence.startsWith('zproxy: too many arguments')
    ? 'zproxy: no arguments are expected here; a configuration is named with --config FILE'
    : sentence;
}

function configOption(): Option {
  const names = 'zproxy.config.ts, zproxy.yaml or zproxy.json in this folder';
  return new Option('-c, --config <file>', `configuration file (default: ${names})`);
}

function parsePort(text: string): number {
  const port = Number(text);
  if (/^\d+$/.test(text) && port <= 65_535) return port;
  throw new InvalidArgumentError('It must be a number from 0 (any free port) to 65535.');
}

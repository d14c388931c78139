// What the definitions of commands share: where they print, how they end, and the options that
// many of them have.

import { type Command, Option } from 'commander';
import type { SignalInbox } from '../server/signals.ts';
import type { ExitCode } from './exit_code.ts';
import { EXIT_TEXTS } from './exit_texts.ts';
import type { Terminal } from './terminal.ts';

export interface CommandContext {
  readonly terminal: Terminal;
  readonly signals: SignalInbox;
  /** Takes the exit code of the command that ran. */
  readonly end: (code: ExitCode) => void;
}

/** Begins a command, with its exit codes behind its help. */
export function defineCommand(parent: Command, name: string, description: string): Command {
  const command = parent.command(name).description(description);
  const exits = Object.entries(EXIT_TEXTS[fullName(command)] ?? {});
  const lines = exits.map(([code, text]) => `  ${code}  ${text}`);
  if (lines.length > 0) command.addHelpText('after', `\nExit codes:\n${lines.join('\n')}`);
  return command;
}

/** `config print`: without `zproxy`. */
export function fullName(command: Command): string {
  const parent = command.parent === null ? '' : fullName(command.parent);
  if (command.parent === null) return '';
  return parent === '' ? command.name() : `${parent} ${command.name()}`;
}

export function configOption(): Option {
  const names = 'zproxy.config.ts, zproxy.yaml or zproxy.json in this folder';
  return new Option('-c, --config <file>', `configuration file (default: ${names})`);
}

export function controlOption(): Option {
  return new Option('--control <path>', 'control socket of the process, in place of a config');
}

export function jsonOption(what: string): Option {
  return new Option('--json', `print ${what} as JSON`);
}

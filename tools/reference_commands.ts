// The tables of the pages about commands and metrics, from the definitions in the code.

import type { Command } from 'commander';
import { METRICS } from '../src/admin/metrics_table.ts';
import { fullName } from '../src/cli/command_context.ts';
import { defineProgram } from '../src/cli/command_line.ts';
import { ExitCode } from '../src/cli/exit_code.ts';
import { EXIT_TEXTS } from '../src/cli/exit_texts.ts';
import { Terminal } from '../src/cli/terminal.ts';
import { SignalInbox } from '../src/server/signals.ts';
import { markdownTable } from './markdown_table.ts';

/** Every command that does something, without those that only hold others. */
export function allCommands(): readonly Command[] {
  const signals = new SignalInbox();
  signals.close();
  const program = defineProgram({ terminal: new Terminal(), signals, end: () => {} });
  return leaves(program);
}

function leaves(command: Command): Command[] {
  return command.commands.length === 0 ? [command] : command.commands.flatMap(leaves);
}

/** Marker name to content: one per command, and the list of all. */
export function commandTables(): ReadonlyMap<string, string> {
  const commands = allCommands();
  const rows = commands.map((command) => [
    `[\`zproxy ${fullName(command)}\`](#${anchor(command)})`,
    command.description(),
  ]);
  const tables = new Map([['commands', markdownTable(['command', 'what it does'], rows)]]);
  for (const command of commands) tables.set(markerOf(command), describeCommand(command));
  return tables;
}

/** Name of the marker around a command's usage and tables. */
export function markerOf(command: Command): string {
  return `command-${fullName(command).replaceAll(' ', '-')}`;
}

function anchor(command: Command): string {
  return `zproxy-${fullName(command).replaceAll(' ', '-')}`;
}

function describeCommand(command: Command): string {
  const parts = [`    zproxy ${fullName(command)} ${command.usage()}`];
  const rows = [
    ...command.registeredArguments.map((argument) => [
      `\`${argument.name()}\``,
      argument.description,
    ]),
    ...command.options.map((option) => [`\`${option.flags}\``, option.description]),
  ];
  if (rows.length > 0) parts.push(markdownTable(['option', 'meaning'], rows));
  const exits = Object.entries(EXIT_TEXTS[fullName(command)] ?? {});
  parts.push(markdownTable(['exit code', 'when'], exits));
  return parts.join('\n\n');
}

const EXIT_MEANINGS: Readonly<Record<keyof typeof ExitCode, string>> = {
  FINE: 'all is well',
  INVALID: 'the configuration is invalid, or the running process refused',
  USAGE: 'the command line is wrong',
  NOT_RUNNING: 'there is no running process to talk to',
  CANNOT_START: 'it cannot start',
};

export function exitCodeTable(): string {
  const rows = Object.entries(ExitCode).map(([name, code]) => [
    String(code),
    EXIT_MEANINGS[name as keyof typeof ExitCode],
  ]);
  return markdownTable(['exit code', 'meaning'], rows);
}

export function metricsTable(): string {
  const rows = METRICS.map(({ name, type, unit, labels, help }) => [
    `\`${name}\``,
    type,
    unit,
    labels.map((label) => `\`${label}\``).join(', '),
    help,
  ]);
  return markdownTable(['metric', 'type', 'unit', 'labels', 'meaning'], rows);
}

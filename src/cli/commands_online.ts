// The commands that talk to a running process through its control socket.

import type { Command } from 'commander';
import {
  type CommandContext,
  configOption,
  controlOption,
  defineCommand,
  jsonOption,
} from './command_context.ts';

export function defineOnlineCommands(program: Command, context: CommandContext): void {
  const { terminal, end } = context;
  const online = (usage: string, description: string): Command =>
    defineCommand(program, usage, description)
      .addOption(configOption())
      .addOption(controlOption())
      .hook('preAction', () => context.signals.close());
  online('status', 'ask the running process what it is doing')
    .addOption(jsonOption('the report'))
    .action(async (options) => {
      const { status } = await import('./status.ts');
      end(await status(options, terminal));
    });
  online('metrics', "print the running process' metrics in Prometheus' text format").action(
    async (options) => {
      const { metrics } = await import('./metrics.ts');
      end(await metrics(options, terminal));
    },
  );
  online('reload', 'have the running process read its configuration again')
    .addOption(jsonOption('what has changed, or the errors,'))
    .action(async (options) => {
      const { reload } = await import('./reload.ts');
      end(await reload(options, terminal));
    });
  online('drain', 'have the running process finish what is open, and end')
    .option('--wait', 'return only when it has ended')
    .action(async (options) => {
      const { drain } = await import('./drain.ts');
      end(await drain(options, terminal));
    });
  online('upgrade', 'have the running process become this version, without losing anything').action(
    async (options) => {
      const { upgrade } = await import('./upgrade.ts');
      end(await upgrade(options, terminal));
    },
  );
}

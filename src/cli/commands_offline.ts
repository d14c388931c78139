// The commands that look at a configuration, or at this program, and ask no running process.

import { type Command, Option } from 'commander';
import { type CommandContext, configOption, defineCommand, jsonOption } from './command_context.ts';

export function defineOfflineCommands(program: Command, context: CommandContext): void {
  defineInit(program, context);
  defineCheck(program, context);
  defineExplain(program, context);
  defineRoutes(program, context);
  defineConfigCommands(program, context);
  defineVersion(program, context);
}

function offline(
  parent: Command,
  { signals }: CommandContext,
  usage: string,
  description: string,
): Command {
  return defineCommand(parent, usage, description).hook('preAction', () => signals.close());
}

function defineInit(program: Command, context: CommandContext): void {
  offline(program, context, 'init', 'write a commented configuration to start from')
    .argument('[file]', 'file to write (default: zproxy.config.ts in this folder)')
    .addOption(new Option('--yaml', 'write YAML').conflicts('json'))
    .option('--json', 'write JSON, which has no comments')
    .action(async (file, options) => {
      const { init } = await import('./init.ts');
      context.end(await init(file, options, context.terminal));
    });
}

function defineCheck(program: Command, context: CommandContext): void {
  offline(program, context, 'check', 'validate the configuration')
    .addOption(configOption())
    .option('--json', 'print the errors as a JSON array')
    .action(async (options) => {
      const { check } = await import('./check.ts');
      context.end(await check(options, context.terminal));
    });
}

function defineExplain(program: Command, context: CommandContext): void {
  const description = 'say which route a request takes, why not the others, and what is sent where';
  offline(program, context, 'explain', description)
    .argument('<method>', 'method of the request: GET')
    .argument('<url>', 'its URL: http://example.com/path?query, or /path with -H')
    .addOption(configOption())
    .option('-H, --header <field>', "header 'name: value'; may be given several times", collect)
    .option('--from <address>', 'address that the request comes from (default: 127.0.0.1)')
    .option('--all', 'show every route that was not chosen')
    .addOption(jsonOption('it'))
    .action(async (method, url, options) => {
      const { explainCommand } = await import('./explain.ts');
      context.end(await explainCommand({ method, url }, options, context.terminal));
    });
}

function defineRoutes(program: Command, context: CommandContext): void {
  offline(program, context, 'routes', 'list the routes in the order in which they are tried')
    .addOption(configOption())
    .addOption(jsonOption('them'))
    .action(async (options) => {
      const { routes } = await import('./routes.ts');
      context.end(await routes(options, context.terminal));
    });
}

function defineConfigCommands(program: Command, context: CommandContext): void {
  const config = program.command('config').description('print and compare configurations');
  offline(config, context, 'print', 'print the configuration with every default filled in')
    .addOption(configOption())
    .addOption(jsonOption('it'))
    .action(async (options) => {
      const { configPrint } = await import('./config_print.ts');
      context.end(await configPrint(options, context.terminal));
    });
  offline(config, context, 'diff', 'say what is different in meaning between two configurations')
    .argument('<a>', 'configuration file to compare from')
    .argument('<b>', 'configuration file to compare to')
    .option('--replay <accesslog>', 'also tell which of its requests would take another route')
    .option('--host <name>', 'host of logged requests whose line has none')
    .addOption(jsonOption('the differences'))
    .action(async (a, b, options) => {
      const { configDiff } = await import('./config_diff.ts');
      context.end(await configDiff([a, b], options, context.terminal));
    });
}

function defineVersion(program: Command, context: CommandContext): void {
  offline(program, context, 'version', 'print versions, and which transport would be used and why')
    .addOption(jsonOption('them'))
    .action(async (options) => {
      const { version } = await import('./version.ts');
      context.end(await version(options, context.terminal));
    });
}

function collect(value: string, list: readonly string[] | undefined): string[] {
  return [...(list ?? []), value];
}

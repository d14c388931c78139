// `zproxy config print`: the configuration as it applies, with every default filled in and marked.
// What it prints is a configuration again, and means the same.

import { plainOf } from '../config/effective_node.ts';
import { formatYaml } from './effective_yaml.ts';
import { ExitCode } from './exit_code.ts';
import { type ConfigOptions, loadEffective } from './load_snapshot.ts';
import type { Terminal } from './terminal.ts';

export async function configPrint(options: ConfigOptions, terminal: Terminal): Promise<ExitCode> {
  const config = await loadEffective(options, terminal);
  if (config === null) return ExitCode.INVALID;
  if (options.json === true) terminal.print(JSON.stringify(plainOf(config.effective), null, 2));
  else for (const line of formatYaml(config.effective, terminal)) terminal.print(line);
  return ExitCode.FINE;
}

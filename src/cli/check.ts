// `zproxy check`: evaluates and validates a configuration. Nothing is opened, no running process
// is asked.

import type { Snapshot } from '../config/snapshot.ts';
import { chosenConfig } from './chosen_config.ts';
import { counted } from './counted.ts';
import { ExitCode } from './exit_code.ts';
import { type ConfigOptions, loadSnapshot } from './load_snapshot.ts';
import type { Terminal } from './terminal.ts';

/** `json`: errors as a JSON array on standard output (`[]` where all is fine). */
export async function check(options: ConfigOptions, terminal: Terminal): Promise<ExitCode> {
  const snapshot = await loadSnapshot(options, terminal);
  if (snapshot === null) return ExitCode.INVALID;
  const file = chosenConfig(options.config, process.cwd());
  terminal.print(options.json === true ? '[]' : `${file} is fine: ${contents(snapshot)}`);
  return ExitCode.FINE;
}

function contents(snapshot: Snapshot): string {
  const { listeners, upstreams, routes } = snapshot;
  return [
    counted(listeners.length, 'listener'),
    counted(upstreams.length, 'upstream'),
    counted(routes.length, 'route'),
  ].join(', ');
}

// `zproxy routes`: the compiled routes in the order in which they are tried.

import { listRoutes } from '../server/explain/list_routes.ts';
import { ExitCode } from './exit_code.ts';
import { type ConfigOptions, loadSnapshot } from './load_snapshot.ts';
import { formatRoutes } from './routes_text.ts';
import type { Terminal } from './terminal.ts';

export async function routes(options: ConfigOptions, terminal: Terminal): Promise<ExitCode> {
  const snapshot = await loadSnapshot(options, terminal);
  if (snapshot === null) return ExitCode.INVALID;
  const list = listRoutes(snapshot);
  if (options.json === true) terminal.print(JSON.stringify(list, null, 2));
  else for (const line of formatRoutes(list, terminal)) terminal.print(line);
  return ExitCode.FINE;
}

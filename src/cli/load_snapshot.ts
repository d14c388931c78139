// Loads the configuration that a command looks at, or says what is wrong with it.

import type { ConfigResult } from '../config/compile_config.ts';
import { type ConfigIssue, formatConfigIssue } from '../config/config_issue.ts';
import type { Snapshot } from '../config/snapshot.ts';
import type { ExplainableConfig } from '../server/explain/explain.ts';
import { loadConfig } from '../server/load_config.ts';
import { chosenConfig, noConfigText } from './chosen_config.ts';
import type { Terminal } from './terminal.ts';

export interface ConfigOptions {
  readonly config?: string;
  readonly json?: boolean;
}

type Loaded = Extract<ConfigResult, { readonly snapshot: Snapshot }>;

/** The snapshot, or null where the errors were printed: as JSON where that was asked for. */
export async function loadSnapshot(
  options: ConfigOptions,
  terminal: Terminal,
): Promise<Snapshot | null> {
  return (await load(options, terminal, false))?.snapshot ?? null;
}

/** The same with every default filled in, and where things were written. */
export async function loadEffective(
  options: ConfigOptions,
  terminal: Terminal,
): Promise<ExplainableConfig | null> {
  const loaded = await load(options, terminal, true);
  if (loaded === null) return null;
  const { snapshot, effective, settingPlaces } = loaded;
  return { snapshot, effective: effective!, settingPlaces: settingPlaces! };
}

async function load(
  options: ConfigOptions,
  terminal: Terminal,
  wantsEffective: boolean,
): Promise<Loaded | null> {
  const file = chosenConfig(options.config, process.cwd());
  const interruption = new AbortController().signal;
  const result =
    file === null
      ? { errors: [noConfig()] }
      : await loadConfig(file, { interruption, wantsEffective });
  if ('snapshot' in result) return result;
  printIssues(result.errors, options, terminal);
  return null;
}

function printIssues(
  issues: readonly ConfigIssue[],
  options: ConfigOptions,
  terminal: Terminal,
): void {
  if (options.json === true) {
    terminal.print(JSON.stringify(issues, null, 2));
    return;
  }
  for (const issue of issues) {
    terminal.printError(issue.file === '' ? issue.wanted : formatConfigIssue(issue));
  }
}

function noConfig(): ConfigIssue {
  return {
    file: '',
    line: null,
    column: null,
    code: 'ZP_CONFIG_NOT_FOUND',
    path: '',
    value: null,
    wanted: noConfigText(process.cwd()),
    suggestion: '',
  };
}

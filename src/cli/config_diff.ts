// `zproxy config diff A B`: what is different in meaning between two configurations, and, with an
// access log, which of its requests would be answered by another route. Exit codes are those of
// diff(1): 0 for none, 1 for some, 2 for trouble.

import { ZProxyError } from '../base/errors.ts';
import { type ConfigChange, diffConfigs } from '../config/diff_configs.ts';
import { type ReplayReport, replay } from '../server/explain/replay.ts';
import { counted } from './counted.ts';
import { ExitCode } from './exit_code.ts';
import { loadSnapshot } from './load_snapshot.ts';
import { formatPlace } from './place_text.ts';
import type { Terminal } from './terminal.ts';

export interface DiffOptions {
  readonly json?: boolean;
  /** Path of an access log. */
  readonly replay?: string;
  readonly host?: string;
}

const DIFFERENT: ExitCode = ExitCode.INVALID;
const TROUBLE: ExitCode = ExitCode.USAGE;

export async function configDiff(
  [a, b]: readonly [string, string],
  options: DiffOptions,
  terminal: Terminal,
): Promise<ExitCode> {
  // One after the other, so that the errors of one do not stand among those of the other.
  const from = await loadSnapshot({ config: a }, terminal);
  const to = await loadSnapshot({ config: b }, terminal);
  if (from === null || to === null) return TROUBLE;
  const changes = diffConfigs(from, to);
  let report: ReplayReport | null = null;
  if (options.replay !== undefined) {
    try {
      report = await replay(from, to, { file: options.replay, host: options.host ?? '' });
    } catch (error) {
      if (!(error instanceof ZProxyError)) throw error;
      terminal.printError(`zproxy: ${error.message}`);
      return TROUBLE;
    }
  }
  if (options.json === true) terminal.print(JSON.stringify({ changes, replay: report }, null, 2));
  else for (const line of formatDiff(changes, report, terminal)) terminal.print(line);
  const isSame = changes.length === 0 && (report?.moved ?? 0) === 0;
  return isSame ? ExitCode.FINE : DIFFERENT;
}

const SIGNS: Readonly<Record<ConfigChange['kind'], string>> = {
  added: '+',
  removed: '-',
  changed: '~',
};

function formatDiff(
  changes: readonly ConfigChange[],
  report: ReplayReport | null,
  terminal: Terminal,
): string[] {
  const lines = changes.map((change) => `${SIGNS[change.kind]} ${describeChange(change)}`);
  if (changes.length === 0) lines.push('no difference in meaning');
  if (report === null) return lines;
  const skipped = report.skipped === 0 ? '' : `, ${counted(report.skipped, 'line')} not understood`;
  const count = `${report.moved} of ${counted(report.requests, 'request')}`;
  lines.push('', `${count} would be answered by another route${skipped}`);
  for (const { from, to, count, examples } of report.moves) {
    lines.push(`${count}: ${routeText(from, terminal)} -> ${routeText(to, terminal)}`);
    lines.push(...examples.map((example) => `    ${example}`));
  }
  lines.push(...report.doubts.map((doubt) => `note: ${doubt}`));
  return lines;
}

function describeChange({ kind, what, name, path, from, to }: ConfigChange): string {
  const subject = [what === 'option' ? '' : what, name].filter((text) => text !== '').join(' ');
  if (kind !== 'changed') {
    const inside = what === 'endpoint' ? ` (${path})` : '';
    return `${subject}${inside}`;
  }
  const head = subject === '' ? path : `${subject}: ${path}`;
  return `${head}: ${JSON.stringify(from)} -> ${JSON.stringify(to)}`;
}

function routeText(
  { name, source }: ReplayReport['moves'][number]['from'],
  terminal: Terminal,
): string {
  return source === null ? name : `${name} ${terminal.faint(`(${formatPlace(source)})`)}`;
}

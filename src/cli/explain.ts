// `zproxy explain METHOD URL`: what would become of a request under a configuration, and why.

import { isIP } from 'node:net';
import { ZProxyError } from '../base/errors.ts';
import { explain } from '../server/explain/explain.ts';
import type { ExplainQuestion } from '../server/explain/explanation.ts';
import { ExitCode } from './exit_code.ts';
import { formatExplanation } from './explanation_text.ts';
import { type ConfigOptions, loadEffective } from './load_snapshot.ts';
import type { Terminal } from './terminal.ts';

export interface ExplainOptions extends ConfigOptions {
  /** `name: value`, in order. */
  readonly header?: readonly string[];
  readonly from?: string;
  readonly all?: boolean;
}

const LOOPBACK = '127.0.0.1';

export async function explainCommand(
  { method, url }: Pick<ExplainQuestion, 'method' | 'url'>,
  options: ExplainOptions,
  terminal: Terminal,
): Promise<ExitCode> {
  const from = options.from ?? LOOPBACK;
  const headers = (options.header ?? []).map(parseHeader);
  const wrong = headers.indexOf(null);
  if (wrong >= 0) {
    const text = JSON.stringify(options.header![wrong]);
    terminal.printError(`zproxy: ${text} is no header; write one as 'name: value'`);
    return ExitCode.USAGE;
  }
  if (isIP(from) === 0) {
    terminal.printError(`zproxy: --from ${from} is no address; write one such as 203.0.113.7`);
    return ExitCode.USAGE;
  }
  const question = { method, url, headers: headers as [string, string][], from };
  return await answer(question, options, terminal);
}

async function answer(
  question: ExplainQuestion,
  options: ExplainOptions,
  terminal: Terminal,
): Promise<ExitCode> {
  const config = await loadEffective(options, terminal);
  if (config === null) return ExitCode.INVALID;
  try {
    const explanation = explain(config, question);
    if (options.json === true) terminal.print(JSON.stringify(explanation, null, 2));
    else
      for (const line of formatExplanation(explanation, options.all === true, terminal))
        terminal.print(line);
    return ExitCode.FINE;
  } catch (error) {
    if (!(error instanceof ZProxyError) || error.code !== 'ZP_EXPLAIN') throw error;
    terminal.printError(`zproxy: ${error.message}`);
    return ExitCode.USAGE;
  }
}

function parseHeader(text: string): [string, string] | null {
  const colon = text.indexOf(':');
  return colon < 1 ? null : [text.slice(0, colon).trim(), text.slice(colon + 1).trim()];
}

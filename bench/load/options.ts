// The command line of the benchmark.

import { parseArgs } from 'node:util';
import type { ProxyName } from './proxies.ts';
import type { BenchOptions, Scenario } from './scenario.ts';

const ROUNDS = 3;
const NAMES: readonly ProxyName[] = ['zproxy', 'nginx', 'haproxy'];

/** What was asked for; null: the help was printed. */
export function parseOptions(
  args: readonly string[],
  scenarios: readonly Scenario[],
): { options: BenchOptions; chosen: readonly Scenario[] } | null {
  const { values } = parseArgs({
    args: [...args],
    options: {
      quick: { type: 'boolean', default: false },
      scenario: { type: 'string', multiple: true },
      rounds: { type: 'string' },
      proxies: { type: 'string', default: NAMES.join(',') },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) {
    console.log(help(scenarios));
    return null;
  }
  const rounds = Number(values.rounds ?? (values.quick ? 1 : ROUNDS));
  if (!Number.isInteger(rounds) || rounds < 1) throw new Error('--rounds wants a number from 1');
  const wanted = values.scenario ?? scenarios.map(({ name }) => name);
  const chosen = wanted.map((name) => {
    const scenario = scenarios.find((candidate) => candidate.name === name);
    if (scenario === undefined) throw new Error(`there is no scenario "${name}": try --help`);
    return scenario;
  });
  const proxies = values.proxies.split(',').map((name) => {
    const proxy = NAMES.find((candidate) => candidate === name);
    if (proxy === undefined) throw new Error(`there is no proxy "${name}": ${NAMES.join(', ')}`);
    return proxy;
  });
  return { options: { isQuick: values.quick, rounds, proxies }, chosen };
}

function help(scenarios: readonly Scenario[]): string {
  const lines = scenarios.map(({ name, description }) => `  ${name.padEnd(13)}${description}`);
  return `npm run bench -- [--quick] [--scenario NAME]... [--rounds N] [--proxies NAME,NAME...]

Measures ZProxy beside nginx and HAProxy on this machine.
  --quick       only shows that everything runs
  --rounds      how often each is counted (default ${ROUNDS})
  --proxies     which ones (default ${NAMES.join(',')})

Scenarios (all of them by default):
${lines.join('\n')}`;
}

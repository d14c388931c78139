// Time from starting a proxy to the first answered request: ZProxy as a checkout runs it, and as
// the packed package does, both with a warm compile cache and one worker.

import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { buildPackage } from '../../../tools/build.ts';
import { packTo } from '../../../tools/pack.ts';
import { BenchProcess } from '../child_process.ts';
import { freePort, waitUntilServing } from '../ports.ts';
import { type Arrangement, PINNED, type ProxyName } from '../proxies.ts';
import { type Scenario, Series, withArrangement } from '../scenario.ts';

/** Installs the packed package in the arrangement's folder and returns its launcher. */
async function installPackage(folder: string): Promise<string> {
  await buildPackage();
  const args = ['install', '--offline', '--no-audit', '--no-fund', '--prefix', folder];
  const result = spawnSync('npm', [...args, packTo(folder)], { encoding: 'utf8' });
  if (result.status !== 0) throw new Error(`the package cannot be installed:\n${result.stderr}`);
  return join(folder, 'node_modules', 'zproxy', 'bin', 'zproxy.js');
}

async function startMs(
  arrangement: Arrangement,
  name: ProxyName,
  launcher: string | null,
): Promise<number> {
  const port = await freePort();
  const env = { XDG_CACHE_HOME: arrangement.folder };
  const settings = launcher === null ? { env } : { env, launcher };
  const { command, args, env: all } = arrangement.command(name, port, settings);
  const before = performance.now();
  const started = new BenchProcess(command, args, { cores: '0', env: all });
  try {
    await waitUntilServing(port);
    return performance.now() - before;
  } finally {
    await started.stop();
  }
}

export const startTime: Scenario = {
  name: 'start',
  description: 'time from start to the first proxied byte, checkout and package',
  pinning: PINNED,
  run: (options) =>
    withArrangement(PINNED, async (arrangement) => {
      await arrangement.startUpstream();
      const installed = await installPackage(arrangement.folder);
      const launchers: [string, ProxyName, string | null][] = [
        ['zproxy', 'zproxy', installed],
        ['checkout', 'zproxy', null],
        ...options.proxies
          .filter((name) => name !== 'zproxy')
          .map((name): [string, ProxyName, null] => [name, name, null]),
      ];
      const time = new Series();
      for (let round = -1; round < options.rounds; round++) {
        for (const [label, name, launcher] of launchers) {
          const ms = await startMs(arrangement, name, launcher);
          if (round >= 0) time.add(label, ms); // the first one fills the compile cache
        }
      }
      return [
        { metric: 'start to first byte', unit: 'ms', isLowerBetter: true, values: time.values },
      ];
    }),
};

// Load on running proxies, in interleaved rounds A B C A B C, with the CPU time that each took.

import type { Arrangement, Running } from './proxies.ts';
import type { BenchOptions } from './scenario.ts';
import { type LoadResult, runLoad } from './wrk.ts';

const WARM_UP_SECONDS = 5;
const COUNT_SECONDS = 5;
const QUICK_SECONDS = 1;

export interface CountedLoad extends LoadResult {
  /** User and system time of all of the proxy's processes. */
  readonly cpuMicroseconds: number;
}

export interface LoadShape {
  readonly path: string;
  readonly connections: number;
}

/** Warms each proxy up, then counts in rounds; `onCount` is told of each count. */
export async function countInRounds(
  arrangement: Arrangement,
  running: readonly Running[],
  shape: LoadShape,
  options: BenchOptions,
  onCount: (running: Running, count: CountedLoad) => void,
): Promise<void> {
  const cores = arrangement.pinning.loadCores;
  const load = (proxy: Running, seconds: number): Promise<LoadResult> =>
    runLoad({
      url: `http://127.0.0.1:${proxy.port}${shape.path}`,
      connections: shape.connections,
      seconds,
      cores,
    });
  for (const proxy of running) await load(proxy, options.isQuick ? QUICK_SECONDS : WARM_UP_SECONDS);
  for (let round = 0; round < options.rounds; round++) {
    for (const proxy of running) {
      const before = proxy.process.cpuMicroseconds();
      const result = await load(proxy, options.isQuick ? QUICK_SECONDS : COUNT_SECONDS);
      const cpuMicroseconds = proxy.process.cpuMicroseconds() - before;
      onCount(proxy, { ...result, cpuMicroseconds });
    }
  }
}

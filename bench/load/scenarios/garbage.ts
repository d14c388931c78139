// Bytes that a worker allocates on V8's heap per request.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { PINNED } from '../proxies.ts';
import { type Scenario, Series, withArrangement } from '../scenario.ts';
import { runLoad } from '../wrk.ts';

const PROBE = join(import.meta.dirname, '..', 'allocation_probe.ts');
const MARGIN_MS = 300;

interface Sample {
  readonly ms: number;
  readonly bytes: number;
}

function readSample(path: string): Sample {
  const [ms, bytes] = readFileSync(path, 'utf8').split(' ').map(Number);
  return { ms: ms!, bytes: bytes! };
}

export const garbage: Scenario = {
  name: 'garbage',
  description: "bytes allocated on V8's heap per request",
  pinning: PINNED,
  run: (options) =>
    withArrangement(PINNED, async (arrangement) => {
      await arrangement.startUpstream();
      const path = join(arrangement.folder, 'allocation');
      const env = {
        NODE_OPTIONS: `--import=${pathToFileURL(PROBE).href}`,
        ZPROXY_BENCH_ALLOCATION: path,
      };
      const { port } = await arrangement.start('zproxy', { env });
      const allocated = new Series();
      const seconds = options.isQuick ? 2 : 6;
      const load = { url: `http://127.0.0.1:${port}/`, connections: 64, seconds, cores: '1' };
      await runLoad(load);
      for (let round = 0; round < options.rounds; round++) {
        const running = runLoad(load);
        await delay(MARGIN_MS);
        const first = readSample(path);
        await delay(seconds * 1000 - 2 * MARGIN_MS);
        const last = readSample(path);
        const { requests, seconds: took } = await running;
        const bytesPerSecond = (last.bytes - first.bytes) / ((last.ms - first.ms) / 1000);
        allocated.add('zproxy', bytesPerSecond / (requests / took));
      }
      return [
        {
          metric: 'allocated per request',
          unit: 'bytes',
          isLowerBetter: true,
          values: allocated.values,
        },
      ];
    }),
};

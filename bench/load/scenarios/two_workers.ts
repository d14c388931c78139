// CPU per request with two workers against one. Both may use both cores, and so may the load:
// only the ratio between the two columns means anything.

import { countInRounds } from '../counted_load.ts';
import type { Running } from '../proxies.ts';
import { type Scenario, Series, withArrangement } from '../scenario.ts';

const UNPINNED = { proxyCores: '0-1', loadCores: '0-1' };

export const twoWorkers: Scenario = {
  name: 'workers',
  description: 'CPU per request with two workers against one, 64 connections',
  pinning: UNPINNED,
  run: (options) =>
    withArrangement(UNPINNED, async (arrangement) => {
      await arrangement.startUpstream();
      const one = await arrangement.start('zproxy', { workers: 1 });
      const two = await arrangement.start('zproxy', { workers: 2 });
      const label = (running: Running): string => (running === one ? '1 worker' : '2 workers');
      const cpu = new Series();
      const shape = { path: '/', connections: 64 };
      await countInRounds(arrangement, [one, two], shape, options, (running, count) => {
        cpu.add(label(running), count.cpuMicroseconds / count.requests);
      });
      return [
        {
          metric: 'CPU per request',
          unit: 'µs',
          isLowerBetter: true,
          values: cpu.values,
          subject: '2 workers',
        },
      ];
    }),
};

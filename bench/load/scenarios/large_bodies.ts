// Bytes per second of CPU for responses of 1 MiB.

import { countInRounds } from '../counted_load.ts';
import { PINNED } from '../proxies.ts';
import { type Scenario, Series, withArrangement } from '../scenario.ts';

const BODY_BYTES = 1024 * 1024;

export const largeBodies: Scenario = {
  name: 'large',
  description: 'bytes per CPU-second: 1 MiB bodies, 16 connections',
  pinning: PINNED,
  run: (options) =>
    withArrangement(PINNED, async (arrangement) => {
      await arrangement.startUpstream({ '1m': BODY_BYTES });
      const running = [];
      for (const name of options.proxies) running.push(await arrangement.start(name));
      const perCpu = new Series();
      const rate = new Series();
      const shape = { path: '/files/1m', connections: 16 };
      await countInRounds(arrangement, running, shape, options, ({ name }, count) => {
        perCpu.add(name, count.bytes / 2 ** 20 / (count.cpuMicroseconds / 1e6));
        rate.add(name, count.bytes / 2 ** 20 / count.seconds);
      });
      return [
        {
          metric: 'bytes per CPU-second',
          unit: 'MiB',
          isLowerBetter: false,
          values: perCpu.values,
        },
        { metric: 'bytes per second', unit: 'MiB', isLowerBetter: false, values: rate.values },
      ];
    }),
};

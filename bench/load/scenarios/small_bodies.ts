// CPU per request for short answers: browser-size head, 64 connections, in clear. The headline.

import { countInRounds } from '../counted_load.ts';
import { PINNED } from '../proxies.ts';
import { type Scenario, Series, withArrangement } from '../scenario.ts';

export const smallBodies: Scenario = {
  name: 'small',
  description: 'CPU per request: 68-byte body, browser-size head, 64 connections',
  pinning: PINNED,
  run: (options) =>
    withArrangement(PINNED, async (arrangement) => {
      await arrangement.startUpstream();
      const running = [];
      for (const name of options.proxies) running.push(await arrangement.start(name));
      const cpu = new Series();
      const rate = new Series();
      const p99 = new Series();
      const shape = { path: '/', connections: 64 };
      await countInRounds(arrangement, running, shape, options, ({ name }, count) => {
        cpu.add(name, count.cpuMicroseconds / count.requests);
        rate.add(name, count.requests / count.seconds);
        p99.add(name, count.p99Ms);
      });
      return [
        { metric: 'CPU per request', unit: 'µs', isLowerBetter: true, values: cpu.values },
        { metric: 'requests per second', unit: '/s', isLowerBetter: false, values: rate.values },
        { metric: 'p99 at full load', unit: 'ms', isLowerBetter: true, values: p99.values },
      ];
    }),
};

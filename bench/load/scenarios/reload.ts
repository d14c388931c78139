// A reload of 10,000 routes under load: how long it takes, whether a request fails, and how the
// latency of requests that come meanwhile compares with that before.

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { requestControl } from '../../../src/server/control_client.ts';
import { PacedLoad, percentile } from '../paced_load.ts';
import { type Scenario, Series, withArrangement } from '../scenario.ts';

const UNPINNED = { proxyCores: '0-1', loadCores: '0-1' };
const ROUTES = 10_000;
const ROUTES_QUICK = 500;
const PER_SECOND = 1_000;
const CONNECTIONS = 32;
const WARM_UP_MS = 4_000;
const BEFORE_MS = 4_000;
const RELOADS = 8;
const AFTER_MS = 1_000;
const SETTLE_MS = 200;

interface WrittenConfig {
  routes: object[];
}

export const reload: Scenario = {
  name: 'reload',
  description: 'a reload of 10,000 routes under load: duration, failures, p99 against before',
  pinning: UNPINNED,
  run: (options) =>
    withArrangement(UNPINNED, async (arrangement) => {
      await arrangement.startUpstream();
      const count = options.isQuick ? ROUTES_QUICK : ROUTES;
      const series = {
        duration: new Series(),
        before: new Series(),
        during: new Series(),
        failures: new Series(),
      };
      for (let round = 0; round < options.rounds; round++) {
        const control = join(arrangement.folder, `control-${round}.sock`);
        const { port, process } = await arrangement.start('zproxy', {
          config: { control, routes: routes(count, 0) },
        });
        const file = join(arrangement.folder, `zproxy-${port}.json`);
        const load = new PacedLoad({
          port,
          perSecond: PER_SECOND,
          connections: CONNECTIONS,
          paths: ['/s17/list', '/p33/7/details', '/s9/list', '/else'],
        });
        load.start();
        await delay(options.isQuick ? 500 : WARM_UP_MS + BEFORE_MS);
        const beforeMs = performance.now() - (options.isQuick ? 250 : BEFORE_MS);
        const firstMs = performance.now();
        const windows: [number, number][] = [];
        for (let i = 1; i <= (options.isQuick ? 1 : RELOADS); i++) {
          writeConfig(file, routes(count, i));
          await delay(SETTLE_MS); // writing that much held our own load up
          const startMs = performance.now();
          const { status, body } = await requestControl(control, 'POST', '/reload');
          if (status !== 200) throw new Error(`the reload failed: ${JSON.stringify(body)}`);
          windows.push([startMs, performance.now()]);
          series.duration.add('zproxy', performance.now() - startMs);
          await delay(options.isQuick ? 50 : AFTER_MS);
        }
        load.stop();
        const { samples } = load;
        const before = samples.filter(({ dueMs }) => dueMs >= beforeMs && dueMs < firstMs);
        const during = samples.filter(({ dueMs }) =>
          windows.some(([startMs, endMs]) => dueMs >= startMs && dueMs < endMs),
        );
        series.before.add('zproxy', percentile(before, 0.99));
        series.during.add('zproxy', percentile(during, 0.99));
        series.failures.add('zproxy', load.failures.length);
        await process.stop();
      }
      const row = (metric: string, unit: string, values: Series) => ({
        metric,
        unit,
        isLowerBetter: true,
        values: values.values,
      });
      return [
        row(`reload of ${count} routes`, 'ms', series.duration),
        row('p99 before', 'ms', series.before),
        row('p99 during', 'ms', series.during),
        row('failed requests', 'count', series.failures),
      ];
    }),
};

function writeConfig(file: string, list: readonly object[]): void {
  const config = JSON.parse(readFileSync(file, 'utf8')) as WrittenConfig;
  writeFileSync(file, JSON.stringify({ ...config, routes: list }));
}

/** Half static, half with parameters; `edition` changes some of them. */
function routes(count: number, edition: number): object[] {
  const rewrite = { path: '/' }; // all that the upstream has
  const list: object[] = [
    { path: '/', upstream: 'web' },
    { path: '/else', upstream: 'web', rewrite, name: `edition ${edition}` },
  ];
  for (let i = 0; list.length < count; i++) {
    list.push({ path: `/s${i}/list`, upstream: 'web', rewrite });
    list.push({ path: `/p${i}/:id/details`, method: 'GET', upstream: 'web', rewrite });
    if (i % 100 === 0) list.push({ path: `/e${edition}x${i}`, upstream: 'web' });
  }
  return list;
}

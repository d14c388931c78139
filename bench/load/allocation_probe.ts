// Loaded into ZProxy's processes by `node --import`: a worker writes down how much V8 has
// allocated so far, ten times a second, for the garbage scenario.

import { renameSync, writeFileSync } from 'node:fs';
import { getHeapStatistics } from 'node:v8';

const INTERVAL_MS = 100;
const path = process.env['ZPROXY_BENCH_ALLOCATION'];

if (path !== undefined && /worker_main\.[tj]s$/.test(process.argv[1] ?? '')) {
  setInterval(() => {
    const { total_allocated_bytes: bytes } = getHeapStatistics() as {
      total_allocated_bytes: number;
    };
    writeFileSync(`${path}.new`, `${performance.now()} ${bytes}`);
    renameSync(`${path}.new`, path); // never seen half written
  }, INTERVAL_MS).unref();
}

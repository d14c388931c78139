// `npm run bench`: ZProxy beside nginx and HAProxy, interleaved, on this machine. See
// bench/README.md.

import { accessSync, constants } from 'node:fs';
import { loadavg } from 'node:os';
import { delimiter, join } from 'node:path';
import { parseOptions } from './options.ts';
import { formatMeasurement, type ScenarioResult, writeResults } from './report.ts';
import { garbage } from './scenarios/garbage.ts';
import { idleConnections } from './scenarios/idle_connections.ts';
import { largeBodies } from './scenarios/large_bodies.ts';
import { reload } from './scenarios/reload.ts';
import { slowReader } from './scenarios/slow_reader.ts';
import { smallBodies } from './scenarios/small_bodies.ts';
import { startTime } from './scenarios/start.ts';
import { twoWorkers } from './scenarios/two_workers.ts';

const SCENARIOS = [
  smallBodies,
  largeBodies,
  garbage,
  idleConnections,
  slowReader,
  startTime,
  twoWorkers,
  reload,
];
const PROGRAMS = ['taskset', 'wrk', 'nginx', 'haproxy'];
const LOAD_AVERAGE_MAX = 0.5;

const parsed = parseOptions(process.argv.slice(2), SCENARIOS);
if (parsed !== null) {
  const { options, chosen } = parsed;
  const missing = PROGRAMS.filter((name) => !isInstalled(name));
  if (missing.length > 0) {
    throw new Error(`missing: ${missing.join(', ')} (Debian: apt-get install nginx haproxy wrk)`);
  }
  const [load] = loadavg();
  if (load! > LOAD_AVERAGE_MAX) {
    console.log(`The load average is ${load!.toFixed(2)}: this machine is busy, expect noise.\n`);
  }
  const results: ScenarioResult[] = [];
  for (const scenario of chosen) {
    const measurements = await scenario.run(options);
    console.log(`${scenario.name}: ${scenario.description}`);
    for (const line of measurements.flatMap(formatMeasurement)) console.log(`  ${line}`);
    console.log('');
    results.push({ scenario: scenario.name, pinning: scenario.pinning, measurements });
  }
  console.log(`Raw rounds: ${writeResults(results, options)}`);
}

function isInstalled(name: string): boolean {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin'];
  return folders.some((folder) => {
    try {
      accessSync(join(folder, name), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

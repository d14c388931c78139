// `zproxy demo`, which `npm start` runs: the proxy on loopback in front of a built-in upstream,
// started the way `zproxy run` starts, from a configuration file that lives as long as the demo.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { formatMetrics } from '../admin/format_metrics.ts';
import { ZProxyError } from '../base/errors.ts';
import type { Config } from '../config/config.ts';
import { packageVersion } from '../config/package_root.ts';
import { StderrLog } from '../server/log.ts';
import type { SignalInbox } from '../server/signals.ts';
import { startSupervisor } from '../server/start_supervisor.ts';
import { startDemoUpstream } from './demo_upstream.ts';
import { ExitCode } from './exit_code.ts';
import { reportFailure } from './report_failure.ts';
import type { Terminal } from './terminal.ts';

const LOG_FLUSH_MS = 1_000;

export interface DemoOptions {
  readonly port: number;
}

export async function demo(
  options: DemoOptions,
  terminal: Terminal,
  signals: SignalInbox,
): Promise<ExitCode> {
  const upstream = await startDemoUpstream();
  const folder = mkdtempSync(join(tmpdir(), 'zproxy-demo-'));
  try {
    const configFile = join(folder, 'zproxy.json');
    const config = demoConfig(options.port, upstream.port, folder);
    writeFileSync(configFile, JSON.stringify(config, null, 2));
    const log = new StderrLog('');
    const version = packageVersion();
    const supervisor = await startSupervisor({ configFile, version, log, signals, formatMetrics });
    await log.flushed(LOG_FLUSH_MS); // or its lines would end up among ours
    const address = supervisor.addresses[0]!;
    for (const line of whatToTry(`http://${address}`, configFile, terminal)) terminal.print(line);
    await supervisor.ended;
    return ExitCode.FINE;
  } catch (error) {
    if (error instanceof ZProxyError && error.code === 'ZP_ADDRESS_IN_USE') {
      const where = `port ${options.port} of 127.0.0.1`;
      const remedy = 'choose another one with "npm start -- --port 8081"';
      terminal.printError(`zproxy: another process listens on ${where}; ${remedy}.`);
      return ExitCode.CANNOT_START;
    }
    return reportFailure(error, terminal);
  } finally {
    upstream.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

function demoConfig(port: number, upstreamPort: number, folder: string): Config {
  return {
    listeners: [{ address: `127.0.0.1:${port}` }],
    upstreams: { demo: { endpoints: [`http://127.0.0.1:${upstreamPort}`] } },
    routes: [{ upstream: 'demo' }],
    accessLog: { format: 'combined' },
    control: join(folder, 'control.sock'),
  };
}

function whatToTry(url: string, configFile: string, terminal: Terminal): string[] {
  const command = (text: string, meaning: string): string =>
    `  ${terminal.cyan(text.padEnd(46))} ${terminal.faint(meaning)}`;
  return [
    '',
    `${terminal.green('ZProxy is running')} on ${terminal.bold(url)} in front of a demo upstream.`,
    '',
    'Try:',
    command(`curl ${url}/`, 'what the upstream received, as JSON'),
    command(`curl -N ${url}/events`, 'a stream of events'),
    command(`curl -d hello ${url}/echo`, 'a body there and back'),
    command(`open ${url}/ in a browser`, 'a page with a WebSocket'),
    command(`npx zproxy status --config ${configFile}`, 'what it counted'),
    '',
    `Stop it with Ctrl+C. Lines of the access log follow.`,
    '',
  ].map((line) => line.trimEnd());
}

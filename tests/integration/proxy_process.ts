// A ZProxy as a user runs it, in processes of its own, for tests: its config in its own folder, its
// ports picked by the system and read from the line that it logs, ended by its process id.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { Config } from '../../src/config/config.ts';
import { requestControl } from '../../src/server/control_client.ts';
import type { StatusReport } from '../../src/server/status_report.ts';

const CLI: string = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));
const WAIT_MS = 20_000;
const POLL_MS = 10;

export interface ProxyProcessOptions {
  /** What happens to standard output; by default it is read. */
  readonly stdout?: 'pipe' | number;
  /** Parts of the environment that differ. */
  readonly env?: Readonly<Record<string, string>>;
  /** A command that becomes what follows it: `nice`, `sh -c 'exec "$@"' sh`. */
  readonly before?: readonly string[];
}

/** A folder that is removed when the test ends. */
export function makeFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'zproxy-test-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Waits until `question` is answered with something truthy, or fails with `what`. */
export async function until<T>(
  what: string,
  question: () => T | Promise<T>,
  waitMs: number = WAIT_MS,
): Promise<NonNullable<T>> {
  const endMs = performance.now() + waitMs;
  for (;;) {
    const answer = await question();
    if (answer) return answer;
    if (performance.now() > endMs) throw new Error(`waited in vain: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

export class ProxyProcess {
  readonly child: ChildProcess;
  readonly configFile: string;
  readonly folder: string;
  readonly controlPath: string;
  stdout = '';
  stderr = '';

  constructor(folder: string, config: Config, options: ProxyProcessOptions = {}) {
    this.folder = folder;
    this.configFile = join(folder, 'zproxy.json');
    this.controlPath = join(folder, 'control.sock');
    writeFileSync(this.configFile, JSON.stringify({ control: 'control.sock', ...config }, null, 2));
    const args = ['--disable-warning=ExperimentalWarning', CLI, 'run', '--config', this.configFile];
    const command = [...(options.before ?? []), process.execPath, ...args];
    this.child = spawn(command[0]!, command.slice(1), {
      stdio: ['ignore', options.stdout ?? 'pipe', 'pipe'],
      // What it leaves in the runtime folder goes with the test's own.
      env: {
        ...process.env,
        NODE_TEST_CONTEXT: undefined,
        XDG_RUNTIME_DIR: folder,
        ...options.env,
      },
    });
    this.child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.stdout += text;
    });
    this.child.stderr!.setEncoding('utf8').on('data', (text: string) => {
      this.stderr += text;
    });
  }

  get pid(): number {
    return this.child.pid!;
  }

  get hasExited(): boolean {
    return this.child.exitCode !== null || this.child.signalCode !== null;
  }

  /** Resolves once it listens; rejects if it ends first. */
  async ready(): Promise<void> {
    await until('the proxy listens', () => {
      if (this.hasExited) throw new Error(`the proxy ended at start: ${this.stderr}`);
      return this.stderr.includes(' listening on ');
    });
  }

  /** `127.0.0.1:1234`, as logged. */
  get addresses(): string[] {
    const list = /listening on (.*) \(\d+ worker/.exec(this.stderr)?.[1];
    if (list === undefined) throw new Error(`no address was logged: ${this.stderr}`);
    return list.split(', ');
  }

  /** Base URL of a TCP listener. */
  url(index: number = 0): string {
    return `http://${this.addresses[index]}`;
  }

  async status(): Promise<StatusReport> {
    const { body } = await requestControl(this.controlPath, 'GET', '/status');
    return body as StatusReport;
  }

  async workerPids(): Promise<number[]> {
    return (await this.status()).workers.map((worker) => worker.pid);
  }

  /** Writes another configuration; the process is not told. */
  write(config: Config): void {
    const text = JSON.stringify({ control: 'control.sock', ...config }, null, 2);
    // As editors do it: never half of a file.
    writeFileSync(`${this.configFile}.new`, text);
    renameSync(`${this.configFile}.new`, this.configFile);
  }

  /** As `zproxy reload`. */
  async reload(): Promise<{ readonly status: number; readonly body: unknown }> {
    return await requestControl(this.controlPath, 'POST', '/reload', { timeoutMs: 60_000 });
  }

  /** Asks it to become the program that `launcher` starts. */
  async upgrade(launcher: string): Promise<{ readonly status: number; readonly body: unknown }> {
    const options = { body: { launcher }, timeoutMs: 60_000 };
    return await requestControl(this.controlPath, 'POST', '/upgrade', options);
  }

  signal(signal: NodeJS.Signals): void {
    process.kill(this.pid, signal);
  }

  /** Its exit code; null where a signal ended it. */
  async exit(): Promise<number | null> {
    await until('the proxy exits', () => this.hasExited, 2 * WAIT_MS);
    // What it wrote last may still be on its way.
    if (this.child.stderr?.closed === false) await once(this.child, 'close');
    return this.child.exitCode;
  }

  /** Ends it, however it is. */
  async kill(): Promise<void> {
    if (this.hasExited) return;
    const status = await this.status().catch(() => null);
    const pids = [...(status?.workers ?? []), ...(status?.retiring ?? [])].map(({ pid }) => pid);
    process.kill(this.pid, 'SIGKILL');
    await until('it is dead', () => this.hasExited);
    for (const pid of pids) if (pid !== 0 && isRunning(pid)) process.kill(pid, 'SIGKILL');
  }
}

/** Starts a proxy, waits until it listens, and ends it with the test. */
export async function startProxy(
  t: TestContext,
  config: Config,
  options: ProxyProcessOptions = {},
): Promise<ProxyProcess> {
  const proxy = spawnProxy(t, config, options);
  await proxy.ready();
  return proxy;
}

/** Starts a proxy that may fail to start. */
export function spawnProxy(
  t: TestContext,
  config: Config,
  options: ProxyProcessOptions = {},
): ProxyProcess {
  const proxy = new ProxyProcess(makeFolder(t), config, options);
  t.after(() => proxy.kill());
  return proxy;
}

/** An origin server on a free port; closed with the test. */
export async function startOrigin(t: TestContext, handler: RequestListener): Promise<string> {
  const server: Server = createServer(handler);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** A config with one TCP listener on a free port of loopback and one upstream. */
export function simpleConfig(origin: string, more: Partial<Config> = {}): Config {
  return {
    listeners: [{ address: '127.0.0.1:0' }],
    upstreams: { origin: { endpoints: [origin] } },
    routes: [{ upstream: 'origin' }],
    workers: 1,
    accessLog: false,
    ...more,
  };
}

/** Whether a process exists and is no zombie. */
export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

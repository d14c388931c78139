// The upstream and the proxies that are compared, each configured for the same work.

import { mkdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { BenchProcess } from './child_process.ts';
import { freePort, waitUntilServing } from './ports.ts';

const CONFIGS = join(import.meta.dirname, 'configs');
const LAUNCHER = join(import.meta.dirname, '..', '..', 'bin', 'zproxy.js');
/** 68 bytes, as in earlier measurements. */
const BODY = 'x'.repeat(68);

export type ProxyName = 'zproxy' | 'nginx' | 'haproxy';

/** Where the proxies and everything else may run. */
export interface Pinning {
  readonly proxyCores: string;
  readonly loadCores: string;
}

/** The proxy alone on core 0. */
export const PINNED: Pinning = { proxyCores: '0', loadCores: '1' };

export interface Running {
  readonly name: ProxyName;
  readonly port: number;
  readonly process: BenchProcess;
}

export interface ZProxySettings {
  readonly workers?: number;
  readonly env?: Readonly<Record<string, string>>;
  /** Keys of the configuration that differ. */
  readonly config?: Readonly<Record<string, unknown>>;
  /** Another launcher: that of an installed package. */
  readonly launcher?: string;
}

/** One upstream and the proxies in front of it, in a folder of their own. */
export class Arrangement {
  readonly folder: string;
  readonly pinning: Pinning;
  upstreamPort = 0;
  readonly #processes: BenchProcess[] = [];

  constructor(folder: string, pinning: Pinning) {
    this.folder = folder;
    this.pinning = pinning;
  }

  /** Starts the upstream, with files of the given sizes at `/files/NAME`. */
  async startUpstream(files: Readonly<Record<string, number>> = {}): Promise<void> {
    mkdirSync(join(this.folder, 'files'), { recursive: true });
    for (const [name, byteCount] of Object.entries(files)) {
      const path = join(this.folder, 'files', name);
      writeFileSync(path, '');
      truncateSync(path, byteCount);
    }
    this.upstreamPort = await freePort();
    const config = this.#writeConfig('upstream_nginx.conf', { body: BODY });
    const upstream = this.#spawn(
      'nginx',
      ['-c', config, '-p', this.folder],
      this.pinning.loadCores,
    );
    await ready(upstream, this.upstreamPort);
  }

  async start(name: ProxyName, settings: ZProxySettings = {}): Promise<Running> {
    const port = await freePort();
    const { command, args, env } = this.command(name, port, settings);
    const process = this.#spawn(command, args, this.pinning.proxyCores, env);
    await ready(process, port);
    return { name, port, process };
  }

  /** How a proxy is started; writes its config. */
  command(
    name: ProxyName,
    port: number,
    settings: ZProxySettings = {},
  ): { command: string; args: string[]; env: Record<string, string> } {
    switch (name) {
      case 'nginx': {
        const config = this.#writeConfig('proxy_nginx.conf', { port: String(port) });
        return { command: 'nginx', args: ['-c', config, '-p', this.folder], env: {} };
      }
      case 'haproxy': {
        const config = this.#writeConfig('proxy_haproxy.cfg', { port: String(port) });
        return { command: 'haproxy', args: ['-f', config, '-db'], env: {} };
      }
      case 'zproxy': {
        const config = join(this.folder, `zproxy-${port}.json`);
        writeFileSync(
          config,
          JSON.stringify({
            ...this.#zproxyConfig(port, settings.workers ?? 1),
            ...settings.config,
          }),
        );
        const args = [settings.launcher ?? LAUNCHER, 'run', '--config', config];
        const env = { XDG_RUNTIME_DIR: this.folder, ZPROXY_VERIFY: '', ...settings.env };
        return { command: process.execPath, args, env };
      }
    }
  }

  /** Ends everything that was started. */
  async stop(): Promise<void> {
    for (const process of this.#processes.splice(0).reverse()) await process.stop();
  }

  #spawn(
    command: string,
    args: readonly string[],
    cores: string,
    env: Readonly<Record<string, string>> = {},
  ): BenchProcess {
    const process = new BenchProcess(command, args, { cores, env });
    this.#processes.push(process);
    return process;
  }

  #zproxyConfig(port: number, workers: number): object {
    return {
      listeners: [{ address: `127.0.0.1:${port}` }],
      upstreams: { web: { endpoints: [`http://127.0.0.1:${this.upstreamPort}`] } },
      routes: [{ upstream: 'web' }],
      workers,
      accessLog: false,
      timeouts: { keepAliveIdle: '600s' },
    };
  }

  #writeConfig(name: string, values: Readonly<Record<string, string>>): string {
    const all = { ...values, folder: this.folder, upstreamPort: String(this.upstreamPort) };
    let text = readFileSync(join(CONFIGS, name), 'utf8');
    for (const [key, value] of Object.entries(all)) text = text.replaceAll(`@${key}@`, value);
    const path = join(this.folder, name);
    writeFileSync(path, text);
    return path;
  }
}

async function ready(process: BenchProcess, port: number): Promise<void> {
  try {
    await waitUntilServing(port);
  } catch (error) {
    await process.stop();
    throw new Error(`${(error as Error).message}; it said:\n${process.stderr}`);
  }
}

// What is behind `createProxy`: the data plane in this process for a configuration object, a
// supervisor with workers for a file. The only code that knows both.

import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { formatMetrics } from '../admin/format_metrics.ts';
import { ZProxyError } from '../base/errors.ts';
import { LogLevel } from '../base/log_sink.ts';
import type { ConfigResult } from '../config/compile_config.ts';
import type { Config } from '../config/config.ts';
import { packageVersion } from '../config/package_root.ts';
import type { Snapshot } from '../config/snapshot.ts';
import { ConfigRefusedError } from '../server/config_refused_error.ts';
import { InjectEngine } from '../server/inject/inject_engine.ts';
import type { FakeUpstreams, InjectRequest, InjectResult } from '../server/inject/inject_types.ts';
import { loadConfig } from '../server/load_config.ts';
import type { FlushableLog } from '../server/log.ts';
import { importModules } from '../server/middleware_modules.ts';
import { type InlineProxy, runInline } from '../server/run_inline.ts';
import type { StatusReport } from '../server/status_report.ts';
import { Supervisor } from '../server/supervisor.ts';
import type { CloseOptions, ProxyOptions } from './create_proxy.ts';

const NEVER = new AbortController().signal;
const NOT_STARTED = 'The proxy was not started; await start() first.';

export class ProxyInstance {
  /** Absolute path of the file, '' for an object. */
  readonly #file: string;
  readonly #options: ProxyOptions;
  readonly #log: FlushableLog;
  #config: Config | null;
  #inline: InlineProxy | null = null;
  #supervisor: Supervisor | null = null;
  #engine: Promise<InjectEngine> | null = null;
  #isStarted = false;
  #closed: Promise<void> | null = null;

  constructor(config: Config | URL | string, options: ProxyOptions) {
    const isFile = typeof config === 'string' || config instanceof URL;
    this.#file = isFile ? filePath(config) : '';
    this.#config = isFile ? null : config;
    this.#options = options;
    this.#log = makeLog(options.log);
  }

  get addresses(): readonly string[] {
    return this.#inline?.addresses ?? this.#supervisor?.addresses ?? [];
  }

  async start(): Promise<void> {
    this.#refuseClosed();
    if (this.#isStarted) {
      throw new ZProxyError('ZP_PROXY_STARTED', 'The proxy was started already.');
    }
    this.#isStarted = true;
    try {
      const snapshot = await this.#load();
      const version = packageVersion();
      const log = this.#log;
      if (this.#config !== null) {
        this.#inline = await runInline({ snapshot, version, log });
        return;
      }
      const supervisor = new Supervisor(
        { configFile: this.#file, version, log, signals: null, formatMetrics },
        snapshot,
      );
      await supervisor.start();
      this.#supervisor = supervisor;
    } catch (error) {
      this.#isStarted = false; // nothing is open: it may be tried again
      throw error;
    }
  }

  async reload(config?: Config): Promise<boolean> {
    this.#refuseClosed();
    const { running, isOfFile } = this.#running();
    if (isOfFile !== (config === undefined)) {
      const text = isOfFile
        ? 'The proxy runs a file; change the file and reload without an argument.'
        : 'The proxy runs a configuration object; give the new one to reload.';
      throw new ZProxyError('ZP_RELOAD_CONFIG', text);
    }
    const hasChanged = await (running instanceof Supervisor
      ? reloadFile(running)
      : this.#reloadObject(running, config!));
    if (hasChanged) await this.#renewEngine();
    return hasChanged;
  }

  close(options: CloseOptions): Promise<void> {
    this.#closed ??= this.#close(options);
    return this.#closed;
  }

  metrics(): string {
    return formatMetrics(this.status());
  }

  status(): StatusReport {
    return this.#running().running.status();
  }

  async inject(given: InjectRequest | string, fakes: FakeUpstreams): Promise<InjectResult> {
    this.#refuseClosed();
    this.#engine ??= this.#openEngine();
    const engine = await this.#engine;
    return await engine.inject(given, { ...this.#options.upstreams, ...fakes });
  }

  // --- inside ------------------------------------------------------------------------------------

  async #load(): Promise<Snapshot> {
    const result =
      this.#config === null
        ? await loadConfig(this.#file, { interruption: NEVER })
        : await compileObject(this.#config);
    if ('errors' in result) throw new ConfigRefusedError(result.errors);
    return result.snapshot;
  }

  async #reloadObject(inline: InlineProxy, config: Config): Promise<boolean> {
    const before = this.#config;
    this.#config = config;
    try {
      return await inline.reload(await this.#load());
    } catch (error) {
      this.#config = before;
      throw error;
    }
  }

  async #openEngine(): Promise<InjectEngine> {
    try {
      const snapshot = await this.#load();
      await importModules(snapshot);
      const engine = new InjectEngine(this.#log);
      engine.use(snapshot);
      return engine;
    } catch (error) {
      this.#engine = null;
      throw error;
    }
  }

  /** Injected requests follow a reload. */
  async #renewEngine(): Promise<void> {
    if (this.#engine === null) return;
    const snapshot = await this.#load();
    await importModules(snapshot);
    (await this.#engine).use(snapshot);
  }

  async #close({ drain }: CloseOptions): Promise<void> {
    const engine = this.#engine;
    if (engine !== null) await engine.then((open) => open.close()).catch(() => {});
    if (this.#inline !== null) {
      if (drain === false || drain === 0) await this.#inline.close();
      else await this.#inline.drain(drain);
    }
    if (this.#supervisor !== null) {
      this.#supervisor.drain('close()', drain === false ? 0 : drain);
      await this.#supervisor.ended;
    }
  }

  #running(): { running: InlineProxy | Supervisor; isOfFile: boolean } {
    const running = this.#inline ?? this.#supervisor;
    if (running !== null) return { running, isOfFile: this.#supervisor !== null };
    throw new ZProxyError('ZP_PROXY_NOT_STARTED', NOT_STARTED);
  }

  #refuseClosed(): void {
    if (this.#closed === null) return;
    throw new ZProxyError('ZP_PROXY_CLOSED', 'The proxy is closed; make another one.');
  }
}

async function compileObject(config: Config): Promise<ConfigResult> {
  const data = objectData(config);
  const { loadConfigObject } = await import('../config/load_config_file.ts');
  return loadConfigObject(data, process.cwd());
}

async function reloadFile(supervisor: Supervisor): Promise<boolean> {
  const outcome = await supervisor.reload('the program');
  if (outcome.kind !== 'refused') return outcome.kind === 'applied';
  if (outcome.errors.length > 0) throw new ConfigRefusedError(outcome.errors);
  throw new ZProxyError('ZP_RELOAD_REFUSED', `The reload was refused: ${outcome.reason}`);
}

/** What the schema is given of an object: one thread runs it, and nothing is printed unasked. */
function objectData(config: Config): Config {
  const { workers } = config;
  if (workers !== undefined && workers !== 1) {
    throw new ZProxyError(
      'ZP_CONFIG_NOT_SHAREABLE',
      `workers: ${JSON.stringify(workers)} is not possible for an object, which runs ` +
        'in this process; export it from a module and give createProxy the URL of that.',
    );
  }
  return { accessLog: false, ...config };
}

function filePath(file: URL | string): string {
  if (file instanceof URL) return fileURLToPath(file);
  return file.startsWith('file:') ? fileURLToPath(file) : resolve(file);
}

function makeLog(log: ProxyOptions['log']): FlushableLog {
  return {
    log: log ?? warn,
    flushed: () => Promise.resolve(true),
  };
}

function warn(level: LogLevel, message: string): void {
  if (level > LogLevel.WARN) return;
  process.emitWarning(message, { type: 'ZProxyWarning' });
}

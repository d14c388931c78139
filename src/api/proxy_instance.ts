// What is behind `createProxy`: the data plane in this process for a configuration object, a
// supervisor with workers for a file. The only code that knows both.

import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { formatMetrics } from '../admin/format_metrics.ts';
import { ZProxyError } from '../base/errors.ts';
import { LogLevel } from '../base/log_sink.ts';
import type { ConfigResult } from '../config/compile_config.ts';
import type { Config } from '../config/config.ts';
import { parseDuration } from '../config/duration.ts';
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
import { describeFailure } from '../server/worker_failure.ts';
import type { CloseOptions, ProxyOptions } from './create_proxy.ts';

/** The longest delay that a timer takes. */
const DRAIN_MS_MAX = 0x7fff_ffff;
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
  /** The start that runs, or went well. */
  #starting: Promise<void> | null = null;
  /** The supervisor, from its start on. */
  #opening: Supervisor | null = null;
  readonly #interruption = new AbortController();
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
    if (this.#starting !== null) {
      throw new ZProxyError('ZP_PROXY_STARTED', 'The proxy was started already.');
    }
    this.#starting = this.#start();
    try {
      await this.#starting;
    } catch (error) {
      this.#starting = null; // nothing is open: it may be tried again
      this.#refuseClosed(); // which is why
      throw startError(error);
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

  async close({ drain }: CloseOptions): Promise<void> {
    const drainMs = drainMilliseconds(drain);
    this.#closed ??= this.#close(drainMs);
    await this.#closed;
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
        ? await loadConfig(this.#file, { interruption: this.#interruption.signal })
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
    const engine = await this.#engine;
    if (this.#closed === null) engine.use(snapshot);
  }

  /** Both leave nothing open where they throw. */
  async #start(): Promise<void> {
    const snapshot = await this.#load();
    this.#refuseClosed();
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
    this.#opening = supervisor;
    await supervisor.start();
    this.#refuseClosed();
    this.#supervisor = supervisor;
  }

  async #close(drainMs: number | undefined): Promise<void> {
    this.#interruption.abort('close()');
    this.#opening?.drain('close()', drainMs);
    await this.#starting?.catch(() => {});
    const engine = this.#engine;
    if (engine !== null) await engine.then((open) => open.close()).catch(() => {});
    if (this.#inline !== null) {
      if (drainMs === 0) await this.#inline.close();
      else await this.#inline.drain(drainMs);
    }
    await this.#opening?.ended;
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

/** Undefined: what the configuration says. */
function drainMilliseconds(drain: CloseOptions['drain']): number | undefined {
  if (drain === undefined) return undefined;
  if (drain === false) return 0;
  const milliseconds = typeof drain === 'number' ? drain : parseDuration(drain);
  if (typeof milliseconds === 'number' && milliseconds >= 0) {
    return Math.min(milliseconds, DRAIN_MS_MAX);
  }
  throw new ZProxyError(
    'ZP_CLOSE_DRAIN',
    `close() cannot drain for ${JSON.stringify(drain)}; give milliseconds, "10s" or false.`,
  );
}

/** What a transport says is no ZProxyError yet. */
function startError(error: unknown): unknown {
  if (error instanceof ZProxyError) return error;
  const { code, message } = describeFailure(error);
  return code === 'ZP_TRANSPORT' ? new ZProxyError(code, message, { cause: error }) : error;
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

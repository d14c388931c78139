/// <reference lib="esnext.disposable" preserve="true" />
// `createProxy`: ZProxy inside a program. A light hull: what runs behind it is loaded when it is
// first needed, so that a config file which imports `zproxy` pays for none of it.
//
//   new --start()--> running --close()--> closed
//    \---inject(), at any time before close()---/

import { ZProxyError } from '../base/errors.ts';
import type { LogLevel } from '../base/log_sink.ts';
import type { Config } from '../config/config.ts';
import type { FakeUpstreams, InjectRequest, InjectResult } from '../server/inject/inject_types.ts';
import type { StatusReport } from '../server/status_report.ts';
import type { ProxyInstance } from './proxy_instance.ts';

/** What can be said beside the configuration. */
export interface ProxyOptions {
  /**
   * Takes what is logged beside the access log, whole sentences. Default: warnings and errors of
   * this process become warnings of Node (`process.emitWarning`), the rest is dropped.
   */
  readonly log?: ((level: LogLevel, message: string) => void) | undefined;
  /** Answers in place of upstreams for `inject`, by the name of the upstream. */
  readonly upstreams?: FakeUpstreams | undefined;
}

/** How `close` ends. */
export interface CloseOptions {
  /**
   * How long open exchanges may take to end: milliseconds or a duration (`'10s'`); 0 or `false`
   * resets them at once. Default: `timeouts.drain` of the configuration.
   */
  readonly drain?: number | string | false | undefined;
}

/** A proxy in this program. Its methods reject with a ZProxyError. */
export interface ProxyHandle extends AsyncDisposable {
  /**
   * Opens the listeners; resolves once connections are accepted. Rejects, and leaves nothing open,
   * where the configuration is wrong (a ConfigRefusedError whose `issues` has all of it) or an
   * address cannot be had. Once.
   */
  start(): Promise<void>;
  /**
   * Serves another configuration without losing a connection: the object that is given, or the
   * file that `createProxy` was given, as it is now. Rejects, and changes nothing, where that is
   * refused. Resolves to false where it is the one that serves already.
   */
  reload(config?: Config): Promise<boolean>;
  /**
   * Drains and gives everything back. May be called at any time, and again; a `start` that is under
   * way is given up and rejects with ZP_PROXY_CLOSED.
   */
  close(options?: CloseOptions): Promise<void>;
  /** Where it listens, ports that were picked filled in; empty before `start`. */
  readonly addresses: readonly string[];
  /** The metrics in Prometheus' text format. */
  metrics(): string;
  status(): StatusReport;
  /**
   * Runs a request through routes, middleware and rewrites, without a socket and without `start`.
   * An upstream that `upstreams` has no answer for is asked for real.
   */
  inject(
    request: InjectRequest | string,
    options?: { readonly upstreams?: FakeUpstreams | undefined },
  ): Promise<InjectResult>;
}

/**
 * Makes a proxy, which does nothing until it is asked to.
 *
 * A configuration **object** runs in the calling process, in its one thread, and has no access log
 * unless it says so; `workers` above 1 is ZP_CONFIG_NOT_SHAREABLE, because functions cannot cross
 * processes. The **URL** (or path) of a config module or file runs a pool of workers, as
 * `zproxy run` does, without its signals.
 */
export function createProxy(
  config: Config | URL | string,
  options: ProxyOptions = {},
): ProxyHandle {
  return new LazyProxy(config, options);
}

class LazyProxy implements ProxyHandle {
  readonly #config: Config | URL | string;
  readonly #options: ProxyOptions;
  #instance: Promise<ProxyInstance> | null = null;
  #loaded: ProxyInstance | null = null;

  constructor(config: Config | URL | string, options: ProxyOptions) {
    this.#config = config;
    this.#options = options;
  }

  get addresses(): readonly string[] {
    return this.#loaded?.addresses ?? [];
  }

  async start(): Promise<void> {
    await (await this.#load()).start();
  }

  async reload(config?: Config): Promise<boolean> {
    return await (await this.#load()).reload(config);
  }

  async close(options: CloseOptions = {}): Promise<void> {
    await (await this.#load()).close(options);
  }

  metrics(): string {
    return this.#started().metrics();
  }

  status(): StatusReport {
    return this.#started().status();
  }

  async inject(
    request: InjectRequest | string,
    options: { readonly upstreams?: FakeUpstreams | undefined } = {},
  ): Promise<InjectResult> {
    return await (await this.#load()).inject(request, options.upstreams ?? {});
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #started(): ProxyInstance {
    if (this.#loaded !== null) return this.#loaded;
    throw new ZProxyError(
      'ZP_PROXY_NOT_STARTED',
      'The proxy was not started; await start() first.',
    );
  }

  #load(): Promise<ProxyInstance> {
    this.#instance ??= import('./proxy_instance.ts').then((module) => {
      this.#loaded = new module.ProxyInstance(this.#config, this.#options);
      return this.#loaded;
    });
    return this.#instance;
  }
}

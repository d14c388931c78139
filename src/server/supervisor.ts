// The process that the user starts: owns the listening sockets, the shared segment, the names and
// the control socket; starts, watches and replaces workers, and changes the configuration. It never
// touches a client's byte, and it keeps the rights that it was started with (workers drop theirs).
//
//   STARTING --all workers ready--> RUNNING --TERM, INT, drain()--> DRAINING --last exit--> ENDED
//       \--a worker that cannot start, TERM, INT------------------------^

import { ZProxyError } from '../base/errors.ts';
import { DRAIN_END_AFTER_MS } from '../base/limits.ts';
import { LogLevel } from '../base/log_sink.ts';
import { formatSocketAddress } from '../base/socket_address.ts';
import type { Snapshot } from '../config/snapshot.ts';
import { raiseDescriptorLimit } from '../sys/process.ts';
import { prepareAccessLog } from './access_log_file.ts';
import type { AdoptedWorkers } from './adopted_worker.ts';
import { inheritedLine, reloadLine } from './change_lines.ts';
import { ChangeQueue, failed } from './change_queue.ts';
import { ConfigWatch } from './config_watch.ts';
import type { ControlActions, ReloadOutcome, UpgradeOutcome } from './control_actions.ts';
import type { EndpointSlots } from './endpoint_slots.ts';
import { type Inheritance, openRows, openSockets } from './inheritance.ts';
import type { ListeningSockets } from './listening_sockets.ts';
import type { FlushableLog } from './log.ts';
import type { OperatorPlan, OperatorSockets } from './operator_sockets.ts';
import { countWorkers, Reload } from './reload.ts';
import { Resolver } from './resolver.ts';
import { defaultControlPath } from './runtime_path.ts';
import type { SharedRows } from './shared_rows.ts';
import type { SignalInbox, SupervisorSignal } from './signals.ts';
import type { SocketPlan } from './socket_plan.ts';
import { buildStatusReport, type StatusReport } from './status_report.ts';
import { becomeNext } from './upgrade.ts';
import { type Command, runCommand, tryProgram } from './upgrade_trial.ts';
import { workerCredentials } from './worker_credentials.ts';
import { type FleetOwner, WorkerFleet } from './worker_fleet.ts';
import type { WorkerFailure } from './worker_protocol.ts';
import type { WorkerSlot } from './worker_slot.ts';

const LOG_FLUSH_MS = 1_000;

export interface SupervisorOptions {
  readonly configFile: string;
  /** ZProxy's own version, for the status. */
  readonly version: string;
  readonly log: FlushableLog;
  /** Signals caught since the process began; null: signals are somebody else's (embedding). */
  readonly signals: SignalInbox | null;
  /** Puts a report into Prometheus' text format. */
  readonly formatMetrics: (report: StatusReport) => string;
  /** Overrides the config's `control`. */
  readonly controlPath?: string;
  /** Another entry for workers, for tests. */
  readonly workerEntry?: string;
  /** Path of the launcher that an upgrade in place starts; '' where there can be none. */
  readonly launcher?: string;
}

export class Supervisor implements FleetOwner, ControlActions {
  readonly log: FlushableLog;
  /** Resolves when the last worker is gone and everything is closed. */
  readonly ended: Promise<void>;
  readonly #options: SupervisorOptions;
  readonly #inheritance: Inheritance | null;
  readonly #shared: SharedRows;
  readonly #sockets: ListeningSockets;
  readonly #endpointSlots: EndpointSlots;
  readonly #resolver: Resolver;
  readonly #fleet: WorkerFleet;
  readonly #startedMs: number = performance.now();
  readonly #interruption = new AbortController();
  readonly #changes = new ChangeQueue();
  #state: StatusReport['state'] = 'starting';
  #operatorSockets: OperatorSockets | null = null;
  #watch: ConfigWatch | null = null;
  #drainedMs = 0;
  #startError: Error | null = null;
  readonly #started = Promise.withResolvers<void>();
  #onEnded: () => void = () => {};

  constructor(
    options: SupervisorOptions,
    snapshot: Snapshot,
    inheritance: Inheritance | null = null,
  ) {
    this.#options = options;
    this.#inheritance = inheritance;
    this.log = options.log;
    const workersCount = countWorkers(snapshot);
    const credentials = workerCredentials(snapshot);
    raiseDescriptorLimit();
    prepareAccessLog(snapshot, credentials);
    const { shared, endpointSlots } = openRows(inheritance);
    this.#shared = shared;
    this.#endpointSlots = endpointSlots;
    this.#resolver = new Resolver({
      upstreams: snapshot.upstreams,
      log: this.log,
      onChange: (updates) => this.#fleet.broadcast({ type: 'addresses', updates }),
    });
    const slotPlan = endpointSlots.prepare(snapshot);
    let plan: SocketPlan;
    try {
      ({ sockets: this.#sockets, plan } = openSockets(snapshot, workersCount, inheritance));
    } catch (error) {
      this.#closeShared();
      throw error;
    }
    endpointSlots.commit(slotPlan);
    const deployment = {
      generation: 0,
      snapshot: slotPlan.snapshot,
      workersCount,
      credentials,
      sockets: plan,
    };
    const fleetOptions = {
      log: this.log,
      rows: this.#shared.rows,
      segmentDescriptor: this.#shared.descriptor,
      resolver: this.#resolver,
      workerEntry: options.workerEntry,
    };
    this.#fleet = new WorkerFleet(fleetOptions, deployment, this);
    this.ended = new Promise((resolve) => {
      this.#onEnded = resolve;
    });
  }

  /** What serves. */
  get snapshot(): Snapshot {
    return this.#fleet.deployment.snapshot;
  }

  /** Where it listens: ports that were picked are filled in. */
  get addresses(): readonly string[] {
    return this.#sockets.addresses.map(formatSocketAddress);
  }

  get controlPath(): string {
    return this.#controlPathOf(this.snapshot);
  }

  /**
   * Starts the workers and resolves once all are ready, or the drain that came first is over.
   * Rejects where that is not to be; what was inherited is left as it was then.
   */
  async start(): Promise<void> {
    if (this.#inheritance !== null) {
      await this.#startBeside(this.#inheritance);
      return;
    }
    this.#fleet.start(this.#resolver.start());
    this.#options.signals?.take((signal) => this.#onSignal(signal));
    try {
      const sockets = await this.#createOperatorSockets(); // while the workers start
      sockets.commit(sockets.prepare(this.snapshot), this.snapshot);
      this.#operatorSockets = sockets;
    } catch (error) {
      this.#failStart(error as Error);
    }
    await this.#started.promise;
    if (this.#startError !== null) {
      await this.ended;
      throw this.#startError;
    }
  }

  // --- ControlActions ----------------------------------------------------------------------------

  /**
   * Takes no new connections, lets open exchanges end within `drainMs`, then ends. A second call
   * ends it at once.
   */
  drain(cause: string = 'a command', drainMs: number = this.snapshot.drainMs): void {
    if (this.#state === 'draining') {
      this.#endDrain(cause);
      return;
    }
    this.log.log(LogLevel.INFO, `draining for at most ${drainMs / 1000} s, because of ${cause}`);
    this.#beginDrain(drainMs);
  }

  /** Opens the access log anew, in all workers. */
  reopenLogs(): void {
    try {
      prepareAccessLog(this.snapshot, this.#fleet.deployment.credentials);
      this.log.log(LogLevel.INFO, 'logs are reopened');
    } catch (error) {
      this.log.log(LogLevel.ERROR, (error as Error).message);
    }
    this.#fleet.broadcast({ type: 'reopen-logs' });
  }

  /**
   * Reads the configuration again and changes to it, or changes nothing. One at a time; of those
   * that are asked for meanwhile, all are one.
   */
  reload(cause: string): Promise<ReloadOutcome> {
    return this.#changes.reload(() => this.#reload(cause));
  }

  /**
   * Tries the version that `launcher` starts, '' for the one that this was started with. It becomes
   * that version, workers and sockets included, once the outcome's `begin` is called.
   */
  upgrade(launcher: string): Promise<UpgradeOutcome> {
    return this.#changes.run(() => this.#tryUpgrade(launcher || (this.#options.launcher ?? '')));
  }

  metrics(): string {
    return this.#options.formatMetrics(this.status());
  }

  status(): StatusReport {
    const frame = {
      version: this.#options.version,
      state: this.#state,
      uptimeSeconds: (performance.now() - this.#startedMs) / 1000,
      addresses: this.addresses,
      workers: this.#fleet.workerStatuses(),
      retiring: this.#fleet.retiringStatuses(),
      reloads: this.#changes.reloads,
      upgrades: this.#changes.upgrades,
    };
    return buildStatusReport(frame, this.snapshot, this.#shared.rows.all());
  }

  // --- FleetOwner --------------------------------------------------------------------------------

  onReady(slot: WorkerSlot): void {
    if (this.#state !== 'starting') {
      this.log.log(LogLevel.INFO, `worker ${slot.index} (pid ${slot.pid}) is ready`);
      return;
    }
    // Workers that start beside inherited ones have not taken over yet.
    if (!this.#fleet.areReady || this.#inheritance !== null) return;
    this.#state = 'running';
    this.#logListening();
    this.#watchFiles(performance.timeOrigin);
    this.#started.resolve();
  }

  onDeath(slot: WorkerSlot, text: string): void {
    if (this.#state !== 'starting') {
      if (text !== '') this.log.log(LogLevel.ERROR, text);
      return;
    }
    const message = `a worker could not start: ${text}`;
    this.#failStart(workerError(slot.failure ?? { code: 'ZP_WORKER_START', message }));
  }

  onEnded(): void {
    void this.#end();
  }

  // --- upgrades ----------------------------------------------------------------------------------

  /** Workers start beside those that were inherited, which serve until all of ours are ready. */
  async #startBeside({ state, workers }: Inheritance): Promise<void> {
    this.#options.signals?.take((signal) => this.#onSignal(signal));
    const operatorSockets = await this.#createOperatorSockets();
    let operatorPlan: OperatorPlan | null = null;
    try {
      operatorPlan = operatorSockets.prepare(this.snapshot);
      const failure = await this.#fleet.startBeside(workers, this.#resolver.start());
      if (this.#isDraining) return;
      if (failure !== null) throw workerError(failure);
      this.#sockets.listen(this.#fleet.deployment.sockets, this.snapshot.listeners);
    } catch (error) {
      if (operatorPlan !== null) operatorSockets.giveUp(operatorPlan);
      await this.#giveUp(workers);
      throw error;
    }
    this.#fleet.retireAdopted();
    this.#sockets.commit(this.#fleet.deployment.sockets);
    operatorSockets.commit(operatorPlan, this.snapshot);
    this.#operatorSockets = operatorSockets;
    this.#changes.inherit(state);
    this.#state = 'running';
    this.log.log(...inheritedLine(state, this.#options.version));
    this.#logListening();
    this.#watchFiles(performance.timeOrigin);
    this.#started.resolve();
  }

  /** Ends what was started here, and nothing that was inherited. */
  async #giveUp(workers: AdoptedWorkers): Promise<void> {
    workers.onGone = null;
    this.#options.signals?.release();
    this.#interruption.abort();
    this.#resolver.close();
    await this.#fleet.giveUp();
    this.#sockets.abandon(this.#fleet.deployment.sockets);
    this.#closeShared();
  }

  async #tryUpgrade(launcher: string): Promise<UpgradeOutcome> {
    await this.#started.promise;
    if (launcher === '') return this.#refuseUpgrade('this process was not started by "zproxy run"');
    const command = runCommand(launcher, this.#options.configFile);
    const result = await tryProgram(command);
    if (result.kind === 'failed') return this.#refuseUpgrade(`${launcher}: ${result.reason}`);
    if (this.#isDraining) return this.#refuseUpgrade('the proxy drains');
    const begin = (): void => {
      void this.#changes.run(() => this.#becomeNext(command, result.version));
    };
    return { kind: 'accepted', begin };
  }

  #refuseUpgrade(reason: string): UpgradeOutcome {
    this.#changes.upgrades = failed(this.#changes.upgrades, reason);
    this.log.log(LogLevel.ERROR, `upgrade refused: ${reason}`);
    return { kind: 'refused', reason };
  }

  async #becomeNext(command: Command, version: string): Promise<void> {
    if (this.#isDraining || this.#operatorSockets === null) return;
    this.log.log(LogLevel.INFO, `upgrading from ${this.#options.version} to ${version}`);
    const { launcher = '', signals } = this.#options;
    try {
      await becomeNext(
        {
          log: this.log,
          signals,
          program: { launcher, version: this.#options.version },
          snapshot: this.snapshot,
          fleet: this.#fleet,
          sockets: this.#sockets,
          shared: this.#shared,
          endpointSlots: this.#endpointSlots,
          operatorSockets: this.#operatorSockets,
          reloads: this.#changes.reloads,
          upgrades: this.#changes.upgrades,
        },
        command,
      );
    } catch (error) {
      this.#refuseUpgrade((error as Error).message);
    }
  }

  // --- inside ------------------------------------------------------------------------------------

  #onSignal(signal: SupervisorSignal): void {
    switch (signal) {
      case 'SIGTERM':
      case 'SIGINT':
        this.drain(signal);
        return;
      case 'SIGHUP':
        void this.reload(signal);
        return;
      case 'SIGUSR1':
        this.reopenLogs();
        return;
      case 'SIGUSR2':
        void this.upgrade('').then((outcome) => {
          if (outcome.kind === 'accepted') outcome.begin();
        });
        return;
    }
  }

  async #reload(cause: string): Promise<ReloadOutcome> {
    await this.#started.promise;
    if (this.#state !== 'running' || this.#operatorSockets === null) {
      return { kind: 'refused', reason: 'the proxy drains', errors: [] };
    }
    const reload = new Reload({
      log: this.log,
      configFile: this.#options.configFile,
      fleet: this.#fleet,
      sockets: this.#sockets,
      endpointSlots: this.#endpointSlots,
      operatorSockets: this.#operatorSockets,
      resolver: this.#resolver,
      interruption: this.#interruption.signal,
    });
    const readMs = Date.now();
    await this.#watch?.mark();
    const outcome = await reload.run();
    this.log.log(...reloadLine(cause, outcome));
    this.#watchFiles(readMs);
    return outcome;
  }

  /** Looks at the files that count now; nothing where the configuration does not want that. */
  #watchFiles(readMs: number): void {
    const { code, files, watch } = this.snapshot;
    if (!watch || this.#state !== 'running') {
      this.#watch?.close();
      this.#watch = null;
      return;
    }
    this.#watch ??= new ConfigWatch(() => void this.reload('a changed file'));
    this.#watch.watch([this.#options.configFile, ...files, ...code.files], readMs);
  }

  #logListening(): void {
    const { slots } = this.#fleet;
    const workers = `${slots.length} worker${slots.length === 1 ? '' : 's'}`;
    const addresses = this.addresses.join(', ');
    const text = `listening on ${addresses} (${workers}, transport ${slots[0]!.transport})`;
    this.log.log(LogLevel.INFO, text);
  }

  async #createOperatorSockets(): Promise<OperatorSockets> {
    const { OperatorSockets } = await import('./operator_sockets.ts');
    const state = this.#inheritance?.state ?? null;
    return new OperatorSockets(this, (snapshot) => this.#controlPathOf(snapshot), state);
  }

  /** What was inherited is only unmapped while it may yet be another's. */
  #closeShared(): void {
    if (this.#inheritance?.isSegmentOurs) this.#shared.detach();
    else this.#shared.close();
  }

  get #isDraining(): boolean {
    return this.#state === 'draining';
  }

  #controlPathOf(snapshot: Snapshot): string {
    const { configFile, controlPath } = this.#options;
    return controlPath ?? (snapshot.controlPath || defaultControlPath(configFile));
  }

  #beginDrain(deadlineMs: number): void {
    this.#state = 'draining';
    this.#drainedMs = performance.now();
    this.#interruption.abort();
    this.#watch?.close();
    this.#fleet.drain(deadlineMs);
    // Workers have their own copies and take what is queued; from then on clients are refused.
    this.#sockets.close();
    this.#started.resolve();
  }

  #endDrain(cause: string): void {
    if (performance.now() - this.#drainedMs < DRAIN_END_AFTER_MS) return;
    this.log.log(LogLevel.WARN, `the drain is ended, because of ${cause}`);
    this.#fleet.endNow();
  }

  /** Gives the start up: what runs is ended, and `start` rejects. */
  #failStart(error: Error): void {
    if (this.#startError !== null || this.#state !== 'starting') return;
    this.#startError = error;
    this.#beginDrain(0);
    this.#fleet.endNow();
  }

  async #end(): Promise<void> {
    this.#fleet.close();
    this.#resolver.close();
    this.#operatorSockets?.close();
    this.#sockets.close();
    this.#shared.close();
    // A start that failed says why, and never said that anything began.
    if (this.#startError === null) this.log.log(LogLevel.INFO, 'ended');
    await this.log.flushed(LOG_FLUSH_MS);
    this.#onEnded();
  }
}

function workerError({ code, location, message }: WorkerFailure): ZProxyError {
  return new ZProxyError(code, message, { location });
}

// What operators and their programs talk to: the control socket, and the listener for metrics where
// the configuration has one. Like the listening sockets they change in two steps: what is new is
// opened, then the old is closed, or the new is given up.

import type { Snapshot } from '../config/snapshot.ts';
import type { ControlActions } from './control_actions.ts';
import { linkControl, unlinkControl } from './control_alias.ts';
import { ControlSocket } from './control_socket.ts';
import type { HandOverState } from './hand_over.ts';
import { MetricsServer } from './metrics_server.ts';
import { defaultControlPath } from './runtime_path.ts';
import { locationOf } from './source_location.ts';

/** What is open once the change is committed. */
export interface OperatorPlan {
  readonly control: ControlSocket;
  readonly metrics: MetricsServer | null;
}

export class OperatorSockets {
  readonly #actions: ControlActions;
  readonly #controlPathOf: (snapshot: Snapshot) => string;
  /** Not yet taken over. */
  #adoptable: Pick<HandOverState, 'control' | 'metrics'> | null;
  #open: OperatorPlan | null = null;
  #snapshot: Snapshot | null = null;
  /** The listener for metrics is closed, to make way for the one of a plan. */
  #isInterrupted = false;
  /** Path that leads to the control socket, where that has another one; '' for none. */
  #alias = '';

  /** `handOver`: what an earlier program had open. */
  constructor(
    actions: ControlActions,
    controlPathOf: (snapshot: Snapshot) => string,
    handOver: HandOverState | null,
  ) {
    this.#actions = actions;
    this.#controlPathOf = controlPathOf;
    this.#adoptable = handOver;
  }

  get controlPath(): string {
    return this.#open?.control.path ?? '';
  }

  /** Opens what that snapshot has and the one before had not. Throws a ZProxyError. */
  prepare(snapshot: Snapshot): OperatorPlan {
    const open = this.#open;
    const path = this.#controlPathOf(snapshot);
    const isSame = open !== null && open.control.path === path;
    const control = isSame ? open.control : this.#openControl(path, snapshot);
    try {
      return { control, metrics: this.#prepareMetrics(snapshot) };
    } catch (error) {
      if (isSame) throw error;
      if (open !== null) this.#linkControl();
      if (control.saved.descriptor === this.#adoptable?.control?.descriptor) control.detach();
      else control.close();
      throw error;
    }
  }

  /** As plain data, for the program that follows this one. */
  save(): Pick<HandOverState, 'control' | 'metrics'> {
    const { control, metrics } = this.#open!;
    return {
      control: { path: control.path, ...control.saved },
      metrics: metrics === null ? null : { listen: metrics.listen, ...metrics.socket },
    };
  }

  commit(plan: OperatorPlan, snapshot: Snapshot): void {
    this.#closeAdoptable(plan);
    const before = this.#open;
    this.#open = plan;
    this.#snapshot = snapshot;
    const wasInterrupted = this.#isInterrupted;
    this.#isInterrupted = false;
    this.#linkControl();
    if (before === null) return;
    if (before.control !== plan.control) before.control.close();
    if (before.metrics !== plan.metrics && !wasInterrupted) before.metrics?.close();
  }

  abandon(plan: OperatorPlan): void {
    const kept = this.#open;
    if (plan.control !== kept?.control) {
      plan.control.close();
      if (kept !== null) this.#linkControl(); // it may have been in the way
    }
    if (plan.metrics === kept?.metrics) return;
    plan.metrics?.close();
    this.#reopenMetrics();
  }

  /** Gives up a first plan: what was taken over is left as it was. */
  giveUp(plan: OperatorPlan): void {
    const { control = null, metrics = null } = this.#adoptable ?? {};
    if (plan.control.saved.descriptor === control?.descriptor) plan.control.detach();
    else plan.control.close();
    if (plan.metrics?.socket.descriptor === metrics?.descriptor) plan.metrics?.detach();
    else plan.metrics?.close();
  }

  close(): void {
    if (this.#open !== null) unlinkControl(this.#alias, this.#open.control.path);
    this.#open?.control.close();
    this.#open?.metrics?.close();
    this.#open = null;
  }

  /** Commands look at the default path first: it leads to the socket, where that is elsewhere. */
  #linkControl(): void {
    const { file } = this.#snapshot!;
    const { path } = this.#open!.control;
    this.#alias = file === '' ? '' : defaultControlPath(file);
    if (this.#alias !== '' && this.#alias !== path) linkControl(this.#alias, path);
  }

  #openControl(path: string, snapshot: Snapshot): ControlSocket {
    const saved = this.#adoptable?.control ?? null;
    const location = locationOf(snapshot.sources.control);
    const adopted = saved?.path === path ? saved : null;
    return new ControlSocket(path, this.#actions, location, adopted);
  }

  /** What an earlier program had open, and this one has not. */
  #closeAdoptable(plan: OperatorPlan): void {
    const { control = null, metrics = null } = this.#adoptable ?? {};
    this.#adoptable = null;
    if (control !== null && control.descriptor !== plan.control.saved.descriptor) {
      new ControlSocket(control.path, this.#actions, undefined, control).close();
    }
    if (metrics !== null && metrics.descriptor !== plan.metrics?.socket.descriptor) {
      new MetricsServer(metrics.listen, this.#actions, null, metrics).close();
    }
  }

  #prepareMetrics(snapshot: Snapshot): MetricsServer | null {
    const kept = this.#open?.metrics ?? null;
    const listen = snapshot.metricsListen;
    if (listen === null) return null;
    if (kept !== null && JSON.stringify(kept.listen) === JSON.stringify(listen)) return kept;
    // The same port at another address of the machine: both cannot be open at once.
    const isInTheWay = kept !== null && listen.port !== 0 && kept.listen.port === listen.port;
    if (!isInTheWay) return this.#openMetrics(snapshot);
    kept.close();
    this.#isInterrupted = true;
    try {
      return this.#openMetrics(snapshot);
    } catch (error) {
      this.#reopenMetrics();
      throw error;
    }
  }

  /** Opens again what made way for one that is not to be. */
  #reopenMetrics(): void {
    if (!this.#isInterrupted) return;
    this.#isInterrupted = false;
    this.#open = { control: this.#open!.control, metrics: this.#openMetrics(this.#snapshot!) };
  }

  #openMetrics(snapshot: Snapshot): MetricsServer | null {
    const listen = snapshot.metricsListen;
    if (listen === null) return null;
    const saved = this.#adoptable?.metrics ?? null;
    const isSame = JSON.stringify(saved?.listen) === JSON.stringify(listen);
    const source = snapshot.sources.metrics;
    return new MetricsServer(listen, this.#actions, source, isSame ? saved : null);
  }
}

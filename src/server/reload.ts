// A reload, from the file to the workers, in two phases. First everything that can go wrong is
// done beside what serves: the file is read, slots and addresses are taken, each worker compiles
// the snapshot (or starts anew with it, where it cannot change in place). Only if all agree it is
// committed; otherwise all of it is given up, and nothing has changed anywhere.
//
//   load -> take what is new -> prepare in all workers -> commit
//     |           |                     |
//     +-----------+---------------------+--> refused: give up what was taken

import { setImmediate as turn } from 'node:timers/promises';
import { formatLocation, ZProxyError } from '../base/errors.ts';
import {
  COMMIT_TIMEOUT_MS,
  PREPARE_ROUTES_COUNT,
  PREPARE_TIMEOUT_MS,
  WORKERS_MAX,
} from '../base/limits.ts';
import { LogLevel, type LogSink } from '../base/log_sink.ts';
import { formatConfigIssue } from '../config/config_issue.ts';
import type { Snapshot } from '../config/snapshot.ts';
import { sendDescriptors } from '../sys/descriptor_channel.ts';
import { SysError } from '../sys/errno.ts';
import { workersAuto } from '../sys/topology.ts';
import { prepareAccessLog } from './access_log_file.ts';
import type { ReloadOutcome } from './control_actions.ts';
import type { Deployment } from './deployment.ts';
import type { EndpointSlots, SlotPlan } from './endpoint_slots.ts';
import type { ListeningSockets } from './listening_sockets.ts';
import { loadConfig } from './load_config.ts';
import type { OperatorPlan, OperatorSockets } from './operator_sockets.ts';
import type { Resolver } from './resolver.ts';
import type { RunningWorker } from './running_worker.ts';
import { describeChanges } from './snapshot_changes.ts';
import { socketOrder } from './socket_plan.ts';
import { workerCredentials } from './worker_credentials.ts';
import type { WorkerFleet } from './worker_fleet.ts';
import type { WorkerFailure } from './worker_protocol.ts';
import { SlotState, type WorkerSlot } from './worker_slot.ts';

/** What a reload changes. */
export interface ReloadParts {
  readonly log: LogSink;
  readonly configFile: string;
  readonly fleet: WorkerFleet;
  readonly sockets: ListeningSockets;
  readonly endpointSlots: EndpointSlots;
  readonly operatorSockets: OperatorSockets;
  readonly resolver: Resolver;
  /** Aborted by a drain: what has not been committed by then never is. */
  readonly interruption: AbortSignal;
}

/** What was taken for a snapshot that is not committed yet. */
interface Taken {
  readonly deployment: Deployment;
  readonly slotPlan: SlotPlan;
  readonly operatorPlan: OperatorPlan;
}

/** Why a reload is given up. */
class ReloadRefusal extends Error {}

export class Reload {
  readonly #parts: ReloadParts;
  readonly #generation: number;
  /** Workers that take the snapshot in place, and slots whose successor has it. */
  readonly #inPlace: WorkerSlot[] = [];
  readonly #anew: WorkerSlot[] = [];

  constructor(parts: ReloadParts) {
    this.#parts = parts;
    this.#generation = parts.fleet.deployment.generation + 1;
  }

  /** Never rejects. */
  async run(): Promise<ReloadOutcome> {
    const { configFile, fleet, interruption } = this.#parts;
    let snapshot: Snapshot;
    try {
      const result = await loadConfig(configFile, { isReload: true, interruption });
      if ('errors' in result) {
        const reason = result.errors.map(formatConfigIssue).join('; ');
        return { kind: 'refused', reason, errors: result.errors };
      }
      snapshot = result.snapshot;
    } catch (error) {
      return refused(error);
    }
    const before = fleet.deployment;
    if (snapshot.hash === before.snapshot.hash) {
      return { kind: 'unchanged', configHash: snapshot.hash };
    }
    try {
      await fleet.hold();
      const areWorkersReplaced = await this.#change(before, snapshot);
      const changes = describeChanges(before.snapshot, snapshot);
      return { kind: 'applied', configHash: snapshot.hash, changes, areWorkersReplaced };
    } catch (error) {
      return refused(error);
    } finally {
      fleet.release();
    }
  }

  /** Both phases; throws where the first one fails. */
  async #change(before: Deployment, snapshot: Snapshot): Promise<boolean> {
    const taken = this.#take(snapshot);
    const { deployment } = taken;
    const areWorkersReplaced = mustReplaceWorkers(before, deployment);
    try {
      await this.#parts.resolver.add(snapshot.upstreams);
      this.#assign(before, deployment, areWorkersReplaced);
      await this.#prepare(deployment);
      this.#parts.interruption.throwIfAborted();
      this.#parts.sockets.listen(deployment.sockets, snapshot.listeners);
    } catch (error) {
      this.#abandon(before, taken);
      throw error;
    }
    await this.#commit(taken);
    return areWorkersReplaced;
  }

  /** Opens and reserves what the snapshot needs; leaves nothing behind where it throws. */
  #take(snapshot: Snapshot): Taken {
    const { endpointSlots, operatorSockets, sockets } = this.#parts;
    const credentials = workerCredentials(snapshot);
    const slotPlan = endpointSlots.prepare(snapshot);
    const workersCount = countWorkers(snapshot);
    prepareAccessLog(snapshot, credentials);
    const socketPlan = sockets.prepare(snapshot.listeners, workersCount);
    try {
      const operatorPlan = operatorSockets.prepare(snapshot);
      const deployment = {
        generation: this.#generation,
        snapshot: slotPlan.snapshot,
        workersCount,
        credentials,
        sockets: socketPlan,
      };
      return { deployment, slotPlan, operatorPlan };
    } catch (error) {
      sockets.abandon(socketPlan);
      throw error;
    }
  }

  #assign(before: Deployment, deployment: Deployment, areWorkersReplaced: boolean): void {
    for (let index = 0; index < deployment.workersCount; index++) {
      const slot = this.#parts.fleet.slotAt(index);
      if (areWorkersReplaced || index >= before.workersCount) this.#anew.push(slot);
      else if (slot.state === SlotState.READY) this.#inPlace.push(slot);
      // A slot whose worker died waits: its next one starts with what is current then.
    }
  }

  // --- the first phase ---------------------------------------------------------------------------

  async #prepare(deployment: Deployment): Promise<void> {
    const inPlace = this.#inPlace.map((slot) => this.#prepareInPlace(slot, deployment));
    // One after the other: those that serve need the cores, too.
    const anew = (async () => {
      for (const slot of this.#anew) {
        this.#parts.interruption.throwIfAborted();
        const failure = await slot.startSuccessor(deployment);
        if (failure !== null) throw refusalOf(`the new worker ${slot.index}`, failure);
      }
    })();
    const results = await Promise.allSettled([...inPlace, anew]);
    for (const result of results) if (result.status === 'rejected') throw result.reason;
    const died = this.#anew.find((slot) => !slot.isSuccessorReady);
    if (died !== undefined) throw new ReloadRefusal(`the new worker ${died.index} died`);
    const lost = this.#inPlace.find((slot) => slot.state !== SlotState.READY);
    if (lost !== undefined)
      throw new ReloadRefusal(`worker ${lost.index} died (${lost.lastDeath})`);
  }

  async #prepareInPlace(slot: WorkerSlot, deployment: Deployment): Promise<void> {
    const worker = slot.worker!;
    const answer = worker.answer(this.#generation, PREPARE_TIMEOUT_MS);
    let isAnswered = false;
    const sent = this.#sendSnapshot(worker, deployment, () => isAnswered);
    // It may refuse, or die, before all is sent.
    const said = await Promise.race([answer, sent.then(() => answer)]);
    isAnswered = true;
    if (said.kind === 'refused') throw refusalOf(`worker ${slot.index}`, said.failure);
    if (said.hash !== deployment.snapshot.hash) {
      throw new ReloadRefusal(`worker ${slot.index} has compiled another snapshot (${said.hash})`);
    }
  }

  /** In pieces, so that neither side is away from its sockets for long. */
  async #sendSnapshot(
    worker: RunningWorker,
    deployment: Deployment,
    isOver: () => boolean,
  ): Promise<void> {
    const generation = this.#generation;
    const { routes, ...snapshot } = deployment.snapshot;
    const order = socketOrder(deployment.sockets, worker.slotIndex, worker.socketIds);
    sendDescriptors(worker.channel, generation, order.descriptors);
    await worker.send({
      type: 'prepare',
      generation,
      snapshot,
      routesCount: routes.length,
      listeners: order.listeners,
      addresses: this.#parts.resolver.current(),
    });
    for (let at = 0; at < routes.length && !isOver(); at += PREPARE_ROUTES_COUNT) {
      await turn();
      const piece = routes.slice(at, at + PREPARE_ROUTES_COUNT);
      await worker.send({ type: 'prepare-routes', generation, routes: piece });
    }
  }

  #abandon(before: Deployment, taken: Taken): void {
    const { operatorSockets, resolver, sockets } = this.#parts;
    for (const { worker } of this.#inPlace) {
      void worker?.send({ type: 'abandon', generation: this.#generation });
    }
    for (const slot of this.#anew) void slot.dropSuccessor();
    resolver.keep(before.snapshot.upstreams);
    sockets.abandon(taken.deployment.sockets);
    operatorSockets.abandon(taken.operatorPlan);
  }

  // --- the second phase --------------------------------------------------------------------------

  async #commit({ deployment, slotPlan, operatorPlan }: Taken): Promise<void> {
    const { endpointSlots, fleet, operatorSockets, resolver, sockets } = this.#parts;
    const { snapshot } = deployment;
    fleet.deploy(deployment);
    endpointSlots.commit(slotPlan);
    for (const slot of this.#anew) slot.promote(snapshot.retireMs);
    const committed = this.#inPlace.map((slot) => this.#commitInPlace(slot, deployment));
    for (const slot of fleet.allSlots.slice(deployment.workersCount)) {
      slot.retire(snapshot.retireMs);
    }
    // Workers have their own copies of what is removed, and close them when the queues are empty:
    // ours must not keep a socket open that nobody accepts from.
    sockets.commit(deployment.sockets);
    operatorSockets.commit(operatorPlan, snapshot);
    await Promise.all(committed);
    resolver.keep(snapshot.upstreams);
  }

  async #commitInPlace(slot: WorkerSlot, deployment: Deployment): Promise<void> {
    const { worker } = slot;
    if (worker === null) return;
    const committed = worker.committed(this.#generation, COMMIT_TIMEOUT_MS);
    void worker.send({ type: 'commit', generation: this.#generation });
    if (await committed) {
      const order = socketOrder(deployment.sockets, slot.index, worker.socketIds);
      worker.socketIds = new Set(order.listeners.map(({ socketId }) => socketId));
      return;
    }
    const text = `worker ${slot.index} did not take the new configuration and is replaced`;
    this.#parts.log.log(LogLevel.ERROR, text);
    worker.kill('it did not take a new configuration');
  }
}

/** Worker processes of a snapshot on this machine. */
export function countWorkers(snapshot: Snapshot): number {
  return Math.min(snapshot.workers || workersAuto(), WORKERS_MAX);
}

/** What cannot change in a running process: its code, its rights, its transport. */
function mustReplaceWorkers(before: Deployment, after: Deployment): boolean {
  return (
    before.snapshot.code.hash !== after.snapshot.code.hash ||
    before.snapshot.transport !== after.snapshot.transport ||
    JSON.stringify(before.credentials) !== JSON.stringify(after.credentials)
  );
}

function refusalOf(who: string, failure: WorkerFailure): ReloadRefusal {
  const { code, location, message } = failure;
  const where = location === undefined ? '' : `${formatLocation(location)}: `;
  return new ReloadRefusal(`${where}${code}: ${message} (said by ${who})`);
}

function refused(error: unknown): ReloadOutcome {
  return { kind: 'refused', reason: reasonOf(error), errors: [] };
}

function reasonOf(error: unknown): string {
  if (error instanceof ReloadRefusal || error instanceof SysError) return error.message;
  if (error instanceof ZProxyError) {
    const where = error.location === undefined ? '' : `${formatLocation(error.location)}: `;
    return `${where}${error.code}: ${error.message}`;
  }
  if (error instanceof Error && error.name === 'AbortError') return 'the proxy drains';
  // A bug of ours: what serves goes on all the same.
  return `an error in ZProxy itself: ${error instanceof Error ? error.stack : String(error)}`;
}

// A snapshot on its way into a running worker, as the supervisor sends it: gathered from pieces,
// compiled while requests are served, and then committed or abandoned. Whatever goes wrong before
// that is an answer to the supervisor and changes nothing.
//
//   GATHERING --all routes--> COMPILING --'prepared'--> PREPARED --commit--> COMMITTED
//       \                        \--'refused'--> OVER       |
//        +--abandon, a newer one, a drain--------> OVER <---+

import { assert } from '../base/assert.ts';
import { type SourceLocation, ZProxyError } from '../base/errors.ts';
import type { Snapshot } from '../config/snapshot.ts';
import type { RouteOptions } from '../proxy/options.ts';
import { receiveDescriptors } from '../sys/descriptor_channel.ts';
import { closeDescriptor } from '../sys/sockets.ts';
import type { AccessLogWriter } from './access_log_writer.ts';
import type { DataPlane, PreparedPlane } from './data_plane.ts';
import { importModules } from './middleware_modules.ts';
import { locationOf } from './source_location.ts';
import { describeFailure } from './worker_failure.ts';
import type { FromWorker, PrepareMessage, WorkerListener } from './worker_protocol.ts';

const State = { GATHERING: 0, COMPILING: 1, PREPARED: 2, COMMITTED: 3, OVER: 4 } as const;
type State = (typeof State)[keyof typeof State];

/** The worker that it is for. */
export interface ChangeContext {
  readonly plane: DataPlane;
  readonly accessLog: AccessLogWriter;
  /** Its end of the descriptor channel. */
  readonly channel: number;
  /** Descriptors of the sockets that it serves, by id. */
  readonly sockets: ReadonlyMap<number, number>;
  send(message: FromWorker): void;
}

/** What a commit has made of the worker. */
export interface CommittedChange {
  readonly snapshot: Snapshot;
  /** Descriptors of the sockets that it serves now, by id. */
  readonly sockets: ReadonlyMap<number, number>;
  /** Resolves once the sockets that it serves no more are not accepted from any more. */
  readonly stopped: Promise<void>;
}

export class SnapshotChange {
  readonly generation: number;
  readonly #message: PrepareMessage;
  readonly #context: ChangeContext;
  readonly #routes: RouteOptions[] = [];
  #state: State = State.GATHERING;
  /** Sockets that came with it; ours to close until the commit. */
  #received: readonly number[] = [];
  #prepared: PreparedPlane | null = null;
  /** What the access log has opened for it. */
  #opened = -1;

  constructor(message: PrepareMessage, context: ChangeContext) {
    this.generation = message.generation;
    this.#message = message;
    this.#context = context;
    try {
      this.#received = receiveOf(context.channel, message);
    } catch (error) {
      this.#refuse(error);
      return;
    }
    // Known from now on, so that what the resolver tells later is not undone.
    context.plane.setAddresses(message.addresses);
    this.addRoutes([]);
  }

  /** The next routes of the snapshot. */
  addRoutes(routes: readonly RouteOptions[]): void {
    if (this.#state !== State.GATHERING) return;
    for (const route of routes) this.#routes.push(route);
    if (this.#routes.length < this.#message.routesCount) return;
    this.#state = State.COMPILING;
    void this.#compile();
  }

  /** Puts the snapshot in place; null where it is not prepared. */
  commit(): CommittedChange | null {
    if (this.#state !== State.PREPARED) return null;
    const { accessLog, plane } = this.#context;
    const prepared = this.#prepared!;
    const listeners = this.#listeners();
    this.#state = State.COMMITTED;
    const stopped = plane.commit(prepared, listeners);
    accessLog.moveTo(prepared.snapshot.accessLogPath, this.#opened);
    const sockets = new Map(listeners.map(({ socketId, descriptor }) => [socketId, descriptor]));
    return { snapshot: prepared.snapshot, sockets, stopped };
  }

  /** Drops it, unless it was committed. */
  abandon(): void {
    if (this.#state === State.COMMITTED || this.#state === State.OVER) return;
    this.#state = State.OVER;
    this.#routes.length = 0;
    if (this.#prepared !== null) this.#context.plane.abandon(this.#prepared);
    this.#prepared = null;
    this.#context.accessLog.abandon(this.#opened);
    for (const descriptor of this.#received) closeDescriptor(descriptor);
  }

  async #compile(): Promise<void> {
    const { accessLog, plane, send } = this.#context;
    const { generation } = this;
    // Not a copy: thousands of routes would cost a slice of their own.
    const snapshot: Snapshot = { ...this.#message.snapshot, routes: this.#routes };
    try {
      await importModules(snapshot);
      const prepared = await plane.prepare(snapshot, () => this.#state === State.COMPILING);
      if (prepared === null) return; // abandoned
      this.#prepared = prepared;
      this.#opened = openLog(accessLog, snapshot);
    } catch (error) {
      this.#refuse(error);
      return;
    }
    this.#state = State.PREPARED;
    send({ type: 'prepared', generation, hash: snapshot.hash });
  }

  #refuse(error: unknown): void {
    if (this.#state === State.OVER) return;
    this.abandon();
    const { generation } = this;
    this.#context.send({ type: 'refused', generation, failure: describeFailure(error) });
  }

  /** What the snapshot's sockets are called here. */
  #listeners(): WorkerListener[] {
    const received = this.#received.values();
    return this.#message.listeners.map(({ listenerIndex, socketId, isNew }) => {
      const descriptor = isNew ? received.next().value : this.#context.sockets.get(socketId);
      assert(descriptor !== undefined, 'each socket of a snapshot is served or was sent');
      return { descriptor, listenerIndex, socketId };
    });
  }
}

/** Takes the sockets of a change off the channel; those of earlier ones, given up, are closed. */
function receiveOf(channel: number, { generation, listeners }: PrepareMessage): number[] {
  const descriptors: number[] = [];
  for (;;) {
    const received = receiveDescriptors(channel);
    if (received === null) break;
    if (received.generation === generation) descriptors.push(...received.descriptors);
    else for (const descriptor of received.descriptors) closeDescriptor(descriptor);
  }
  const wanted = listeners.filter(({ isNew }) => isNew).length;
  if (descriptors.length === wanted) return descriptors;
  for (const descriptor of descriptors) closeDescriptor(descriptor);
  const text =
    `${descriptors.length} of ${wanted} listening sockets have arrived for the new configuration ` +
    '(the limit of open files may be too low); raise it and reload again';
  throw new ZProxyError('ZP_SOCKETS_MISSING', text);
}

function openLog(accessLog: AccessLogWriter, snapshot: Snapshot): number {
  try {
    return accessLog.open(snapshot.accessLogPath);
  } catch (error) {
    const location: SourceLocation | undefined = locationOf(snapshot.sources.accessLog);
    const text = `accessLog.to: ${(error as Error).message}`;
    throw new ZProxyError('ZP_ACCESS_LOG', text, { cause: error, location });
  }
}

// Which worker slot serves which listening socket. Socket number j of a listener belongs to slot
// j modulo the number of slots, so that every socket has a server, and a slot has several where
// there were more slots once: a socket that may have connections in its queue is never closed.
//
//   listener 0 (TCP, 3 sockets, 2 slots):  slot 0: sockets 0 and 2    slot 1: socket 1
//   listener 1 (unix, 1 socket):           shared by all slots

import type { SocketAddress } from '../base/socket_address.ts';
import type { ListenAddress } from '../config/snapshot.ts';
import type { FileIdentity } from './socket_file.ts';
import type { PreparedListener, WorkerListener } from './worker_protocol.ts';

export interface PlannedSocket {
  /** Never used for another socket. */
  readonly id: number;
  readonly descriptor: number;
}

export interface PlannedListener {
  /** As the configuration has it. */
  readonly listen: ListenAddress;
  /** With the port that was picked. */
  readonly address: SocketAddress;
  /** One per slot at least, or a single shared one. */
  readonly sockets: readonly PlannedSocket[];
  /** The socket file as it was made: only that one is removed at the end. */
  readonly file: FileIdentity | null;
}

export interface SocketPlan {
  /** In the order of the snapshot's listeners. */
  readonly listeners: readonly PlannedListener[];
  readonly slotsCount: number;
}

/** Sockets for a running worker: what to tell it, and what to hand to it. */
export interface SocketOrder {
  readonly listeners: readonly PreparedListener[];
  /** Of the new ones, in the order of the list. */
  readonly descriptors: readonly number[];
}

/** What a worker in that slot serves. */
export function listenersOf(plan: SocketPlan, slot: number): WorkerListener[] {
  return plan.listeners.flatMap(({ sockets }, listenerIndex) =>
    sockets
      .filter((_, index) => sockets.length === 1 || index % plan.slotsCount === slot)
      .map(({ id, descriptor }) => ({ descriptor, listenerIndex, socketId: id })),
  );
}

/** What a worker in that slot shall serve that serves the sockets `served` now. */
export function socketOrder(
  plan: SocketPlan,
  slot: number,
  served: ReadonlySet<number>,
): SocketOrder {
  const wanted = listenersOf(plan, slot);
  return {
    listeners: wanted.map(({ listenerIndex, socketId }) => ({
      listenerIndex,
      socketId,
      isNew: !served.has(socketId),
    })),
    descriptors: wanted
      .filter(({ socketId }) => !served.has(socketId))
      .map(({ descriptor }) => descriptor),
  };
}

/** Ids of the sockets that a worker in that slot serves. */
export function socketIdsOf(plan: SocketPlan, slot: number): number[] {
  return listenersOf(plan, slot).map(({ socketId }) => socketId);
}

// What the parts of the uring transport share: the ring, the receive buffers, and the two lists of
// connections that have something to do in the next round. An operation's user_data is
//
//   low 32 bits:  slot index << 4 | OperationKind        high 32 bits:  generation of the slot

import { type BufferPool, SizeClass } from '../base/buffer_pool.ts';
import {
  RECEIVE_BUFFERS_COUNT,
  RECEIVE_LARGE_BUFFERS_COUNT,
  RECEIVE_MEDIUM_BUFFERS_COUNT,
  RING_COMPLETIONS,
  RING_ENTRIES,
} from '../base/limits.ts';
import { IoUring, type RingRestrictions } from '../sys/io_uring.ts';
import { CancelFlag, Op, Register, SqeFlag } from '../sys/io_uring_abi.ts';
import { addressOf } from '../sys/memory.ts';
import { ReceiveRing } from './receive_ring.ts';
import type { TransportCounters } from './transport.ts';
import type { UringConnection } from './uring_connection.ts';

/** What a completion is of. The receives are `RECEIVE_SMALL` + size class of their buffer group. */
export const OperationKind = {
  RECEIVE_SMALL: 1,
  RECEIVE_MEDIUM: 2,
  RECEIVE_LARGE: 3,
  SEND: 4,
  CONNECT: 5,
  CLOSE: 6,
  CANCEL_RECEIVE: 7,
  CANCEL_DESCRIPTOR: 8,
  ACCEPT: 9,
  CANCEL_ACCEPT: 10,
} as const;
export type OperationKind = (typeof OperationKind)[keyof typeof OperationKind];
export const KIND_BITS = 4;
export const KIND_MASK = 15;

/**
 * Buffers of each class that the kernel holds; a class's group has its number. Few large ones,
 * because all bytes of a provided ring are cycled through: bodies stay in cache.
 */
const RING_BUFFERS: readonly number[] = [
  RECEIVE_BUFFERS_COUNT,
  RECEIVE_MEDIUM_BUFFERS_COUNT,
  RECEIVE_LARGE_BUFFERS_COUNT,
];
const SIZE_CLASSES: readonly SizeClass[] = [SizeClass.SMALL, SizeClass.MEDIUM, SizeClass.LARGE];

const TWO_TO_32 = 4_294_967_296;

const RESTRICTIONS: RingRestrictions = {
  operations: [Op.ACCEPT, Op.ASYNC_CANCEL, Op.CONNECT, Op.CLOSE, Op.SEND, Op.RECV],
  entryFlags: SqeFlag.BUFFER_SELECT,
  registerOperations: [Register.RING_FDS, Register.UNREGISTER_PBUF_RING],
};

/** Told by connections and listeners of what the transport must act on. */
export interface UringOwner {
  onConnectionFree(connection: UringConnection): void;
  /** Work was queued from outside a turn: the loop must wake. */
  onWork(): void;
}

export class UringCore {
  readonly ring: IoUring;
  readonly pool: BufferPool;
  readonly #arenaLow: number;
  readonly #arenaHigh: number;
  /** By size class. */
  readonly rings: readonly ReceiveRing[];
  /** Small buffers that large bodies leave for heads, which can go nowhere else. */
  readonly #smallReserve: number;
  readonly counters: TransportCounters = {
    accepted: 0,
    connected: 0,
    connectFailures: 0,
    acceptStarvations: 0,
    receiveStarvations: 0,
    rounds: 0,
    completions: 0,
  };
  readonly #owner: UringOwner;
  #ready: UringConnection[] = [];
  #readySpare: UringConnection[] = [];
  /** By the size class that was wanted. */
  readonly #starved: readonly UringConnection[][] = SIZE_CLASSES.map(() => []);
  #isRefillWanted = false;

  /**
   * `eventfd` is signalled by completions while the loop sleeps. Throws where io_uring is refused.
   */
  constructor(pool: BufferPool, eventfd: number, owner: UringOwner) {
    this.pool = pool;
    this.#owner = owner;
    this.#smallReserve = pool.freeCount(SizeClass.SMALL) >> 2;
    const arenaAddress = Number(addressOf(pool.arena.bytes.buffer));
    this.#arenaLow = arenaAddress % TWO_TO_32;
    this.#arenaHigh = Math.floor(arenaAddress / TWO_TO_32);
    this.ring = new IoUring({ entries: RING_ENTRIES, completions: RING_COMPLETIONS });
    this.rings = SIZE_CLASSES.map((sizeClass) => {
      const entries = Math.min(
        RING_BUFFERS[sizeClass]!,
        powerOfTwoAtMost(pool.freeCount(sizeClass) / 2),
      );
      return new ReceiveRing(this.ring, pool, {
        group: sizeClass,
        sizeClass,
        entries,
        arenaAddress,
      });
    });
    this.ring.registerEventfd(eventfd);
    this.ring.enable(RESTRICTIONS);
    pool.setWaiter({
      onBufferAvailable: () => {
        this.#isRefillWanted = true;
        this.#owner.onWork();
      },
    });
  }

  /** Queues an operation of slot `index`; outside a turn also wakes the loop. */
  queue(
    head: number,
    descriptor: number,
    addressLow: number,
    addressHigh: number,
    byteCount: number,
    flags: number,
    index: number,
    kind: OperationKind,
    generation: number,
    group: number,
  ): void {
    const low = (index << KIND_BITS) | kind;
    this.ring.queue(
      head,
      descriptor,
      0,
      0,
      addressLow,
      addressHigh,
      byteCount,
      flags,
      low,
      generation,
      group,
    );
    this.#owner.onWork();
  }

  /** Sends bytes of the arena. Addresses pass as halves: a double argument would be garbage. */
  queueSend(connection: UringConnection, start: number, byteCount: number, flags: number): void {
    const low = this.#arenaLow + start;
    const carry = low >= TWO_TO_32 ? 1 : 0;
    this.queue(
      Op.SEND,
      connection.descriptor,
      low | 0,
      this.#arenaHigh + carry,
      byteCount,
      flags,
      connection.index,
      OperationKind.SEND,
      connection.generation,
      0,
    );
  }

  /** Cancels everything that is under way on a descriptor. */
  queueCancelDescriptor(connection: UringConnection): void {
    this.queue(
      Op.ASYNC_CANCEL,
      connection.descriptor,
      0,
      0,
      0,
      CancelFlag.ALL | CancelFlag.FD,
      connection.index,
      OperationKind.CANCEL_DESCRIPTOR,
      connection.generation,
      0,
    );
  }

  /** Cancels the receive of a connection that was armed with `kind`, found by its user_data. */
  queueCancelReceive(connection: UringConnection, kind: OperationKind): void {
    const low = (connection.index << KIND_BITS) | kind;
    this.queue(
      Op.ASYNC_CANCEL,
      -1,
      low,
      connection.generation,
      0,
      0,
      connection.index,
      OperationKind.CANCEL_RECEIVE,
      connection.generation,
      0,
    );
  }

  queueConnect(connection: UringConnection, address: number, addressBytes: number): void {
    const low = (connection.index << KIND_BITS) | OperationKind.CONNECT;
    this.ring.queue(
      Op.CONNECT,
      connection.descriptor,
      addressBytes,
      0,
      address | 0,
      (address / TWO_TO_32) | 0,
      0,
      0,
      low,
      connection.generation,
      0,
    );
    this.#owner.onWork();
  }

  /**
   * The buffer group for a receive; where a class has run out, a smaller one serves. Clients that
   * read slowly can hold every large buffer: then no more of their bodies is received, rather than
   * no heads.
   */
  groupFor(sizeClass: SizeClass): SizeClass {
    let group: number = sizeClass;
    while (group > SizeClass.SMALL && this.rings[group]!.availableCount === 0) group--;
    if (group === SizeClass.SMALL && sizeClass === SizeClass.LARGE) {
      if (this.pool.freeCount(SizeClass.SMALL) < this.#smallReserve) return SizeClass.MEDIUM;
    }
    return group as SizeClass;
  }

  enqueueReady(connection: UringConnection): void {
    if (connection.isQueued) return;
    connection.isQueued = true;
    this.#ready.push(connection);
    this.#owner.onWork();
  }

  enqueueStarved(connection: UringConnection, sizeClass: SizeClass): void {
    this.counters.receiveStarvations++;
    if (connection.isStarved) return;
    connection.isStarved = true;
    this.#starved[sizeClass]!.push(connection);
  }

  onConnectionFree(connection: UringConnection): void {
    this.#owner.onConnectionFree(connection);
  }

  get hasReady(): boolean {
    if (this.#ready.length > 0 || this.#isRefillWanted) return true;
    // A burst used up the ring while the pool had buffers: the ring is full again, nobody tells of
    // it.
    for (const sizeClass of SIZE_CLASSES) if (this.#armableCount(sizeClass) > 0) return true;
    return false;
  }

  /** Refills the rings, arms what was starved, delivers what is held. Once per round. */
  runReady(): void {
    if (this.#isRefillWanted) {
      this.#isRefillWanted = false;
      for (const ring of this.rings) ring.refill();
    }
    for (const sizeClass of SIZE_CLASSES) {
      const count = this.#armableCount(sizeClass);
      if (count > 0) this.#rearmStarved(sizeClass, count);
    }
    if (this.#ready.length === 0) return;
    const ready = this.#ready;
    this.#ready = this.#readySpare;
    this.#readySpare = ready;
    for (let i = 0; i < ready.length; i++) {
      const connection = ready[i]!;
      connection.isQueued = false;
      connection.deliver();
    }
    ready.length = 0;
  }

  close(): void {
    this.pool.setWaiter(null);
    this.ring.close();
    for (const ring of this.rings) ring.close();
  }

  /** Starved connections for which there are buffers now: arming more would only starve them. */
  #armableCount(sizeClass: SizeClass): number {
    const starvedCount = this.#starved[sizeClass]!.length;
    if (starvedCount === 0) return 0;
    return Math.min(starvedCount, this.rings[this.groupFor(sizeClass)]!.availableCount);
  }

  #rearmStarved(sizeClass: SizeClass, count: number): void {
    const connections = this.#starved[sizeClass]!.splice(0, count);
    for (let i = 0; i < connections.length; i++) {
      const connection = connections[i]!;
      connection.isStarved = false;
      connection.rearmStarved();
    }
  }
}

function powerOfTwoAtMost(value: number): number {
  return 1 << Math.floor(Math.log2(Math.max(1, value)));
}

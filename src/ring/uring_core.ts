// What the parts of the uring transport share: the ring, the receive buffers, and the two lists of
// connections that have something to do in the next round. An operation's user_data is
//
//   low 32 bits:  slot index << 4 | OperationKind        high 32 bits:  generation of the slot

import { type BufferPool, SizeClass } from '../base/buffer_pool.ts';
import { RECEIVE_BUFFERS_COUNT, RING_COMPLETIONS, RING_ENTRIES } from '../base/limits.ts';
import { IoUring, type RingRestrictions } from '../sys/io_uring.ts';
import { CancelFlag, Op, Register, SqeFlag } from '../sys/io_uring_abi.ts';
import { addressOf } from '../sys/memory.ts';
import { ReceiveRing } from './receive_ring.ts';
import type { TransportCounters } from './transport.ts';
import type { UringConnection } from './uring_connection.ts';

/** What a completion is of. */
export const OperationKind = {
  RECEIVE_SMALL: 1,
  RECEIVE_LARGE: 2,
  SEND: 3,
  CONNECT: 4,
  CLOSE: 5,
  SHUTDOWN: 6,
  CANCEL_RECEIVE: 7,
  CANCEL_DESCRIPTOR: 8,
  ACCEPT: 9,
  CANCEL_ACCEPT: 10,
} as const;
export type OperationKind = (typeof OperationKind)[keyof typeof OperationKind];
export const KIND_BITS = 4;
export const KIND_MASK = 15;

const GROUP_SMALL = 0;
const GROUP_LARGE = 1;
/** Few, because all bytes of a provided ring are cycled through: bodies stay in cache. */
const LARGE_BUFFERS_COUNT = 8;

const RESTRICTIONS: RingRestrictions = {
  operations: [Op.ACCEPT, Op.ASYNC_CANCEL, Op.CONNECT, Op.CLOSE, Op.SEND, Op.RECV, Op.SHUTDOWN],
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
  readonly arenaAddress: number;
  readonly small: ReceiveRing;
  readonly large: ReceiveRing;
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
  readonly #starved: UringConnection[] = [];
  #isRefillWanted = false;

  /**
   * `eventfd` is signalled by completions while the loop sleeps. Throws where io_uring is refused.
   */
  constructor(pool: BufferPool, eventfd: number, owner: UringOwner) {
    this.pool = pool;
    this.#owner = owner;
    this.arenaAddress = Number(addressOf(pool.arena.bytes.buffer));
    this.ring = new IoUring({ entries: RING_ENTRIES, completions: RING_COMPLETIONS });
    const { arenaAddress } = this;
    this.small = new ReceiveRing(this.ring, pool, {
      group: GROUP_SMALL,
      sizeClass: SizeClass.SMALL,
      entries: Math.min(
        RECEIVE_BUFFERS_COUNT,
        powerOfTwoAtMost(pool.freeCount(SizeClass.SMALL) / 2),
      ),
      arenaAddress,
    });
    this.large = new ReceiveRing(this.ring, pool, {
      group: GROUP_LARGE,
      sizeClass: SizeClass.LARGE,
      entries: Math.min(LARGE_BUFFERS_COUNT, powerOfTwoAtMost(pool.freeCount(SizeClass.LARGE) / 2)),
      arenaAddress,
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
    address: number,
    byteCount: number,
    flags: number,
    index: number,
    kind: OperationKind,
    generation: number,
    group: number,
  ): void {
    const low = (index << KIND_BITS) | kind;
    this.ring.queue(head, descriptor, 0, 0, address, byteCount, flags, low, generation, group);
    this.#owner.onWork();
  }

  /** Cancels everything that is under way on a descriptor. */
  queueCancelDescriptor(connection: UringConnection): void {
    this.queue(
      Op.ASYNC_CANCEL,
      connection.descriptor,
      0,
      0,
      CancelFlag.ALL | CancelFlag.FD,
      connection.index,
      OperationKind.CANCEL_DESCRIPTOR,
      connection.generation,
      0,
    );
  }

  /** Cancels the multishot receive of a connection, found by its user_data. */
  queueCancelReceive(connection: UringConnection): void {
    const low = (connection.index << KIND_BITS) | OperationKind.RECEIVE_SMALL;
    this.queue(
      Op.ASYNC_CANCEL,
      -1,
      connection.generation * 4_294_967_296 + low,
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
      address,
      0,
      0,
      low,
      connection.generation,
      0,
    );
    this.#owner.onWork();
  }

  /** The buffer group for a single receive; where large buffers run out, small ones serve. */
  groupFor(sizeClass: SizeClass): number {
    if (sizeClass === SizeClass.SMALL || this.large.availableCount === 0) return GROUP_SMALL;
    return GROUP_LARGE;
  }

  enqueueReady(connection: UringConnection): void {
    if (connection.isQueued) return;
    connection.isQueued = true;
    this.#ready.push(connection);
    this.#owner.onWork();
  }

  enqueueStarved(connection: UringConnection): void {
    this.counters.receiveStarvations++;
    if (connection.isStarved) return;
    connection.isStarved = true;
    this.#starved.push(connection);
  }

  onConnectionFree(connection: UringConnection): void {
    this.#owner.onConnectionFree(connection);
  }

  get hasReady(): boolean {
    if (this.#ready.length > 0 || this.#isRefillWanted) return true;
    // A burst used up the ring while the pool had buffers: the ring is full again, nobody tells of
    // it.
    return this.#starved.length > 0 && this.small.availableCount > 0;
  }

  /** Refills the rings, arms what was starved, delivers what is held. Once per round. */
  runReady(): void {
    if (this.#isRefillWanted) {
      this.#isRefillWanted = false;
      this.small.refill();
      this.large.refill();
    }
    if (this.#starved.length > 0 && this.small.availableCount > 0) this.#rearmStarved();
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
    this.small.close();
    this.large.close();
  }

  #rearmStarved(): void {
    const count = this.#starved.length;
    for (let i = 0; i < count; i++) {
      const connection = this.#starved[i]!;
      connection.isStarved = false;
      connection.rearmStarved();
    }
    this.#starved.splice(0, count);
  }
}

function powerOfTwoAtMost(value: number): number {
  return 1 << Math.floor(Math.log2(Math.max(1, value)));
}

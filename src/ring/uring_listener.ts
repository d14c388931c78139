// One listening descriptor on the ring.
//
//   PAUSED <--pauseAccept / starved-- ARMED --stop--> STOPPING --(last completion)--> STOPPED
//          ---resumeAccept---------->
//
// A TCP listener is accepted from by one multishot accept: the kernel takes connections until the
// queue is empty each time it wakes, so that a cancelled accept leaves nothing behind. One accept
// at a time is used where that would be too many: of a Unix socket, which all workers share and of
// which one would take everything, and where there is not room for a whole queue.

import { LISTEN_BACKLOG } from '../base/limits.ts';
import { EMFILE, ENFILE, ENOBUFS, ENOMEM } from '../sys/errno.ts';
import { ACCEPT_MULTISHOT, Op } from '../sys/io_uring_abi.ts';
import type { Acceptor, Listener } from './transport.ts';
import { KIND_BITS, OperationKind, type UringCore } from './uring_core.ts';

const SOCK_CLOEXEC = 0x80000;

/** What a listener needs of its transport. */
export interface AcceptTarget {
  /** Connections for which there are still descriptors. */
  readonly roomCount: number;
  onAccepted(descriptor: number, acceptor: Acceptor): void;
  /** Accepting failed for want of descriptors: tell the acceptor and come back later. */
  onStarved(listener: UringListener): void;
}

export class UringListener implements Listener {
  readonly descriptor: number;
  readonly acceptor: Acceptor;
  readonly #core: UringCore;
  readonly #target: AcceptTarget;
  readonly #index: number;
  readonly #isShared: boolean;
  #isWanted = true;
  #isArmed = false;
  #isMultishot = false; // what is armed, or was last
  #isCanceling = false;
  #onStopped: (() => void) | null = null;
  #isStopped = false;
  #isDrained = false;

  constructor(
    core: UringCore,
    target: AcceptTarget,
    index: number,
    socket: {
      readonly descriptor: number;
      readonly isShared: boolean;
      readonly acceptor: Acceptor;
    },
  ) {
    this.#core = core;
    this.#target = target;
    this.#index = index;
    this.descriptor = socket.descriptor;
    this.#isShared = socket.isShared;
    this.acceptor = socket.acceptor;
    this.#arm();
  }

  get isStopped(): boolean {
    return this.#isStopped;
  }

  get isPaused(): boolean {
    return !this.#isWanted;
  }

  pauseAccept(): void {
    this.#isWanted = false;
    this.#cancel();
  }

  resumeAccept(): void {
    if (this.#onStopped !== null || this.#isStopped) return;
    this.#isWanted = true;
    this.#arm();
  }

  stop(onStopped: () => void): void {
    if (this.#isStopped) {
      onStopped();
      return;
    }
    this.#onStopped = onStopped;
    this.#isWanted = false;
    this.#isDrained = this.#isArmed && !this.#isCanceling; // an armed accept has taken what waited
    this.#settle();
  }

  onAcceptCompleted(result: number, hasMore: boolean): void {
    if (!hasMore) this.#isArmed = false;
    if (result >= 0 && !this.#isMultishot) this.#isDrained = false; // more may wait
    if (result >= 0) this.#target.onAccepted(result, this.acceptor);
    else if (isStarvation(-result)) {
      this.#isWanted = false;
      this.#target.onStarved(this);
    }
    // Anything else is our own cancellation, or a connection that was reset in the queue.
    this.#settle();
  }

  onCancelCompleted(): void {
    this.#isCanceling = false;
    this.#settle();
  }

  #settle(): void {
    if (this.#isCanceling) return;
    if (this.#isWanted) this.#adapt();
    else if (this.#isArmed) this.#cancel();
    else if (this.#onStopped === null) return;
    else if (this.#isDrained) this.#finishStop();
    else this.#drain();
  }

  /** Whether the whole accept queue may be taken at once. */
  get #hasRoom(): boolean {
    if (this.#isShared) return false;
    return Math.min(this.#target.roomCount, this.acceptor.roomCount) > LISTEN_BACKLOG;
  }

  /** Accepts; no longer by a multishot once there is too little room for it. */
  #adapt(): void {
    if (this.#isArmed && this.#isMultishot && !this.#hasRoom) this.#cancel();
    else this.#arm();
  }

  #arm(): void {
    if (this.#isArmed || this.#isCanceling || this.#isStopped) return;
    this.#isArmed = true;
    this.#isMultishot = this.#hasRoom;
    this.#core.queue(
      this.#isMultishot ? Op.ACCEPT | (ACCEPT_MULTISHOT << 16) : Op.ACCEPT,
      this.descriptor,
      0,
      0,
      0,
      SOCK_CLOEXEC,
      this.#index,
      OperationKind.ACCEPT,
      0,
      0,
    );
  }

  #cancel(): void {
    if (!this.#isArmed || this.#isCanceling) return;
    this.#isCanceling = true;
    const low = (this.#index << KIND_BITS) | OperationKind.ACCEPT;
    this.#core.queue(
      Op.ASYNC_CANCEL,
      -1,
      low,
      0,
      0,
      0,
      this.#index,
      OperationKind.CANCEL_ACCEPT,
      0,
      0,
    );
  }

  /** A paused listener takes what waits: an accept is armed only to be cancelled. */
  #drain(): void {
    this.#isDrained = true;
    this.#arm();
    this.#cancel();
  }

  #finishStop(): void {
    const onStopped = this.#onStopped;
    this.#onStopped = null;
    this.#isStopped = true;
    onStopped?.();
  }
}

function isStarvation(code: number): boolean {
  return code === EMFILE || code === ENFILE || code === ENOBUFS || code === ENOMEM;
}

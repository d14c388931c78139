// How a connection receives: continuously into small buffers, one delivery that was asked for, or
// not at all.
//
//              pause                    want (large or fast)
//   CONTINUOUS -----> PAUSED ----------------------------> ONCE
//       ^               | ^                                 |
//       +--- want ------+ +---------- delivered ------------+
//
// Large buffers are for bodies that are known to be large, or of unknown length and coming fast:
// a stream that trickles (events, a slow job's output) must not sit on a large buffer while it
// waits.

import { type BufferPool, SizeClass } from '../base/buffer_pool.ts';
import { RESPONSE_CONTINUOUS_BYTES_MAX } from '../base/limits.ts';
import type { ByteStream } from '../stream/byte_stream.ts';

const Mode = { PAUSED: 0, CONTINUOUS: 1, ONCE: 2 } as const;
type Mode = (typeof Mode)[keyof typeof Mode];

export class ReceiveGate {
  #mode: Mode = Mode.PAUSED;
  /** The last delivery filled a small buffer: more was waiting. */
  #isFast = false;

  /** The connection is new or over: nothing is asked for. */
  reset(): void {
    this.#mode = Mode.PAUSED;
    this.#isFast = false;
  }

  open(stream: ByteStream): void {
    if (this.#mode === Mode.CONTINUOUS) return;
    this.#mode = Mode.CONTINUOUS;
    stream.receiveContinuously();
  }

  pause(stream: ByteStream): void {
    if (this.#mode === Mode.PAUSED) return;
    this.#mode = Mode.PAUSED;
    stream.pauseReceive();
  }

  onDelivery(pool: BufferPool, byteCount: number): void {
    if (this.#mode === Mode.ONCE) this.#mode = Mode.PAUSED;
    this.#isFast = byteCount >= pool.capacityOf(SizeClass.SMALL);
  }

  /**
   * Stops continuous receiving where the next bytes are better asked for: `remaining` body bytes
   * are still to come (-1: unknown) after `byteCount`.
   */
  restrain(stream: ByteStream, remaining: number, byteCount: number): void {
    if (this.#mode !== Mode.CONTINUOUS) return;
    const isLarge =
      remaining < 0
        ? this.#isFast && byteCount > RESPONSE_CONTINUOUS_BYTES_MAX
        : remaining > RESPONSE_CONTINUOUS_BYTES_MAX;
    if (isLarge) this.pause(stream);
  }

  /** Asks for bytes of a body, unless they are under way. */
  want(stream: ByteStream, pool: BufferPool, remaining: number): void {
    if (this.#mode !== Mode.PAUSED) return;
    if (remaining < 0 && !this.#isFast) {
      this.open(stream);
      return;
    }
    this.#mode = Mode.ONCE;
    let sizeClass: SizeClass = SizeClass.LARGE;
    if (remaining >= 0 && remaining <= pool.capacityOf(SizeClass.SMALL)) {
      sizeClass = SizeClass.SMALL;
    } else if (remaining >= 0 && remaining <= pool.capacityOf(SizeClass.MEDIUM)) {
      sizeClass = SizeClass.MEDIUM;
    }
    stream.receiveOnce(sizeClass);
  }
}

// Turns of the data plane beside Node's own loop: docs/internals/loop.md.
//
//   ASLEEP --(eventfd through libuv, timer, work from outside)--> SCHEDULED --setImmediate--> TURN
//     ^                                                              ^                          |
//     |                                                              +---(bound reached)--------+
//     +------------(a wait and a last look find nothing)----------------------------------------+
//
// A turn is rounds of submit, reap, work, up to TURN_MS_MAX, so that libuv gets its share. A round
// that finds nothing waits in the ring for the rest of the turn before the loop goes to sleep:
// under load the next completion is microseconds away, and waking through libuv takes three system
// calls more (docs/internals/loop.md).
//
// Once a second a look from outside makes sure that the loop is where its state says: asleep with
// nothing to do, or about to run. A wake-up that was lost, or an exception that left a turn (and
// was caught by whoever embeds us), would else be the end of all connections without a word.

import type { Clock } from '../base/clock.ts';
import { TURN_MS_MAX, TURN_ROUNDS_MAX } from '../base/limits.ts';
import type { TimerWheel } from '../base/timer_wheel.ts';
import { EventPoll } from '../sys/event_poll.ts';
import type { IoUring } from '../sys/io_uring.ts';
import { EnterFlag } from '../sys/io_uring_abi.ts';

/** What a turn works on. */
export interface LoopWork {
  /** Does what needs no completion; true if it did anything. */
  runPending(): boolean;
  /** Handles the completions that are there; returns their number. */
  reap(): number;
}

/** Completions that a wait is for, at most, and how long it may be for more than one. */
const BATCH_MAX = 64;
const BATCH_US = 50;

const LOOK_INTERVAL_MS = 1_000;

const State = { ASLEEP: 0, SCHEDULED: 1, TURN: 2, STOPPED: 3 } as const;
type State = (typeof State)[keyof typeof State];

export class UringLoop {
  readonly events: EventPoll;
  readonly #clock: Clock;
  readonly #timers: TimerWheel;
  readonly #work: LoopWork;
  #ring: IoUring | null = null;
  #state: State = State.ASLEEP;
  #batch = 1;
  #timer: NodeJS.Timeout | null = null;
  #timerMs = Number.POSITIVE_INFINITY;
  /** Rounds since the start. */
  rounds = 0;
  readonly #turn: () => void = () => this.#runTurn();
  readonly #onStall: (reason: string) => void;
  readonly #lookIntervalMs: number;
  #look: NodeJS.Timeout | null = null;
  /** Rounds at the last look that found a turn scheduled. */
  #roundsLooked = -1;

  /** `onStall` is told when the loop stood still and was set going again, and why. */
  constructor(
    clock: Clock,
    timers: TimerWheel,
    work: LoopWork,
    onStall: (reason: string) => void,
    lookIntervalMs: number = LOOK_INTERVAL_MS,
  ) {
    this.#clock = clock;
    this.#timers = timers;
    this.#work = work;
    this.#onStall = onStall;
    this.#lookIntervalMs = lookIntervalMs;
    this.events = new EventPoll(() => {
      this.events.drain();
      this.wake();
    });
  }

  start(ring: IoUring): void {
    this.#ring = ring;
    ring.setEventfdEnabled(false);
    this.#look = setInterval(() => this.#lookAfter(), this.#lookIntervalMs).unref();
    this.wake();
  }

  /**
   * Schedules a turn where none is running or scheduled. Cheap: called with each queued operation.
   */
  wake(): void {
    if (this.#state !== State.ASLEEP) return;
    this.#state = State.SCHEDULED;
    setImmediate(this.#turn);
  }

  get isStopped(): boolean {
    return this.#state === State.STOPPED;
  }

  /** No turn runs any more. Resolves when libuv has let go of the eventfd. */
  stop(): Promise<void> {
    this.#state = State.STOPPED;
    if (this.#timer !== null) clearTimeout(this.#timer);
    if (this.#look !== null) clearInterval(this.#look);
    return new Promise((resolve) => this.events.close(resolve));
  }

  /** Comes from Node's own loop, and so never inside of a turn. */
  #lookAfter(): void {
    const ring = this.#ring!;
    switch (this.#state) {
      case State.ASLEEP:
        // What has just come may be found here before libuv tells of it: no reason to complain.
        ring.enter(EnterFlag.GETEVENTS);
        if (ring.head !== ring.tail) this.wake();
        return;
      case State.SCHEDULED:
        if (this.#roundsLooked === this.rounds) this.#recover('its turn did not come');
        this.#roundsLooked = this.rounds;
        return;
      case State.TURN:
        this.#recover('its turn was left by an exception');
        return;
    }
  }

  #recover(reason: string): void {
    this.#state = State.ASLEEP;
    this.wake();
    this.#onStall(reason);
  }

  #runTurn(): void {
    const ring = this.#ring;
    if (ring === null || this.#state === State.STOPPED) return;
    this.#state = State.TURN;
    ring.setEventfdEnabled(false);
    const clock = this.#clock;
    clock.update();
    const endMs = clock.nowMs + TURN_MS_MAX;
    for (let round = 0; round < TURN_ROUNDS_MAX; round++) {
      const progress = this.#runRound(ring, endMs);
      if (this.isStopped) return;
      if (!progress) {
        if (this.#trySleep(ring)) return;
      } else if (clock.nowMs >= endMs) {
        break;
      }
    }
    this.#state = State.SCHEDULED;
    setImmediate(this.#turn);
  }

  /** One submit-and-reap. False: nothing happened, not even after the wait. */
  #runRound(ring: IoUring, endMs: number): boolean {
    const clock = this.#clock;
    this.#timers.advance(clock.nowMs);
    const didWork = this.#work.runPending();
    const waitUs = ((endMs - clock.nowMs) * 1000) | 0;
    if (didWork || waitUs <= 0 || !ring.canWait) ring.enter(EnterFlag.GETEVENTS);
    else ring.enterAndWait(waitUs, this.#batch, BATCH_US);
    this.rounds++;
    clock.update();
    const count = this.#work.reap();
    this.#adaptBatch(count);
    return count > 0 || didWork;
  }

  /**
   * How many completions a wait is for. A round that finds more than it waited for shows that there
   * is concurrency: the next one waits for as many, for a moment. One that finds fewer waited in
   * vain. So a single client never waits, and many share a system call (0.3 rounds per request
   * instead of 1.5 with 64 connections, bench/load).
   */
  #adaptBatch(count: number): void {
    if (count > this.#batch) this.#batch = Math.min(count, BATCH_MAX);
    else if (count < this.#batch) this.#batch = Math.max(1, count);
  }

  /** Goes to sleep unless something came in the meantime. True: asleep. */
  #trySleep(ring: IoUring): boolean {
    ring.setEventfdEnabled(true);
    ring.enter(EnterFlag.GETEVENTS);
    if (ring.head !== ring.tail || ring.queuedCount > 0) {
      ring.setEventfdEnabled(false);
      return false;
    }
    this.#state = State.ASLEEP;
    this.#armTimer();
    return true;
  }

  /**
   * libuv sleeps until the wheel's next deadline; an earlier timer that is armed already serves.
   */
  #armTimer(): void {
    const nextMs = this.#timers.nextMs();
    if (nextMs === Number.POSITIVE_INFINITY) return;
    if (this.#timer !== null && this.#timerMs <= nextMs) return;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timerMs = nextMs;
    this.#timer = setTimeout(
      () => {
        this.#timer = null;
        this.#timerMs = Number.POSITIVE_INFINITY;
        this.wake();
      },
      Math.max(1, nextMs - performance.now()),
    );
  }
}

// Turns of the data plane on Node's own loop. Every callback of libuv that concerns a transport
// runs between `enter()` and `leave()`; what such a callback, or a call from outside, leaves to be
// done is queued and run when the outermost callback ends, or from `setImmediate`: so never from
// inside a method of a connection.
//
//   libuv callback --enter--> handlers --leave--> queue runs --(once per iteration)--> end of turn
//                                                                                           |
//                 timers advance <---one Node timer, armed to the wheel's next deadline-----+

import type { Clock } from '../base/clock.ts';
import type { TimerWheel } from '../base/timer_wheel.ts';

/**
 * Tasks run after one callback; what they leave behind waits for the next iteration of libuv's
 * loop.
 */
const TASKS_PER_TURN_MAX = 4_096;
/** The longest delay that a Node timer takes. */
const TIMER_MS_MAX = 0x7fff_ffff;

/** Something that a turn has to do. */
export interface LoopTask {
  runTask(): void;
}

export class NodeLoop {
  readonly #clock: Clock;
  readonly #timers: TimerWheel;
  #tasks: LoopTask[] = [];
  #tasksNext: LoopTask[] = [];
  #depth = 0;
  #isTurnOpen = false;
  #isStopped = false;
  #timer: NodeJS.Timeout | null = null;
  #timerMs = Number.POSITIVE_INFINITY;
  readonly #endTurn: () => void = () => this.#onTurnEnd();
  readonly #onTimeout: () => void = () => this.#onTimer();

  constructor(clock: Clock, timers: TimerWheel) {
    this.#clock = clock;
    this.#timers = timers;
  }

  /** A callback of libuv begins: the first one of an iteration reads the clock. */
  enter(): void {
    this.#depth++;
    if (!this.#isTurnOpen) {
      this.#clock.update();
      this.#openTurn();
    }
  }

  /** It ends. The outermost one runs what was queued. */
  leave(): void {
    if (this.#depth === 1) this.#runTasks();
    this.#depth--;
  }

  /** Has a task run in this turn, or in one of its own. */
  queue(task: LoopTask): void {
    this.#tasks.push(task);
    if (this.#depth === 0) this.#openTurn();
  }

  /** No turn runs any more. */
  stop(): void {
    this.#isStopped = true;
    this.#disarm();
  }

  #openTurn(): void {
    if (this.#isTurnOpen || this.#isStopped) return;
    this.#isTurnOpen = true;
    setImmediate(this.#endTurn);
  }

  #onTurnEnd(): void {
    this.#isTurnOpen = false;
    if (this.#isStopped) return;
    this.#clock.update();
    this.#depth++;
    this.#timers.advance(this.#clock.nowMs);
    this.#runTasks();
    this.#depth--;
    this.#arm();
  }

  #runTasks(): void {
    let count = 0;
    while (this.#tasks.length > 0 && count < TASKS_PER_TURN_MAX) {
      const tasks = this.#tasks;
      this.#tasks = this.#tasksNext;
      this.#tasksNext = tasks;
      count += tasks.length;
      for (let i = 0; i < tasks.length; i++) tasks[i]!.runTask();
      tasks.length = 0;
    }
    if (this.#tasks.length > 0) this.#openTurn();
  }

  /** An earlier timer that is armed already serves: it finds nothing due and is armed again. */
  #arm(): void {
    const nextMs = this.#timers.nextMs();
    if (nextMs === Number.POSITIVE_INFINITY) {
      this.#disarm();
      return;
    }
    if (this.#timer !== null && this.#timerMs <= nextMs) return;
    this.#disarm();
    const delayMs = Math.min(Math.max(1, Math.ceil(nextMs - this.#clock.nowMs)), TIMER_MS_MAX);
    this.#timerMs = nextMs;
    this.#timer = setTimeout(this.#onTimeout, delayMs);
  }

  #disarm(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    this.#timerMs = Number.POSITIVE_INFINITY;
  }

  #onTimer(): void {
    this.#timer = null;
    this.#timerMs = Number.POSITIVE_INFINITY;
    this.enter();
    this.#timers.advance(this.#clock.nowMs);
    this.leave();
  }
}

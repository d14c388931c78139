// Signals, caught from the first moment: until somebody takes them they wait, so that a HUP that
// arrives while the configuration is still being read does not end the process.

/** What the supervisor acts on. */
export type SupervisorSignal = 'SIGTERM' | 'SIGINT' | 'SIGHUP' | 'SIGUSR1' | 'SIGUSR2';

const SIGNALS: readonly SupervisorSignal[] = ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGUSR1', 'SIGUSR2'];
/** Those whose loss does no harm: the next program reads the configuration and opens the logs. */
const LOSABLE: readonly SupervisorSignal[] = ['SIGHUP', 'SIGUSR1', 'SIGUSR2'];

/** What the launcher caught after a hand-over, before the first line of ours (bin/zproxy.js). */
interface EarlySignals {
  readonly caught: SupervisorSignal[];
  stop(): void;
}
const EARLY = 'zproxy.signals';

export class SignalInbox {
  #handler: ((signal: SupervisorSignal) => void) | null = null;
  readonly #waiting: SupervisorSignal[] = [];
  readonly #listener = (signal: NodeJS.Signals): void => {
    if (this.#handler === null) this.#waiting.push(signal as SupervisorSignal);
    else this.#handler(signal as SupervisorSignal);
  };

  constructor() {
    this.#listen();
    const globals = globalThis as { [symbol: symbol]: unknown };
    const early = globals[Symbol.for(EARLY)] as EarlySignals | undefined;
    early?.stop();
    this.#waiting.push(...(early?.caught ?? []));
  }

  /** Hands over what waits and all that follows. */
  take(handler: (signal: SupervisorSignal) => void): void {
    this.#handler = handler;
    for (const signal of this.#waiting.splice(0)) handler(signal);
  }

  /** Signals wait again for somebody who takes them. */
  release(): void {
    this.#handler = null;
  }

  /**
   * The process is about to become another program: signals that would end it before that program
   * listens are lost instead, by means of `ignore`. TERM and INT are not among them: they are to
   * end it.
   */
  suspend(ignore: (signals: readonly NodeJS.Signals[]) => void): void {
    ignore(LOSABLE);
  }

  /** It did not: signals are caught again. */
  resume(): void {
    for (const signal of SIGNALS) process.off(signal, this.#listener);
    this.#listen();
  }

  /** The signals have their default effect again. */
  close(): void {
    this.#handler = null;
    for (const signal of SIGNALS) process.off(signal, this.#listener);
  }

  #listen(): void {
    for (const signal of SIGNALS) process.on(signal, this.#listener);
  }
}

/**
 * In a worker: the terminal's TERM and INT reach the whole process group, but the supervisor
 * decides.
 */
export function ignoreTerminalSignals(): void {
  for (const signal of SIGNALS) process.on(signal, ignore);
}

function ignore(): void {
  // Nothing: the supervisor tells its workers over their channel.
}

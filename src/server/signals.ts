// Signals, caught from the first moment: until somebody takes them they wait, so that a HUP that
// arrives while the configuration is still being read does not end the process.

/** What the supervisor acts on. */
export type SupervisorSignal = 'SIGTERM' | 'SIGINT' | 'SIGHUP' | 'SIGUSR1' | 'SIGUSR2';

const SIGNALS: readonly SupervisorSignal[] = ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGUSR1', 'SIGUSR2'];

export class SignalInbox {
  #handler: ((signal: SupervisorSignal) => void) | null = null;
  readonly #waiting: SupervisorSignal[] = [];
  readonly #listener = (signal: NodeJS.Signals): void => {
    if (this.#handler === null) this.#waiting.push(signal as SupervisorSignal);
    else this.#handler(signal as SupervisorSignal);
  };

  constructor() {
    for (const signal of SIGNALS) process.on(signal, this.#listener);
  }

  /** Hands over what waits and all that follows. */
  take(handler: (signal: SupervisorSignal) => void): void {
    this.#handler = handler;
    for (const signal of this.#waiting.splice(0)) handler(signal);
  }

  /** The signals have their default effect again. */
  close(): void {
    this.#handler = null;
    for (const signal of SIGNALS) process.off(signal, this.#listener);
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

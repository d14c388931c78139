// Failures of one middleware in the log: each with its stack, but no more often than once a second,
// because what fails for one request fails for all of them.

import { MIDDLEWARE_LOG_INTERVAL_MS } from '../base/limits.ts';
import { LogLevel, type LogSink } from '../base/log_sink.ts';

const STACK_CHARACTERS_MAX = 2_000;

export class FailureLog {
  readonly #name: string;
  readonly #log: LogSink;
  #nextMs = Number.NEGATIVE_INFINITY;
  #leftOutCount = 0;

  /** `name` is how messages call the middleware: `"auth" of the route "api"`. */
  constructor(name: string, log: LogSink) {
    this.#name = name;
    this.#log = log;
  }

  /** Logs that a hook failed, or counts it. */
  report(hook: string, error: unknown, nowMs: number): void {
    if (nowMs < this.#nextMs) {
      this.#leftOutCount++;
      return;
    }
    this.#nextMs = nowMs + MIDDLEWARE_LOG_INTERVAL_MS;
    this.reportLast(hook, error);
  }

  /** Logs that a hook failed, whatever was logged before: for what happens once. */
  reportLast(hook: string, error: unknown): void {
    const what = `ZP_MIDDLEWARE_FAILED: the middleware ${this.#name} failed in ${hook}`;
    this.#log.log(LogLevel.ERROR, `${what}: ${errorText(error)}${this.#takeLeftOut()}`);
  }

  /** Says how many failures were left out since the last line, where there are any. */
  flush(): void {
    if (this.#leftOutCount === 0) return;
    this.#log.log(LogLevel.ERROR, `The middleware ${this.#name} failed${this.#takeLeftOut()}`);
  }

  #takeLeftOut(): string {
    const count = this.#leftOutCount;
    this.#leftOutCount = 0;
    return count === 0 ? '' : ` (and ${count} more times since the last such line)`;
  }
}

/** An error as its author wants to see it: with the stack, and what caused it. */
function errorText(error: unknown): string {
  if (!(error instanceof Error)) return `it threw ${String(error).slice(0, STACK_CHARACTERS_MAX)}`;
  const stack = error.stack ?? `${error.name}: ${error.message}`;
  const cause = error.cause instanceof Error ? ` [cause: ${error.cause.message}]` : '';
  return `${stack.slice(0, STACK_CHARACTERS_MAX)}${cause}`;
}

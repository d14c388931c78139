// The log of supervisor and workers: one line per sentence on standard error, written without
// waiting.
//
//   2026-11-25T01:25:59.123Z warn worker 0: the text

import { LogLevel, type LogSink } from '../base/log_sink.ts';
import { LineWriter } from './line_writer.ts';

const STDERR = 2;
const CAPACITY_BYTES = 65_536;
const NAMES: Readonly<Record<LogLevel, string>> = {
  [LogLevel.ERROR]: 'error',
  [LogLevel.WARN]: 'warn',
  [LogLevel.INFO]: 'info',
  [LogLevel.DEBUG]: 'debug',
};

/** A log that can be waited for, at the end of a process. */
export interface FlushableLog extends LogSink {
  flushed(timeoutMs: number): Promise<boolean>;
}

export class StderrLog implements FlushableLog {
  readonly #prefix: string;
  readonly #levelMax: LogLevel;
  readonly #writer: LineWriter;
  #lostCount = 0;

  /** `prefix` names the process (`worker 0: `), '' for none. */
  constructor(prefix: string, levelMax: LogLevel = LogLevel.INFO, descriptor: number = STDERR) {
    this.#prefix = prefix;
    this.#levelMax = levelMax;
    this.#writer = new LineWriter({
      descriptor,
      capacityBytes: CAPACITY_BYTES,
      onLost: (_error, lines) => {
        this.#lostCount += lines; // there is nowhere left to say so
      },
    });
  }

  log(level: LogLevel, message: string): void {
    if (level > this.#levelMax) return;
    const text = message.replace(/[\r\n]+\s*/g, ' | ');
    const line = Buffer.from(
      `${new Date().toISOString()} ${NAMES[level]} ${this.#prefix}${text}\n`,
    );
    if (!this.#writer.append(line, 0, line.length)) this.#lostCount++;
    // Rare and wanted at once: an interval would only make the order of things hard to follow.
    this.#writer.flush();
  }

  /** Lines that found no room or no reader. */
  get lostCount(): number {
    return this.#lostCount;
  }

  flushed(timeoutMs: number): Promise<boolean> {
    return this.#writer.flushed(timeoutMs);
  }
}

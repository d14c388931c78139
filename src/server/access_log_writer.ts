// Where a worker's access lines go: standard output or a file, through a bounded buffer. The data
// plane never waits for it: a line that finds no room, or whose write fails, is counted as dropped.

import { openSync } from 'node:fs';
import { LOG_BUFFER_BYTES } from '../base/limits.ts';
import { type AccessLogSink, LogLevel, type LogSink } from '../base/log_sink.ts';
import { Cell } from '../base/metrics_cells.ts';
import { LineWriter } from './line_writer.ts';

const STDOUT = 1;
/** The log names clients: readable for the owner and its group only. */
const FILE_MODE = 0o640;
/** A disk that is full is reported this often, not with each write. */
const REPORT_INTERVAL_MS = 60_000;

export class AccessLogWriter implements AccessLogSink {
  readonly #path: string;
  readonly #cells: Float64Array;
  readonly #log: LogSink;
  readonly #writer: LineWriter;
  #reportedMs: number = Number.NEGATIVE_INFINITY;

  /** `path` '' is standard output. Throws where the file cannot be opened. */
  constructor(path: string, cells: Float64Array, log: LogSink) {
    this.#path = path;
    this.#cells = cells;
    this.#log = log;
    this.#writer = new LineWriter({
      descriptor: path === '' ? STDOUT : openAccessLog(path),
      capacityBytes: LOG_BUFFER_BYTES,
      onLost: (error, lines) => this.#onLost(error, lines),
    });
  }

  writeLine(bytes: Uint8Array, start: number, end: number): boolean {
    return this.#writer.append(bytes, start, end);
  }

  /** Opens the path anew, after the file was renamed by whoever rotates logs. */
  reopen(): void {
    if (this.#path === '') return;
    try {
      this.#writer.replaceDescriptor(openAccessLog(this.#path));
    } catch (error) {
      const { message } = error as Error;
      this.#log.log(
        LogLevel.ERROR,
        `the access log is not reopened, the old file stays: ${message}`,
      );
    }
  }

  /** Writes what is buffered; false where that takes longer than `timeoutMs`. */
  flushed(timeoutMs: number): Promise<boolean> {
    return this.#writer.flushed(timeoutMs);
  }

  /** Lines that were taken, and counted by who wrote them, are dropped after all. */
  #onLost(error: NodeJS.ErrnoException, lines: number): void {
    const cells = this.#cells;
    cells[Cell.LOG_LINES] = cells[Cell.LOG_LINES]! - lines;
    cells[Cell.LOG_LINES_DROPPED] = cells[Cell.LOG_LINES_DROPPED]! + lines;
    const nowMs = performance.now();
    if (nowMs - this.#reportedMs < REPORT_INTERVAL_MS) return;
    this.#reportedMs = nowMs;
    const target = this.#path === '' ? 'standard output' : this.#path;
    this.#log.log(LogLevel.ERROR, `access log lines are lost: writing to ${target}: ${error.code}`);
  }
}

/**
 * Opens (or creates) a log file for appending: whole writes of several processes do not overlap.
 */
export function openAccessLog(path: string): number {
  return openSync(path, 'a', FILE_MODE);
}

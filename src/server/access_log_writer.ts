// Where a worker's access lines go: standard output or a file, through a bounded buffer. The data
// plane never waits for it: a line that finds no room, or whose write fails, is counted as dropped.
// A new snapshot may move it: the new file is opened before anything changes.

import { closeSync, openSync } from 'node:fs';
import { LOG_BUFFER_BYTES } from '../base/limits.ts';
import { type AccessLogSink, LogLevel, type LogSink } from '../base/log_sink.ts';
import { Cell } from '../base/metrics_cells.ts';
import { LineWriter } from './line_writer.ts';

const STDOUT = 1;
const NOTHING_OPENED = -1;
/** The log names clients: readable for the owner and its group only. */
const FILE_MODE = 0o640;
/** A disk that is full is reported this often, not with each write. */
const REPORT_INTERVAL_MS = 60_000;

export class AccessLogWriter implements AccessLogSink {
  #path: string | null;
  readonly #cells: Float64Array;
  readonly #log: LogSink;
  #writer: LineWriter | null = null;
  #reportedMs: number = Number.NEGATIVE_INFINITY;

  /** `path` '' is standard output, null nothing. Throws where the file cannot be opened. */
  constructor(path: string | null, cells: Float64Array, log: LogSink) {
    this.#path = null;
    this.#cells = cells;
    this.#log = log;
    this.moveTo(path, this.open(path));
  }

  writeLine(bytes: Uint8Array, start: number, end: number): boolean {
    return this.#writer?.append(bytes, start, end) ?? false;
  }

  /**
   * Opens the file of a path for `moveTo`; NOTHING_OPENED where lines go there already, or nowhere.
   * Throws where it cannot be opened.
   */
  open(path: string | null): number {
    if (path === null || path === this.#path) return NOTHING_OPENED;
    return path === '' ? STDOUT : openAccessLog(path);
  }

  /**
   * Lines go to `path` from now on, to what `open` has opened for it. With null they go on to where
   * they went: exchanges of a snapshot before may have some yet.
   */
  moveTo(path: string | null, opened: number): void {
    this.#path = path;
    if (opened !== NOTHING_OPENED) this.#writeTo(opened);
  }

  /** Gives up what `open` has opened. */
  abandon(opened: number): void {
    if (opened !== NOTHING_OPENED && opened !== STDOUT) closeSync(opened);
  }

  /** Opens the path anew, after the file was renamed by whoever rotates logs. */
  reopen(): void {
    if (this.#path === '' || this.#path === null) return;
    try {
      this.#writeTo(openAccessLog(this.#path));
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
    return this.#writer?.flushed(timeoutMs) ?? Promise.resolve(true);
  }

  #writeTo(descriptor: number): void {
    if (this.#writer !== null) {
      this.#writer.replaceDescriptor(descriptor);
      return;
    }
    this.#writer = new LineWriter({
      descriptor,
      capacityBytes: LOG_BUFFER_BYTES,
      onLost: (error, lines) => this.#onLost(error, lines),
    });
  }

  /** Lines that were taken, and counted by who wrote them, are dropped after all. */
  #onLost(error: NodeJS.ErrnoException, lines: number): void {
    const cells = this.#cells;
    cells[Cell.LOG_LINES] = cells[Cell.LOG_LINES]! - lines;
    cells[Cell.LOG_LINES_DROPPED] = cells[Cell.LOG_LINES_DROPPED]! + lines;
    const nowMs = performance.now();
    if (nowMs - this.#reportedMs < REPORT_INTERVAL_MS) return;
    this.#reportedMs = nowMs;
    const target = this.#path === '' ? 'standard output' : (this.#path ?? 'its last file');
    this.#log.log(LogLevel.ERROR, `access log lines are lost: writing to ${target}: ${error.code}`);
  }
}

/**
 * Opens (or creates) a log file for appending: whole writes of several processes do not overlap.
 */
export function openAccessLog(path: string): number {
  return openSync(path, 'a', FILE_MODE);
}

// Writes lines to a descriptor without ever waiting for whoever reads them: lines are copied into
// one of two bounded buffers while the other one is being written, one write at a time, by libuv's
// pool. A line that finds both full is dropped, and the caller told.
//
//   append -> | filling | --swap when nothing is being written--> | writing | -> fs.write
//
// A pipe is written in whole lines of at most PIPE_BUF bytes, so that lines of several workers
// which share it never mix.

import { close, fstatSync, write } from 'node:fs';
import { LOG_FLUSH_INTERVAL_MS } from '../base/limits.ts';

/** POSIX: writes to a pipe up to this size are atomic. */
const PIPE_BUF = 4096;
const RETRY_MS = 10;
const NEWLINE = 0x0a;

export interface LineWriterOptions {
  readonly descriptor: number;
  /** Of each of the two buffers. */
  readonly capacityBytes: number;
  /** A write failed and `lines` lines with it. */
  readonly onLost: (error: NodeJS.ErrnoException, lines: number) => void;
}

export class LineWriter {
  readonly #onLost: LineWriterOptions['onLost'];
  #descriptor: number;
  /** Replaced while a write is in flight: closed when that one ends. -1: none. */
  #retired = -1;
  #isPipe: boolean;
  #filling: Buffer;
  #fillingBytes = 0;
  #writing: Buffer;
  #writingAt = 0;
  #writingEnd = 0;
  #isWriting = false;
  #timer: NodeJS.Timeout | null = null;
  #isTimerSet = false;
  /**
   * A view of the last source's memory: `Buffer.copy` moves a range without making an object for
   * it.
   */
  #source: Buffer = Buffer.alloc(0);
  readonly #waiting: (() => void)[] = [];

  constructor(options: LineWriterOptions) {
    this.#descriptor = options.descriptor;
    this.#onLost = options.onLost;
    this.#isPipe = isPipe(options.descriptor);
    this.#filling = Buffer.allocUnsafeSlow(options.capacityBytes);
    this.#writing = Buffer.allocUnsafeSlow(options.capacityBytes);
  }

  /** Copies `bytes[start, end)`, whole lines. False where there is no room: the line is dropped. */
  append(bytes: Uint8Array, start: number, end: number): boolean {
    const byteCount = end - start;
    if (this.#fillingBytes + byteCount > this.#filling.length) {
      this.flush();
      if (this.#fillingBytes + byteCount > this.#filling.length) return false;
    }
    if (this.#source.buffer !== bytes.buffer) {
      this.#source = Buffer.from(bytes.buffer as ArrayBuffer);
    }
    const offset = bytes.byteOffset;
    this.#source.copy(this.#filling, this.#fillingBytes, offset + start, offset + end);
    this.#fillingBytes += byteCount;
    if (this.#fillingBytes > this.#filling.length >> 1) this.flush();
    else if (!this.#isTimerSet) this.#setTimer();
    return true;
  }

  /** Starts writing what is there, unless a write is in flight. */
  flush(): void {
    if (this.#isWriting || this.#fillingBytes === 0) return;
    const writing = this.#filling;
    this.#filling = this.#writing;
    this.#writing = writing;
    this.#writingAt = 0;
    this.#writingEnd = this.#fillingBytes;
    this.#fillingBytes = 0;
    this.#isWriting = true;
    this.#write();
  }

  /** Writes all that was appended so far; false where `timeoutMs` were not enough. */
  flushed(timeoutMs: number): Promise<boolean> {
    this.flush();
    if (!this.#isWriting) return Promise.resolve(true);
    return new Promise((resolve) => {
      const timeout = setTimeout(() => resolve(false), timeoutMs);
      this.#waiting.push(() => {
        clearTimeout(timeout);
        resolve(true);
      });
    });
  }

  /** Goes on with another descriptor, which the writer owns from now on; the old one is closed. */
  replaceDescriptor(descriptor: number): void {
    const old = this.#descriptor;
    this.#descriptor = descriptor;
    this.#isPipe = isPipe(descriptor);
    if (!this.#isWriting) closeQuietly(old);
    else if (this.#retired < 0) this.#retired = old;
    else closeQuietly(old); // replaced twice within one write: nothing was written to it
  }

  #write(): void {
    const at = this.#writingAt;
    const byteCount = this.#chunkEnd() - at;
    write(this.#descriptor, this.#writing, at, byteCount, null, (error, written) => {
      this.#onWritten(error, written);
    });
  }

  #onWritten(error: NodeJS.ErrnoException | null, written: number): void {
    if (this.#retired >= 0) {
      closeQuietly(this.#retired);
      this.#retired = -1;
    }
    if (error !== null && error.code === 'EAGAIN') {
      // Somebody made the pipe non-blocking, and it is full.
      setTimeout(() => this.#write(), RETRY_MS);
      return;
    }
    if (error !== null) {
      const lines = countLines(this.#writing, this.#writingAt, this.#writingEnd);
      this.#writingAt = this.#writingEnd;
      this.#onLost(error, lines);
    } else {
      this.#writingAt += written;
    }
    if (this.#writingAt < this.#writingEnd) {
      this.#write();
      return;
    }
    this.#isWriting = false;
    if (this.#waiting.length > 0) this.#settle();
    else if (this.#fillingBytes > this.#filling.length >> 1) this.flush();
    else if (this.#fillingBytes > 0 && !this.#isTimerSet) this.#setTimer();
  }

  /** Who waits for `flushed` waits until nothing is left. */
  #settle(): void {
    this.flush();
    if (this.#isWriting) return;
    for (const done of this.#waiting.splice(0)) done();
  }

  /** The end of what may be written at once: on a pipe, whole lines that fit PIPE_BUF. */
  #chunkEnd(): number {
    const at = this.#writingAt;
    const end = this.#writingEnd;
    if (!this.#isPipe || end - at <= PIPE_BUF) return end;
    const last = this.#writing.lastIndexOf(NEWLINE, at + PIPE_BUF - 1);
    if (last >= at) return last + 1;
    const next = this.#writing.indexOf(NEWLINE, at + PIPE_BUF); // one line longer than that
    return next < 0 || next >= end ? end : next + 1;
  }

  #setTimer(): void {
    this.#isTimerSet = true;
    if (this.#timer !== null) {
      this.#timer.refresh();
      return;
    }
    this.#timer = setTimeout(() => {
      this.#isTimerSet = false;
      this.flush();
    }, LOG_FLUSH_INTERVAL_MS);
  }
}

function isPipe(descriptor: number): boolean {
  try {
    const stat = fstatSync(descriptor);
    return stat.isFIFO() || stat.isSocket();
  } catch {
    return false; // closed by whoever started us: each write will say so
  }
}

function countLines(bytes: Buffer, start: number, end: number): number {
  let lines = 0;
  for (let i = start; i < end; i++) if (bytes[i] === NEWLINE) lines++;
  return lines;
}

function closeQuietly(descriptor: number): void {
  if (descriptor > 2) close(descriptor, () => {});
}

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  closeSync,
  constants,
  mkdtempSync,
  openSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { setImmediate as setImmediatePromise } from 'node:timers/promises';
import { LineWriter } from './line_writer.ts';

const folder: string = mkdtempSync(join(tmpdir(), 'zproxy-lines-'));
after(() => rmSync(folder, { recursive: true }));

let filesCount = 0;
function newFile(): { path: string; descriptor: number } {
  const path = join(folder, `${++filesCount}.log`);
  return { path, descriptor: openSync(path, 'a') };
}

function append(writer: LineWriter, text: string): boolean {
  const bytes = Buffer.from(`--${text}--`);
  return writer.append(bytes, 2, bytes.length - 2);
}

function failOnLoss(error: Error): void {
  throw error;
}

/** A named pipe: a descriptor as a worker's standard output is one, and one to read from. */
function newPipe(): { writeEnd: number; readEnd: number } {
  const path = join(folder, `${++filesCount}.fifo`);
  execFileSync('sh', ['-c', 'mkfifo "$0"', path]);
  const readEnd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  return { writeEnd: openSync(path, constants.O_WRONLY), readEnd };
}

/** What is in the pipe now. */
function drainPipe(descriptor: number): string {
  const chunk = Buffer.alloc(65_536);
  let text = '';
  for (;;) {
    try {
      const count = readSync(descriptor, chunk);
      if (count === 0) return text;
      text += chunk.toString('latin1', 0, count);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EAGAIN') return text;
      throw error;
    }
  }
}

test('LineWriter writes what was appended, in order, on a timer', async () => {
  const { path, descriptor } = newFile();
  const writer = new LineWriter({ descriptor, capacityBytes: 4096, onLost: failOnLoss });
  for (let i = 0; i < 20; i++) assert.ok(append(writer, `line ${i}\n`));
  assert.equal(await writer.flushed(5_000), true);
  const expected = Array.from({ length: 20 }, (_, i) => `line ${i}\n`).join('');
  assert.equal(readFileSync(path, 'utf8'), expected);
  closeSync(descriptor);
});

test('LineWriter drops a line that finds both buffers full', async () => {
  const { path, descriptor } = newFile();
  const writer = new LineWriter({ descriptor, capacityBytes: 100, onLost: failOnLoss });
  const line = `${'x'.repeat(39)}\n`;
  let taken = 0;
  for (let i = 0; i < 10; i++) if (append(writer, line)) taken++;
  assert.ok(taken >= 4 && taken < 10, `${taken} lines were taken`);
  assert.equal(append(writer, `${'y'.repeat(200)}\n`), false, 'a line larger than the buffer');
  assert.equal(await writer.flushed(5_000), true);
  assert.ok(append(writer, line));
  assert.equal(await writer.flushed(5_000), true);
  assert.equal(readFileSync(path, 'utf8'), line.repeat(taken + 1));
  closeSync(descriptor);
});

test('LineWriter reports how many lines a failed write lost', async () => {
  const descriptor = openSync('/dev/full', 'a');
  const lost: [string | undefined, number][] = [];
  const writer = new LineWriter({
    descriptor,
    capacityBytes: 4096,
    onLost: (error, lines) => lost.push([error.code, lines]),
  });
  append(writer, 'one\ntwo\n');
  append(writer, 'three\n');
  assert.equal(await writer.flushed(5_000), true);
  assert.deepEqual(lost, [['ENOSPC', 3]]);
  closeSync(descriptor);
});

test('LineWriter.replaceDescriptor() goes on in the new file and closes the old one', async () => {
  const first = newFile();
  const writer = new LineWriter({
    descriptor: first.descriptor,
    capacityBytes: 4096,
    onLost: failOnLoss,
  });
  append(writer, 'old\n');
  await writer.flushed(5_000);
  renameSync(first.path, `${first.path}.1`);
  writer.replaceDescriptor(openSync(first.path, 'a'));
  append(writer, 'new\n');
  await writer.flushed(5_000);
  assert.equal(readFileSync(`${first.path}.1`, 'utf8'), 'old\n');
  assert.equal(readFileSync(first.path, 'utf8'), 'new\n');
});

test('LineWriter does not wait for a pipe that nobody reads', async () => {
  const { writeEnd, readEnd } = newPipe();
  const writer = new LineWriter({
    descriptor: writeEnd,
    capacityBytes: 65_536,
    onLost: failOnLoss,
  });
  const line = `${'x'.repeat(299)}\n`;
  let taken = 0;
  let dropped = 0;
  for (let round = 0; round < 50; round++) {
    for (let i = 0; i < 100; i++) {
      if (append(writer, line)) taken++;
      else dropped++;
    }
    await setImmediatePromise();
  }
  assert.ok(dropped > 0 && taken > 0, `${taken} taken, ${dropped} dropped`);
  assert.equal(await writer.flushed(20), false);
  let text = '';
  const flushed = writer.flushed(10_000);
  let isFlushed = false;
  void flushed.then(() => {
    isFlushed = true;
  });
  while (!isFlushed) {
    text += drainPipe(readEnd);
    await setImmediatePromise();
  }
  text += drainPipe(readEnd);
  assert.equal(await flushed, true);
  assert.equal(text, line.repeat(taken));
  closeSync(writeEnd);
  closeSync(readEnd);
});

test('LineWriter never mixes the lines of two writers of one pipe', async () => {
  const { writeEnd, readEnd } = newPipe();
  const options = { descriptor: writeEnd, capacityBytes: 32_768, onLost: failOnLoss };
  const writers = [new LineWriter(options), new LineWriter(options)];
  const wanted = [0, 0];
  for (let i = 0; i < 300; i++) {
    writers.forEach((writer, index) => {
      const line = `${String(index).repeat(50 + (i % 40))}\n`;
      if (append(writer, line)) wanted[index]!++;
    });
  }
  const flushed = Promise.all(writers.map((writer) => writer.flushed(10_000)));
  let isFlushed = false;
  void flushed.then(() => {
    isFlushed = true;
  });
  let text = '';
  while (!isFlushed) {
    text += drainPipe(readEnd);
    await setImmediatePromise();
  }
  text += drainPipe(readEnd);
  const lines = text.split('\n').slice(0, -1);
  assert.ok(lines.every((line) => /^(0+|1+)$/.test(line)));
  assert.equal(lines.filter((line) => line[0] === '0').length, wanted[0]);
  assert.equal(lines.filter((line) => line[0] === '1').length, wanted[1]);
  closeSync(writeEnd);
  closeSync(readEnd);
});

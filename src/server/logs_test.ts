import assert from 'node:assert/strict';
import { mkdtempSync, openSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { LogLevel, type LogSink } from '../base/log_sink.ts';
import { CELLS_COUNT, Cell } from '../base/metrics_cells.ts';
import { AccessLogWriter } from './access_log_writer.ts';
import { StderrLog } from './log.ts';

const folder: string = mkdtempSync(join(tmpdir(), 'zproxy-logs-'));
after(() => rmSync(folder, { recursive: true }));

function recorder(): { lines: string[]; log: LogSink } {
  const lines: string[] = [];
  return { lines, log: { log: (_level, message) => lines.push(message) } };
}

test('AccessLogWriter appends, counts lines and reopens a renamed file', async () => {
  const path = join(folder, 'access.log');
  const cells = new Float64Array(CELLS_COUNT);
  const { lines, log } = recorder();
  const writer = new AccessLogWriter(path, cells, log);
  const line = Buffer.from('..GET /\n..');
  assert.ok(writer.writeLine(line, 2, 8));
  assert.ok(await writer.flushed(5_000));
  renameSync(path, `${path}.1`);
  writer.reopen();
  assert.ok(writer.writeLine(line, 2, 8));
  assert.ok(await writer.flushed(5_000));
  assert.equal(readFileSync(`${path}.1`, 'utf8'), 'GET /\n');
  assert.equal(readFileSync(path, 'utf8'), 'GET /\n');
  assert.equal(statSync(path).mode & 0o137, 0, 'not for everybody');
  assert.equal(cells[Cell.LOG_LINES_DROPPED], 0);
  assert.deepEqual(lines, []);
});

test('AccessLogWriter keeps the old file where the new one cannot be opened', async () => {
  const place = mkdtempSync(join(folder, 'place-'));
  const path = join(place, 'access.log');
  const { lines, log } = recorder();
  const writer = new AccessLogWriter(path, new Float64Array(CELLS_COUNT), log);
  renameSync(place, `${place}-moved`);
  writer.reopen();
  assert.match(lines[0]!, /not reopened, the old file stays: ENOENT/);
  writer.writeLine(Buffer.from('x\n'), 0, 2);
  await writer.flushed(5_000);
  assert.equal(readFileSync(join(`${place}-moved`, 'access.log'), 'utf8'), 'x\n');
});

test('AccessLogWriter counts lines that a full disk loses and reports once', async () => {
  const cells = new Float64Array(CELLS_COUNT);
  cells[Cell.LOG_LINES] = 5; // as its caller counts what is taken
  const { lines, log } = recorder();
  const writer = new AccessLogWriter('/dev/full', cells, log);
  for (let i = 0; i < 3; i++) {
    writer.writeLine(Buffer.from('x\n'), 0, 2);
    await writer.flushed(5_000);
  }
  assert.equal(cells[Cell.LOG_LINES], 2);
  assert.equal(cells[Cell.LOG_LINES_DROPPED], 3);
  assert.deepEqual(lines, ['access log lines are lost: writing to /dev/full: ENOSPC']);
});

test('AccessLogWriter throws where its file cannot be opened', () => {
  const { log } = recorder();
  const path = join(folder, 'none', 'access.log');
  assert.throws(() => new AccessLogWriter(path, new Float64Array(CELLS_COUNT), log), /ENOENT/);
});

test('StderrLog writes one line per message with time, level and prefix', async () => {
  const path = join(folder, 'stderr');
  const log = new StderrLog('worker 1: ', LogLevel.INFO, openSync(path, 'a'));
  log.log(LogLevel.WARN, 'first\n  second');
  log.log(LogLevel.DEBUG, 'not shown');
  log.log(LogLevel.INFO, 'third');
  assert.ok(await log.flushed(5_000));
  const lines = readFileSync(path, 'utf8').split('\n');
  assert.match(lines[0]!, /^\d{4}-\d\d-\d\dT[\d:.]+Z warn worker 1: first \| second$/);
  assert.match(lines[1]!, /Z info worker 1: third$/);
  assert.equal(lines.length, 3);
  assert.equal(log.lostCount, 0);
});

test('AccessLogWriter moves to another file, which is opened before', async () => {
  const [first, second] = [join(folder, 'moved_a.log'), join(folder, 'moved_b.log')];
  const line = Buffer.from('line\n');
  const writer = new AccessLogWriter(first, new Float64Array(CELLS_COUNT), { log: () => {} });
  writer.writeLine(line, 0, line.length);
  writer.moveTo(first, writer.open(first));
  const opened = writer.open(second);
  writer.writeLine(line, 0, line.length);
  await writer.flushed(1_000);
  writer.moveTo(second, opened);
  writer.writeLine(line, 0, line.length);
  await writer.flushed(1_000);
  assert.equal(readFileSync(first, 'utf8'), 'line\nline\n');
  assert.equal(readFileSync(second, 'utf8'), 'line\n');
  writer.moveTo(null, writer.open(null));
  assert.equal(writer.writeLine(line, 0, line.length), true, 'of an exchange from before');
  await writer.flushed(1_000);
  assert.equal(readFileSync(second, 'utf8'), 'line\nline\n');
  assert.throws(() => writer.open(join(folder, 'none', 'c.log')), /ENOENT/);
  writer.abandon(writer.open(first));
});

// The pump between a scripted reader and a scripted writer: order, back pressure, ends, what it
// lets go of.

import { strict as assert } from 'node:assert';
import { describe, it } from 'node:test';
import { ScriptedMemory } from '../../tests/support/scripted_streams.ts';
import { AssertionError } from '../base/assert.ts';
import { FieldId } from '../http/field_names.ts';
import { HeaderBlock } from '../http/header_block.ts';
import { BodyPump, type BodySink, type BodySource } from './body_pump.ts';

describe('BodyPump', () => {
  it('reads ahead while the writer has a chunk, and holds it until the writer is free', () => {
    const t = new Bench();
    t.pump.setSink(t.sink);
    t.open();
    t.chunk('a');
    assert.deepEqual(t.take(), ['read', 'body a', 'read']);
    t.chunk('b');
    assert.deepEqual(t.take(), []);
    t.pump.onWritable();
    assert.deepEqual(t.take(), ['body b', 'read']);
    t.pump.onWritable();
    t.chunk('c');
    assert.deepEqual(t.take(), ['body c', 'read']);
    t.pump.onEnd(null);
    assert.deepEqual(t.take(), ['end']);
    t.assertClean();
  });

  it('does not ask for more after the last chunk', () => {
    const t = new Bench();
    t.pump.setSink(t.sink);
    t.open();
    t.chunk('a', true);
    t.pump.onEnd(null);
    assert.deepEqual(t.take(), ['read', 'body a (last)', 'end']);
    assert.equal(t.pump.isDone, true);
    t.assertClean();
  });

  it('writes a held last chunk and the end together', () => {
    const t = new Bench();
    t.pump.setSink(t.sink);
    t.open();
    t.chunk('a');
    t.chunk('b', true);
    t.pump.onEnd(null);
    assert.deepEqual(t.take(), ['read', 'body a', 'read']);
    assert.equal(t.pump.isDone, false);
    assert.equal(t.pump.isRead, true);
    t.pump.onWritable();
    assert.deepEqual(t.take(), ['body b (last)', 'end']);
    t.assertClean();
  });

  it('keeps trailers that came while a chunk was held', () => {
    const t = new Bench();
    t.pump.setSink(t.sink);
    t.open();
    t.chunk('a');
    t.chunk('b');
    t.endWithTrailer('X-Sum', '42');
    t.pump.onWritable();
    assert.equal(t.take().at(-1), 'end X-Sum=42');
    t.assertClean();
  });

  it('gives trailers back when it is stopped', () => {
    const t = new Bench();
    t.pump.setSink(t.sink);
    t.open();
    t.chunk('a');
    t.chunk('b');
    t.endWithTrailer('X-Sum', '42');
    t.pump.stop();
    t.assertClean();
  });

  it('reads one chunk ahead of a writer that is not known yet', () => {
    const t = new Bench();
    t.open();
    t.chunk('a');
    assert.deepEqual(t.take(), ['read']);
    t.pump.setSink(t.sink);
    assert.deepEqual(t.take(), ['body a', 'read']);
    t.pump.stop();
    t.assertClean();
  });

  it('takes an end that comes before it was started', () => {
    const t = new Bench();
    t.pump.open(t.source);
    t.pump.onEnd(null);
    t.pump.start();
    t.pump.setSink(t.sink);
    assert.deepEqual(t.take(), ['end']);
    t.assertClean();
  });

  it('repeats a body of nothing for another writer', () => {
    const t = new Bench();
    t.pump.setSink(t.sink);
    t.open();
    t.pump.onEnd(null);
    t.pump.clearSink();
    t.pump.setSink(t.sink);
    assert.deepEqual(t.take(), ['read', 'end', 'end']);
  });

  it('hands a held chunk to the next writer', () => {
    const t = new Bench();
    t.open();
    t.pump.setSink(t.sink);
    t.pump.clearSink();
    t.chunk('a', true);
    t.pump.onEnd(null);
    t.pump.setSink(t.sink);
    assert.deepEqual(t.take(), ['read', 'body a (last)', 'end']);
    t.assertClean();
  });

  it('does not let go of a writer that has a chunk', () => {
    const t = new Bench();
    t.pump.setSink(t.sink);
    t.open();
    t.chunk('a');
    assert.throws(() => t.pump.clearSink(), AssertionError);
  });

  it('drops what comes after it was stopped', () => {
    const t = new Bench();
    t.pump.setSink(t.sink);
    t.open();
    t.chunk('a');
    t.chunk('b');
    t.take();
    t.pump.stop();
    t.chunk('c');
    t.pump.onWritable();
    t.pump.onEnd(null);
    assert.deepEqual(t.take(), []);
    t.assertClean();
  });

  it('counts the bytes of its reader and begins anew', () => {
    const t = new Bench();
    t.open();
    t.chunk('abc');
    assert.equal(t.pump.byteCount, 3);
    t.pump.stop();
    t.open();
    assert.equal(t.pump.byteCount, 0);
    assert.equal(t.pump.isWritten, false);
    t.pump.stop();
    t.assertClean();
  });
});

class Bench {
  readonly memory: ScriptedMemory = new ScriptedMemory();
  readonly pump: BodyPump = new BodyPump(this.memory.pool);
  readonly calls: string[] = [];
  readonly source: BodySource = { readBody: () => void this.calls.push('read') };
  readonly sink: BodySink = {
    writeBody: (buffer, start, end, isLast) => {
      this.calls.push(`body ${this.memory.text(start, end)}${isLast ? ' (last)' : ''}`);
      this.memory.pool.release(buffer);
    },
    endBody: (trailers) => void this.calls.push(`end${this.memory.trailerText(trailers)}`),
  };

  open(): void {
    this.pump.open(this.source);
    this.pump.start();
  }

  chunk(text: string, isLast = false): void {
    const { buffer, start, end } = this.memory.fill(text);
    this.pump.onChunk(buffer, start, end, isLast);
  }

  /** The bytes of the trailers are gone when the call returns. */
  endWithTrailer(name: string, value: string): void {
    const { buffer, start } = this.memory.fill(name + value);
    const trailers = new HeaderBlock();
    const nameEnd = start + name.length;
    trailers.add(start, nameEnd, nameEnd, nameEnd + value.length, FieldId.UNKNOWN);
    this.pump.onEnd(trailers);
    this.memory.pool.release(buffer);
    trailers.clear();
  }

  take(): string[] {
    return this.calls.splice(0);
  }

  assertClean(): void {
    assert.equal(this.memory.pool.ownedCount, 0);
  }
}

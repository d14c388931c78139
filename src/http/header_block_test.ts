import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AssertionError } from '../base/assert.ts';
import { FIELDS_COUNT_MAX } from '../base/limits.ts';
import { FieldId } from './field_names.ts';
import { HeaderBlock } from './header_block.ts';

function blockOf(...ids: FieldId[]): HeaderBlock {
  const block = new HeaderBlock();
  for (const [index, id] of ids.entries()) {
    block.addLine(index * 10, index * 10 + 4, index * 10 + 6, index * 10 + 8, id);
  }
  return block;
}

test('HeaderBlock.find() finds fields in order and skips removed ones', () => {
  const block = blockOf(FieldId.VIA, FieldId.HOST, FieldId.VIA, FieldId.RETRY_AFTER);
  assert.equal(block.find(FieldId.VIA), 0);
  assert.equal(block.find(FieldId.VIA, 1), 2);
  assert.equal(block.find(FieldId.RETRY_AFTER), 3);
  block.remove(0);
  assert.equal(block.find(FieldId.VIA), 2);
  block.removeAll(FieldId.VIA);
  assert.equal(block.find(FieldId.VIA), -1);
  assert.equal(block.find(FieldId.DATE), -1);
});

test('HeaderBlock.mayHave() is never wrong when it says no', () => {
  for (const id of Object.values(FieldId)) {
    const block = blockOf(id);
    assert.ok(block.mayHave(id));
    block.clear();
    assert.ok(!block.mayHave(id));
  }
});

test('HeaderBlock.replaceValue() gives a field another value that is no line any more', () => {
  const block = blockOf(FieldId.HOST);
  assert.ok(block.isLine(0));
  block.replaceValue(0, 100, 104);
  assert.ok(!block.isLine(0));
  assert.equal(block.valueStart(0), 100);
  assert.equal(block.valueEnd(0), 104);
  assert.equal(block.nameEnd(0), 4);
});

test('HeaderBlock is full at the limit of received fields and asserts beyond its capacity', () => {
  const block = new HeaderBlock();
  for (let i = 0; i < FIELDS_COUNT_MAX; i++) block.add(0, 1, 2, 3, FieldId.UNKNOWN);
  assert.ok(block.isFull);
  for (let i = 0; i < 24; i++) block.add(0, 1, 2, 3, FieldId.UNKNOWN);
  assert.throws(() => block.add(0, 1, 2, 3, FieldId.UNKNOWN), AssertionError);
});

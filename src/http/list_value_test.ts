import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ListReader } from './list_value.ts';

function elements(text: string): string[] {
  const bytes = Buffer.from(`x${text}x`, 'latin1');
  const reader = new ListReader(bytes);
  reader.begin(1, 1 + text.length);
  const found: string[] = [];
  while (reader.next()) found.push(bytes.toString('latin1', reader.start, reader.end));
  assert.equal(reader.next(), false);
  return found;
}

test('ListReader walks elements without white space around them', () => {
  assert.deepEqual(elements('a'), ['a']);
  assert.deepEqual(elements('a, b\t,\tc d ,e'), ['a', 'b', 'c d', 'e']);
});

test('ListReader skips empty elements', () => {
  assert.deepEqual(elements(''), []);
  assert.deepEqual(elements(' , ,'), []);
  assert.deepEqual(elements(',a,,b, '), ['a', 'b']);
});

test('ListReader does not split quoted strings', () => {
  assert.deepEqual(elements('for="a,b";by=c, for="\\",";x'), ['for="a,b";by=c', 'for="\\",";x']);
  assert.deepEqual(elements('"a, b'), ['"a, b']);
  assert.deepEqual(elements('"a\\'), ['"a\\']);
});

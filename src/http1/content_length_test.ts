import assert from 'node:assert/strict';
import { test } from 'node:test';
import { endOfDigits, parseContentLength, skipLeadingZeros } from './content_length.ts';

function parse(text: string): number {
  const bytes = Buffer.from(`9${text}9`, 'latin1');
  return parseContentLength(bytes, 1, 1 + text.length);
}

test('parseContentLength() reads plain digits and lists of equal numbers', () => {
  assert.equal(parse('0'), 0);
  assert.equal(parse('42'), 42);
  assert.equal(parse('0042'), 42);
  assert.equal(parse('9007199254740991'), Number.MAX_SAFE_INTEGER);
  assert.equal(parse('42, 42'), 42);
  assert.equal(parse('42,42 ,\t042'), 42);
});

test('parseContentLength() refuses all else', () => {
  for (const text of [
    '',
    ' ',
    '+1',
    '-1',
    '-0',
    '0x1',
    '1.0',
    '1e3',
    '1 2',
    '1,',
    ',1',
    '1,,1',
    '1,2',
    '1;1',
    '1a',
    '\xb9',
    '9007199254740992',
    '9007199254740993',
    '18446744073709551616',
    '00000000000000000001',
  ]) {
    assert.equal(parse(text), -1, JSON.stringify(text));
  }
});

test('endOfDigits() and skipLeadingZeros() find the number in a list', () => {
  const bytes = Buffer.from('0007, 7', 'latin1');
  assert.equal(endOfDigits(bytes, 0, 7), 4);
  assert.equal(skipLeadingZeros(bytes, 0, 4), 3);
  assert.equal(skipLeadingZeros(bytes, 0, 3), 2);
});

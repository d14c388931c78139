import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  equalsIgnoreCase,
  equalsText,
  latin1Text,
  rangesEqualIgnoreCase,
  writeDecimal,
} from './text.ts';

const bytes = Buffer.from('Hello HELLO w\xe9rld', 'latin1');

test('latin1Text() makes one character of each byte', () => {
  assert.equal(latin1Text(bytes, 12, 17), 'w\xe9rld');
  assert.equal(latin1Text(bytes, 3, 3), '');
});

test('equalsText() compares to the byte, equalsIgnoreCase() folds ASCII letters only', () => {
  assert.equal(equalsText(bytes, 0, 5, 'Hello'), true);
  assert.equal(equalsText(bytes, 0, 5, 'hello'), false);
  assert.equal(equalsText(bytes, 0, 4, 'Hello'), false);
  assert.equal(equalsIgnoreCase(bytes, 6, 11, 'hello'), true);
  assert.equal(equalsIgnoreCase(bytes, 12, 17, 'w\xc9rld'), false);
  assert.equal(equalsIgnoreCase(Buffer.from('@[`{'), 0, 4, '`{`{'), false);
});

test('rangesEqualIgnoreCase() compares two ranges', () => {
  assert.equal(rangesEqualIgnoreCase(bytes, 0, 5, 6, 11), true);
  assert.equal(rangesEqualIgnoreCase(bytes, 0, 5, 6, 10), false);
  assert.equal(rangesEqualIgnoreCase(bytes, 0, 5, 12, 17), false);
});

test('writeDecimal() writes any safe integer', () => {
  const out = new Uint8Array(20);
  for (const value of [0, 9, 10, 99, 100, 4_294_967_296, Number.MAX_SAFE_INTEGER]) {
    const end = writeDecimal(out, 1, value);
    assert.equal(latin1Text(out, 1, end), String(value));
  }
});

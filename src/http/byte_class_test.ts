import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BYTE_CLASS, ByteClass, HEX_VALUE, NOT_HEX } from './byte_class.ts';

function charactersOf(bit: number): string {
  let text = '';
  for (let byte = 0; byte < 128; byte++) {
    if ((BYTE_CLASS[byte]! & bit) !== 0) text += String.fromCharCode(byte);
  }
  return text;
}

const DIGITS = '0123456789';
const UPPER = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ';
const LOWER = 'abcdefghijklmnopqrstuvwxyz';

test('BYTE_CLASS: tchar is what RFC 9110 section 5.6.2 lists', () => {
  assert.equal(charactersOf(ByteClass.TOKEN), `!#$%&'*+-.${DIGITS}${UPPER}^_\`${LOWER}|~`);
  assert.equal(charactersOf(ByteClass.UNDERSCORE), '_');
});

test('BYTE_CLASS: a value has HTAB, SP, VCHAR and obs-text', () => {
  for (let byte = 0; byte < 256; byte++) {
    const isWanted = byte === 9 || (byte >= 32 && byte !== 127);
    assert.equal((BYTE_CLASS[byte]! & ByteClass.VALUE) !== 0, isWanted, String(byte));
  }
});

test('BYTE_CLASS: a target has all visible ASCII but the fragment', () => {
  for (let byte = 0; byte < 256; byte++) {
    const isWanted = byte > 32 && byte < 127 && byte !== 0x23;
    assert.equal((BYTE_CLASS[byte]! & ByteClass.TARGET) !== 0, isWanted, String(byte));
    const isPlain = isWanted && !'%?.\\'.includes(String.fromCharCode(byte));
    assert.equal((BYTE_CLASS[byte]! & ByteClass.PATH) !== 0, isPlain, String(byte));
  }
});

test('BYTE_CLASS: host and unreserved are those of RFC 3986', () => {
  assert.equal(charactersOf(ByteClass.UNRESERVED), `-.${DIGITS}${UPPER}_${LOWER}~`);
  assert.equal(charactersOf(ByteClass.HOST), `!$&'()*+,-.${DIGITS};=${UPPER}_${LOWER}~`);
  for (let byte = 128; byte < 256; byte++) {
    assert.equal(BYTE_CLASS[byte]! & ~ByteClass.VALUE, 0, 'obs-text is for values only');
  }
});

test('HEX_VALUE agrees with parseInt', () => {
  for (let byte = 0; byte < 256; byte++) {
    const character = String.fromCharCode(byte);
    const value = /^[0-9a-fA-F]$/.test(character) ? Number.parseInt(character, 16) : NOT_HEX;
    assert.equal(HEX_VALUE[byte], value);
  }
});

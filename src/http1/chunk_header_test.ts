import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ChunkHeader } from './chunk_header.ts';
import { BodyResult } from './decode_result.ts';

// RFC 9112 section 7.1 and 7.1.1 as an expression.
const TOKEN = "[!#$%&'*+\\-.^_`|~0-9A-Za-z]+";
const QUOTED =
  '"(?:[\\t \\x21\\x23-\\x5b\\x5d-\\x7e\\x80-\\xff]|\\\\[\\t \\x21-\\x7e\\x80-\\xff])*"';
const EXTENSION = `[ \\t]*;[ \\t]*${TOKEN}(?:[ \\t]*=[ \\t]*(?:${TOKEN}|${QUOTED}))?`;
const LINE = new RegExp(`^([0-9A-Fa-f]{1,16})((?:${EXTENSION})*)\\r\\n$`);

function decode(text: string): { result: BodyResult; size: number; at: number } {
  const header = new ChunkHeader();
  header.begin();
  const bytes = Buffer.from(text, 'latin1');
  const result = header.decode(bytes, 0, bytes.length);
  return { result, size: header.size, at: header.at };
}

test('ChunkHeader stops behind the CRLF', () => {
  const decoded = decode('1aF;x="\r');
  assert.equal(decoded.result, BodyResult.INVALID);
  assert.deepEqual(decode('1aF\r\n5'), { result: BodyResult.END, size: 0x1af, at: 5 });
  assert.deepEqual(decode('1aF\r'), { result: BodyResult.MORE, size: 0x1af, at: 4 });
});

test('ChunkHeader in each state refuses every byte that the grammar does not have there', () => {
  // One prefix per state, and how a line that went on well could end.
  const prefixes = [
    '',
    '5',
    '5 ',
    '5;',
    '5;a',
    '5;a ',
    '5;a=',
    '5;a=b',
    '5;a="',
    '5;a="\\',
    '5;a=""',
  ];
  const endings = ['', '\r\n', '\n', '5\r\n', ';a\r\n', 'a\r\n', '=a\r\n', '"\r\n', 'a"\r\n'];
  for (const prefix of [...prefixes, '5\r', '5;a=b ']) {
    for (let byte = 0; byte < 256; byte++) {
      const text = prefix + String.fromCharCode(byte);
      const canGoOn = endings.some((ending) => LINE.test(text + ending));
      const isRefused = decode(text).result === BodyResult.INVALID;
      assert.equal(isRefused, !canGoOn, JSON.stringify(text));
    }
  }
});

test('ChunkHeader agrees with the grammar, however a line is cut', () => {
  const piece = fc.constantFrom('5', 'a', ';', '=', '"', '\\', ' ', '\t', '\r', '\n', '\0', 'x=y');
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 8 }), (pieces) => {
      const text = `1${pieces.join('')}\r\n`;
      const bytes = Buffer.from(text, 'latin1');
      const firstLine = text.indexOf('\r\n') === text.length - 2;
      if (firstLine) {
        assert.equal(decode(text).result === BodyResult.END, LINE.test(text), text);
      }
      const whole = decode(text);
      const header = new ChunkHeader();
      header.begin();
      let result: BodyResult = BodyResult.MORE;
      for (let i = 0; i < bytes.length && result === BodyResult.MORE; i++) {
        result = header.decode(bytes, i, i + 1);
      }
      assert.equal(result, whole.result);
      if (result === BodyResult.END) assert.equal(header.size, whole.size);
    }),
    { numRuns: 2000 },
  );
});

test('ChunkHeader counts extension bytes over a body, and begin() forgets them', () => {
  const header = new ChunkHeader();
  const line = Buffer.from(`1;${'a'.repeat(2045)}\r\n`, 'latin1');
  header.begin();
  assert.equal(header.decode(line, 0, line.length), BodyResult.END);
  assert.equal(header.decode(line, 0, line.length), BodyResult.END);
  assert.equal(header.decode(line, 0, line.length), BodyResult.INVALID);
  header.begin();
  assert.equal(header.decode(line, 0, line.length), BodyResult.END);
});

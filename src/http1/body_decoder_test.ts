import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Arena } from '../base/arena.ts';
import { Framing } from '../http/message_head.ts';
import { latin1Text } from '../http/text.ts';
import { BodyDecoder } from './body_decoder.ts';
import { BodyResult } from './decode_result.ts';

const AT = 70_000;
const arena = new Arena(2 * 65_536);

function put(text: string, at = AT): number {
  arena.bytes.set(Buffer.from(text, 'latin1'), at);
  return at + text.length;
}

function body(decoder: BodyDecoder): string {
  return latin1Text(arena.bytes, decoder.dataStart, decoder.dataEnd);
}

function trailers(decoder: BodyDecoder): string[] {
  const fields = decoder.trailers;
  const lines: string[] = [];
  for (let i = 0; i < fields.count; i++) {
    lines.push(
      latin1Text(arena.bytes, fields.nameStart(i), fields.nameEnd(i)),
      latin1Text(arena.bytes, fields.valueStart(i), fields.valueEnd(i)),
    );
  }
  return lines;
}

test('BodyDecoder hands out a body with a length and leaves what follows', () => {
  const decoder = new BodyDecoder(arena);
  decoder.begin(Framing.LENGTH, 8);
  assert.equal(decoder.remaining(), 8);
  assert.equal(decoder.decode(AT, put('hello')), BodyResult.MORE);
  assert.equal(body(decoder), 'hello');
  assert.equal(decoder.remaining(), 3);
  assert.equal(decoder.decode(AT, put('abcdef')), BodyResult.END);
  assert.equal(body(decoder), 'abc');
  assert.equal(decoder.consumedEnd, AT + 3);
  assert.equal(decoder.trailers.count, 0);
});

test('BodyDecoder ends a body of no bytes at once', () => {
  const decoder = new BodyDecoder(arena);
  for (const [framing, length] of [
    [Framing.LENGTH, 0],
    [Framing.NONE, -1],
  ] as const) {
    decoder.begin(framing, length);
    assert.equal(decoder.decode(AT, put('GET')), BodyResult.END);
    assert.equal(body(decoder), '');
    assert.equal(decoder.consumedEnd, AT);
    assert.equal(decoder.endOfInput(), BodyResult.END);
  }
});

test('BodyDecoder reads until the connection closes', () => {
  const decoder = new BodyDecoder(arena);
  decoder.begin(Framing.CLOSE, -1);
  assert.equal(decoder.remaining(), -1);
  assert.equal(decoder.decode(AT, put('abc')), BodyResult.MORE);
  assert.equal(body(decoder), 'abc');
  assert.equal(decoder.endOfInput(), BodyResult.END);
});

test('BodyDecoder takes an early end of the connection for an error', () => {
  const decoder = new BodyDecoder(arena);
  decoder.begin(Framing.LENGTH, 5);
  decoder.decode(AT, put('abc'));
  assert.equal(decoder.endOfInput(), BodyResult.INVALID);
  for (const text of ['', '5', '5\r\nabc', '1\r\na\r\n0\r\n', '0\r\nX: y\r\n', '0\r\n\r']) {
    decoder.begin(Framing.CHUNKED, -1);
    decoder.decode(AT, put(text));
    assert.equal(decoder.endOfInput(), BodyResult.INVALID, JSON.stringify(text));
  }
});

test('BodyDecoder moves payloads together and touches nothing behind the body', () => {
  const decoder = new BodyDecoder(arena);
  decoder.begin(Framing.CHUNKED, -1);
  const end = put('3\r\nabc\r\n2;x=y\r\nde\r\n1\r\nf\r\n0\r\n\r\nGET / HTTP/1.1\r\n');
  assert.equal(decoder.decode(AT, end), BodyResult.END);
  assert.equal(decoder.dataStart, AT + 3);
  assert.equal(body(decoder), 'abcdef');
  assert.equal(latin1Text(arena.bytes, decoder.consumedEnd, end), 'GET / HTTP/1.1\r\n');
});

test('BodyDecoder leaves room for the framing of the forwarded chunk', () => {
  const decoder = new BodyDecoder(arena);
  decoder.begin(Framing.CHUNKED, -1);
  assert.equal(decoder.decode(AT, put('1\r\na\r\n0\r\n\r\nNEXT')), BodyResult.END);
  // closeLastChunk() writes 7 bytes behind the payload.
  assert.ok(decoder.consumedEnd - decoder.dataEnd >= 7);
  decoder.begin(Framing.CHUNKED, -1);
  assert.equal(decoder.decode(AT, put('1\r\na\r\n1\r\n')), BodyResult.MORE);
  assert.ok(decoder.consumedEnd - decoder.dataEnd >= 2);
});

test('BodyDecoder hands out nothing of a call that met an error, and stays refused', () => {
  const decoder = new BodyDecoder(arena);
  decoder.begin(Framing.CHUNKED, -1);
  assert.equal(decoder.decode(AT, put('3\r\nabc\r\nx\r\n')), BodyResult.INVALID);
  assert.equal(body(decoder), '');
  assert.equal(decoder.decode(AT, put('0\r\n\r\n')), BodyResult.INVALID);
  assert.equal(decoder.endOfInput(), BodyResult.INVALID);
  decoder.begin(Framing.CHUNKED, -1);
  assert.equal(decoder.decode(AT, put('0\r\n\r\n')), BodyResult.END);
});

test('BodyDecoder keeps the trailers of one body from the next', () => {
  const decoder = new BodyDecoder(arena);
  const other = new BodyDecoder(arena, false);
  decoder.begin(Framing.CHUNKED, -1);
  assert.equal(decoder.decode(AT, put('0\r\nX-A: 1\r\nX_B: 2\r\n')), BodyResult.MORE);
  other.begin(Framing.CHUNKED, -1); // interleaved on the same arena
  assert.equal(other.decode(AT, put('0\r\nX_Y: 3\r\n\r\n')), BodyResult.END);
  assert.deepEqual(trailers(other), ['X_Y', '3']);
  assert.equal(decoder.decode(AT, put('X-C:\r\n\r\n')), BodyResult.END);
  assert.deepEqual(trailers(decoder), ['X-A', '1', 'X-C', '']);
  for (const framing of [Framing.CHUNKED, Framing.LENGTH] as const) {
    decoder.begin(framing, 1);
    assert.equal(decoder.decode(AT, put('0\r\n\r\n')), BodyResult.END);
    assert.deepEqual(trailers(decoder), []);
  }
});

test('BodyDecoder: any body in any chunks, cut anywhere, comes out as it went in', () => {
  const decoder = new BodyDecoder(arena);
  const chunk = fc.uint8Array({ minLength: 1, maxLength: 40 });
  fc.assert(
    fc.property(
      fc.array(chunk, { maxLength: 6 }),
      fc.array(fc.nat(400), { maxLength: 6 }),
      (chunks, places) => {
        const texts = chunks.map((bytes) => Buffer.from(bytes).toString('latin1'));
        const framed = texts.map((text) => `${text.length.toString(16)}\r\n${text}\r\n`);
        const wire = `${framed.join('')}0\r\n\r\n`;
        const cuts = [...new Set([0, wire.length, ...places.map((p) => p % wire.length)])];
        cuts.sort((a, b) => a - b);
        decoder.begin(Framing.CHUNKED, -1);
        let received = '';
        let result: BodyResult = BodyResult.MORE;
        for (let i = 1; i < cuts.length; i++) {
          assert.equal(result, BodyResult.MORE);
          result = decoder.decode(AT, put(wire.slice(cuts[i - 1], cuts[i])));
          received += body(decoder);
        }
        assert.equal(result, BodyResult.END);
        assert.equal(received, texts.join(''));
      },
    ),
  );
});

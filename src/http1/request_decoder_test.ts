import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Arena } from '../base/arena.ts';
import { Framing, RequestHead, TargetForm } from '../http/message_head.ts';
import { Method } from '../http/methods.ts';
import { latin1Text } from '../http/text.ts';
import { DecodeResult } from './decode_result.ts';
import { RequestDecoder } from './request_decoder.ts';

const LIMITS = {
  headBytesMax: 32_768,
  fieldBytesMax: 16_384,
  fieldsCountMax: 128,
  targetBytesMax: 8_192,
};
const AT = 70_000;
const arena = new Arena(4 * 65_536);

function put(text: string, at = AT): number {
  arena.bytes.set(Buffer.from(text, 'latin1'), at);
  return at + text.length;
}

test('RequestDecoder sets every property of a head that was used before', () => {
  const decoder = new RequestDecoder(arena, LIMITS, false);
  const used = new RequestHead();
  const full =
    'POST http://h/a?b HTTP/1.0\r\nHost: h\r\nContent-Length: 4\r\nConnection: keep-alive\r\n\r\n';
  const rich =
    'PUT /a?b HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nExpect: 100-continue\r\n' +
    'TE: trailers\r\nUpgrade: w\r\nConnection: upgrade, close\r\n\r\n';
  const plain = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';
  for (const text of [full, rich]) {
    assert.equal(decoder.decode(used, AT, put(text), 0), DecodeResult.COMPLETE);
    used.bodyFollows = true;
    const fresh = new RequestHead();
    assert.equal(decoder.decode(used, AT, put(plain), 0), DecodeResult.COMPLETE);
    assert.equal(decoder.decode(fresh, AT, put(plain), 0), DecodeResult.COMPLETE);
    for (const key of Object.keys(fresh) as (keyof RequestHead)[]) {
      if (key !== 'fields') assert.equal(used[key], fresh[key], key);
    }
    assert.equal(used.fields.count, 1);
  }
  assert.equal(used.method, Method.GET);
  assert.equal(used.framing, Framing.NONE);
  assert.equal(used.targetForm, TargetForm.ORIGIN);
});

test('RequestDecoder decodes the heads of two connections in turns', () => {
  const decoder = new RequestDecoder(arena, LIMITS, false);
  const head = new RequestHead();
  const texts = [
    'GET /first/%61 HTTP/1.1\r\nHost: a\r\nX: 1\r\n\r\n',
    'POST /second?x HTTP/1.0\r\nContent-Length: 3\r\n\r\n',
  ];
  const places = [AT, AT + 20_000];
  const scanned = [0, 0];
  const done: string[] = [];
  for (let count = 1; done.length < 2; count++) {
    for (const i of [0, 1]) {
      if (count > texts[i]!.length) continue;
      const end = put(texts[i]!.slice(0, count), places[i]!);
      const result = decoder.decode(head, places[i]!, end, scanned[i]!);
      scanned[i] = decoder.scanned;
      if (result !== DecodeResult.COMPLETE) {
        assert.equal(result, DecodeResult.INCOMPLETE);
        continue;
      }
      done.push(latin1Text(arena.bytes, head.targetStart, head.targetEnd));
      assert.equal(decoder.headEnd, end);
    }
  }
  assert.deepEqual(done.sort(), ['/first/a', '/second?x']);
});

test('RequestDecoder looks at a byte about as often however a head arrives', () => {
  const decoder = new RequestDecoder(arena, LIMITS, false);
  const head = new RequestHead();
  const text =
    `GET /${'a'.repeat(4000)}?${'b'.repeat(4000)} HTTP/1.1\r\nHost: a\r\n` +
    `${'N'.repeat(7000)}: x\r\nY: ${'v'.repeat(15_000)}\r\n\r\n`;
  const end = put(text);
  let scanned = 0;
  for (let at = AT + 1; at <= end; at++) {
    const result = decoder.decode(head, AT, at, scanned);
    scanned = decoder.scanned;
    assert.equal(result, at < end ? DecodeResult.INCOMPLETE : DecodeResult.COMPLETE);
    if (at === end) return;
    // What is looked at again: less than a unit, beside the line's short parts.
    const looked = (scanned >> 24) & 63;
    const lineStart = scanned & 0xffff;
    assert.ok(at - AT - lineStart - looked * 512 < 512 + 16);
  }
});

test('RequestDecoder changes no byte before a head is complete', () => {
  const decoder = new RequestDecoder(arena, LIMITS, false);
  const head = new RequestHead();
  const text = 'GET http://h/%61/../%2f HTTP/1.1\r\nHost: a\r\n\r\n';
  for (let count = 0; count < text.length; count++) {
    put(text);
    decoder.decode(head, AT, AT + count, 0);
    assert.equal(latin1Text(arena.bytes, AT, AT + text.length), text);
  }
});

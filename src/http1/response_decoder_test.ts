import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Arena } from '../base/arena.ts';
import { Framing, ResponseHead } from '../http/message_head.ts';
import { Method } from '../http/methods.ts';
import { DecodeResult } from './decode_result.ts';
import { ResponseDecoder } from './response_decoder.ts';

const LIMITS = {
  headBytesMax: 32_768,
  fieldBytesMax: 16_384,
  fieldsCountMax: 128,
  targetBytesMax: 0,
};
const AT = 70_000;
const arena = new Arena(2 * 65_536);

function put(text: string): number {
  arena.bytes.set(Buffer.from(text, 'latin1'), AT);
  return AT + text.length;
}

test('ResponseDecoder sets every property of a head that was used before', () => {
  const decoder = new ResponseDecoder(arena, LIMITS);
  const used = new ResponseHead();
  const plain = 'HTTP/1.1 204\r\n\r\n';
  for (const text of [
    'HTTP/1.0 200 Fine\r\nContent-Length: 4\r\nX: 1\r\n\r\n',
    'HTTP/1.1 101 Go\r\nUpgrade: w\r\nConnection: upgrade, close\r\n\r\n',
    'HTTP/1.1 200 OK\r\n\r\n',
  ]) {
    const result = decoder.decode(used, Method.GET, AT, put(text), 0);
    assert.equal(result, DecodeResult.COMPLETE);
    used.bodyFollows = true;
    const fresh = new ResponseHead();
    decoder.decode(used, Method.GET, AT, put(plain), 0);
    decoder.decode(fresh, Method.GET, AT, put(plain), 0);
    for (const key of Object.keys(fresh) as (keyof ResponseHead)[]) {
      if (key !== 'fields') assert.equal(used[key], fresh[key], key);
    }
    assert.equal(used.fields.count, 0);
  }
});

test('ResponseDecoder frames the same head by the method that it answers', () => {
  const decoder = new ResponseDecoder(arena, LIMITS);
  const head = new ResponseHead();
  const end = put('HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n');
  for (const [method, framing] of [
    [Method.GET, Framing.LENGTH],
    [Method.HEAD, Framing.NONE],
    [Method.POST, Framing.LENGTH],
    [Method.CONNECT, Framing.NONE],
  ] as const) {
    assert.equal(decoder.decode(head, method, AT, end, 0), DecodeResult.COMPLETE);
    assert.equal(head.framing, framing);
    assert.equal(head.contentLength, 4);
  }
});

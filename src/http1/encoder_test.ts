import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Arena } from '../base/arena.ts';
import { FieldId } from '../http/field_names.ts';
import { HeaderBlock } from '../http/header_block.ts';
import { Framing, RequestHead, ResponseHead } from '../http/message_head.ts';
import { Method } from '../http/methods.ts';
import { latin1Text } from '../http/text.ts';
import { Http1Encoder } from './encoder.ts';

const OUT = 80_000;
const arena = new Arena(4 * 65_536);
const encoder = new Http1Encoder(arena);

function put(text: string): [number, number] {
  const range = arena.writeStatic(text);
  return [range.start, range.end];
}

function add(
  fields: HeaderBlock,
  name: string,
  value: string,
  id: FieldId = FieldId.UNKNOWN,
): void {
  fields.add(...put(name), ...put(value), id);
}

function request(framing: Framing, contentLength: number): RequestHead {
  const head = new RequestHead();
  [head.methodStart, head.methodEnd] = put('POST');
  [head.targetStart, head.targetEnd] = put('/a?b');
  head.pathEnd = head.targetStart + 2;
  [head.authorityStart, head.authorityEnd] = put('h');
  head.framing = framing;
  head.contentLength = contentLength;
  return head;
}

function response(status: number, framing: Framing, contentLength: number): ResponseHead {
  const head = new ResponseHead();
  head.status = status;
  head.framing = framing;
  head.contentLength = contentLength;
  return head;
}

function encodeRequest(head: RequestHead): string {
  const end = encoder.encodeRequestHead(head, OUT, OUT + 1000);
  return latin1Text(arena.bytes, OUT, end);
}

function encode(
  head: ResponseHead,
  version = 11,
  method: Method = Method.GET,
  keep = true,
): string {
  const end = encoder.encodeResponseHead(head, version, method, keep, OUT, OUT + 1000);
  return latin1Text(arena.bytes, OUT, end);
}

test('encodeRequestHead() adds the framing that its block does not have', () => {
  const start = 'POST /a?b HTTP/1.1\r\nHost: h\r\n';
  assert.equal(encodeRequest(request(Framing.NONE, -1)), `${start}\r\n`);
  assert.equal(encodeRequest(request(Framing.NONE, 0)), `${start}Content-Length: 0\r\n\r\n`);
  assert.equal(encodeRequest(request(Framing.LENGTH, 12)), `${start}Content-Length: 12\r\n\r\n`);
  const chunked = `${start}Transfer-Encoding: chunked\r\n\r\n`;
  assert.equal(encodeRequest(request(Framing.CHUNKED, -1)), chunked);
});

test('encodeRequestHead() writes Content-Length once, and not beside chunked', () => {
  const head = request(Framing.LENGTH, 12);
  add(head.fields, 'host', 'x', FieldId.HOST);
  add(head.fields, 'content-length', '12', FieldId.CONTENT_LENGTH);
  const start = 'POST /a?b HTTP/1.1\r\nhost: x\r\n';
  assert.equal(encodeRequest(head), `${start}content-length: 12\r\n\r\n`);
  head.framing = Framing.CHUNKED;
  assert.equal(encodeRequest(head), `${start}Transfer-Encoding: chunked\r\n\r\n`);
  head.framing = Framing.NONE;
  head.contentLength = -1;
  assert.equal(encodeRequest(head), `${start}\r\n`);
});

test('encodeRequestHead() skips removed fields and writes replaced and added ones', () => {
  const head = request(Framing.NONE, -1);
  const [start] = put('Host: a\r\nA: 1 \r\nB: 2\r\nC:3\r\nD: 4\r\n');
  head.fields.addLine(start, start + 4, start + 6, start + 7, FieldId.HOST);
  head.fields.addLine(start + 9, start + 10, start + 12, start + 13, FieldId.UNKNOWN);
  head.fields.addLine(start + 16, start + 17, start + 19, start + 20, FieldId.UNKNOWN);
  head.fields.addLine(start + 22, start + 23, start + 24, start + 25, FieldId.UNKNOWN);
  head.fields.addLine(start + 27, start + 28, start + 30, start + 31, FieldId.UNKNOWN);
  head.fields.remove(2);
  head.fields.replaceValue(3, ...put('new'));
  add(head.fields, 'E', '5');
  const wanted = 'POST /a?b HTTP/1.1\r\nHost: a\r\nA: 1 \r\nC: new\r\nD: 4\r\nE: 5\r\n\r\n';
  assert.equal(encodeRequest(head), wanted);
});

test('Http1Encoder says -1 for every room that is too small, and writes nothing behind it', () => {
  const head = request(Framing.LENGTH, 5);
  [head.upgradeStart, head.upgradeEnd] = put('websocket');
  add(head.fields, 'Name', 'v'.repeat(40));
  const size = encodeRequest(head).length;
  const answer = response(200, Framing.LENGTH, 5);
  [answer.reasonStart, answer.reasonEnd] = put('Fine');
  add(answer.fields, 'Name', 'v'.repeat(40));
  const answerSize = encode(answer).length;
  const guard = 0xa5;
  for (let room = 0; room < 200; room++) {
    arena.bytes.fill(guard, OUT, OUT + 400);
    const end = encoder.encodeRequestHead(head, OUT, OUT + room);
    // A number wants 16 bytes of room, which only a caller at its limit notices.
    assert.ok(end === OUT + size || (end === -1 && room < size + 16), String(room));
    assert.equal(arena.bytes[OUT + room], guard);
    arena.bytes.fill(guard, OUT, OUT + 400);
    const answerEnd = encoder.encodeResponseHead(answer, 11, Method.GET, true, OUT, OUT + room);
    assert.ok(answerEnd === OUT + answerSize || (answerEnd === -1 && room < answerSize + 16));
    assert.equal(arena.bytes[OUT + room], guard);
  }
});

test('encodeResponseHead() chooses the framing for the client', () => {
  const cases: readonly (readonly [number, Framing, number, number, Framing, string])[] = [
    [200, Framing.LENGTH, 5, 11, Framing.LENGTH, 'Content-Length: 5\r\n'],
    [200, Framing.NONE, -1, 11, Framing.NONE, 'Content-Length: 0\r\n'],
    [200, Framing.NONE, 0, 11, Framing.NONE, 'Content-Length: 0\r\n'],
    [200, Framing.CHUNKED, -1, 11, Framing.CHUNKED, 'Transfer-Encoding: chunked\r\n'],
    [200, Framing.CLOSE, -1, 11, Framing.CHUNKED, 'Transfer-Encoding: chunked\r\n'],
    [200, Framing.CHUNKED, -1, 10, Framing.CLOSE, 'Connection: close\r\n'],
    [200, Framing.CLOSE, -1, 10, Framing.CLOSE, 'Connection: close\r\n'],
    [200, Framing.LENGTH, 5, 10, Framing.LENGTH, 'Content-Length: 5\r\nConnection: keep-alive\r\n'],
    [204, Framing.NONE, -1, 11, Framing.NONE, ''],
    [304, Framing.NONE, 7, 11, Framing.NONE, 'Content-Length: 7\r\n'],
    [304, Framing.NONE, -1, 11, Framing.NONE, ''],
    [103, Framing.NONE, -1, 11, Framing.NONE, ''],
  ];
  for (const [status, framing, length, version, wanted, lines] of cases) {
    const text = encode(response(status, framing, length), version);
    assert.equal(text.slice(text.indexOf('\r\n') + 2), `${lines}\r\n`);
    assert.equal(encoder.bodyFraming, wanted);
  }
});

test('encodeResponseHead() has no body for HEAD whatever the head says', () => {
  for (const [framing, length, lines] of [
    [Framing.LENGTH, 5, 'Content-Length: 5\r\n'],
    [Framing.NONE, -1, ''],
    [Framing.CHUNKED, -1, ''],
  ] as const) {
    const text = encode(response(200, framing, length), 11, Method.HEAD);
    assert.equal(text, `HTTP/1.1 200 OK\r\n${lines}\r\n`);
    assert.equal(encoder.bodyFraming, Framing.NONE);
  }
});

test('encodeResponseHead() drops a Content-Length where none may be', () => {
  const head = response(204, Framing.NONE, 0);
  add(head.fields, 'Content-Length', '0', FieldId.CONTENT_LENGTH);
  assert.equal(encode(head), 'HTTP/1.1 204 No Content\r\n\r\n');
  head.status = 200;
  head.framing = Framing.CHUNKED;
  assert.equal(encode(head), 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n');
});

test('encodeResponseHead() says close where the connection ends', () => {
  const head = response(200, Framing.NONE, 0);
  const start = 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n';
  assert.equal(encode(head, 11, Method.GET, false), `${start}Connection: close\r\n\r\n`);
  assert.equal(encode(head, 10, Method.GET, false), `${start}Connection: close\r\n\r\n`);
  [head.upgradeStart, head.upgradeEnd] = put('h2c');
  head.status = 426;
  const text = encode(head, 11, Method.GET, false);
  assert.ok(text.endsWith('Connection: upgrade, close\r\nUpgrade: h2c\r\n\r\n'), text);
  assert.ok(encode(head, 10, Method.GET, false).endsWith('Connection: close\r\n\r\n'));
});

test('openChunk(), closeChunk() and closeLastChunk() frame a payload where it lies', () => {
  for (const size of [1, 15, 16, 4064, 65_535]) {
    arena.bytes.fill(0x78, OUT, OUT + size);
    const start = encoder.openChunk(OUT, OUT + size);
    const end = encoder.closeChunk(OUT + size);
    assert.ok(OUT - start <= 10);
    const wanted = `${size.toString(16)}\r\n${'x'.repeat(size)}\r\n`;
    assert.equal(latin1Text(arena.bytes, start, end), wanted);
    const last = encoder.closeLastChunk(OUT + size);
    assert.equal(latin1Text(arena.bytes, start, last), `${wanted}0\r\n\r\n`);
    assert.equal(last - OUT - size, 7);
  }
});

test('openChunk() asserts that a chunk is not empty', () => {
  assert.throws(() => encoder.openChunk(OUT, OUT), /empty chunk/);
});

test('writeLastChunk() writes trailers that fit', () => {
  const fields = new HeaderBlock();
  add(fields, 'X-A', '1');
  add(fields, 'X-B', '');
  const wanted = '0\r\nX-A: 1\r\nX-B: \r\n\r\n';
  const end = encoder.writeLastChunk(fields, OUT, OUT + wanted.length);
  assert.equal(latin1Text(arena.bytes, OUT, end), wanted);
  assert.equal(encoder.writeLastChunk(fields, OUT, OUT + wanted.length - 1), -1);
  assert.equal(
    latin1Text(arena.bytes, OUT, encoder.writeLastChunk(null, OUT, OUT + 5)),
    '0\r\n\r\n',
  );
  assert.equal(encoder.writeLastChunk(null, OUT, OUT + 4), -1);
});

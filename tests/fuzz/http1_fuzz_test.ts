// Mutations of valid messages through the HTTP/1 codec. Whatever arrives: the decoders never throw,
// never look outside the bytes that they were given, and come to the same verdict however the input
// is cut; and what they let through is one message again to a second decoder. A failure prints the
// seed.
//
//   ZPROXY_FUZZ_SEED=N    first seed (1)       ZPROXY_FUZZ_COUNT=N    how many (4,000)

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FedResult } from '../conformance/http1_feeder.ts';
import { Http1Feeder, OPTIONS_DEFAULT } from '../conformance/http1_feeder.ts';
import { Random } from '../support/random.ts';

const SEED_FIRST = Number(process.env['ZPROXY_FUZZ_SEED'] ?? 1);
const SEED_COUNT = Number(process.env['ZPROXY_FUZZ_COUNT'] ?? 4_000);
const MUTATIONS_MAX = 6;

const GET = 'GET / HTTP/1.1\r\nHost: a\r\n';
const PUT = 'PUT /a HTTP/1.1\r\nHost: a\r\n';
const OK = 'HTTP/1.1 200 OK\r\n';
const CHUNKED = 'Transfer-Encoding: chunked\r\n\r\n';

const REQUESTS = [
  `${GET}\r\n`,
  'GET http://b:80/a/../%62?c HTTP/1.1\r\nHost: a\r\nX_y: 1\r\nConnection: x\r\nX: 2\r\n\r\n',
  `${PUT}Content-Length: 5\r\n\r\nhelloGET / HTTP/1.0\r\n\r\n`,
  `${PUT}${CHUNKED}5;a="b"\r\nhello\r\n0\r\nX: y\r\n\r\n`,
  'POST /a HTTP/1.0\r\nConnection: keep-alive\r\nContent-Length: 3\r\n\r\nabc',
  'POST /a HTTP/1.1\r\nHost: [::1]:8\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\nabc',
  `${GET}Upgrade: websocket\r\nConnection: Upgrade, TE\r\nTE: trailers\r\n\r\n`,
  'OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\nCONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n',
] as const;

const RESPONSES = [
  `${OK}Content-Length: 5\r\n\r\nhello`,
  `HTTP/1.1 100 Continue\r\n\r\n${OK}${CHUNKED}1\r\na\r\n0\r\n\r\n`,
  'HTTP/1.1 204 No Content\r\nX : y\r\n\r\nHTTP/1.1 304 \r\nContent-Length: 7\r\n\r\n',
  'HTTP/1.0 200 OK\r\n\r\nuntil the end',
  'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n',
] as const;

/** What breaks parsers: inserted, or put in the place of what is there. */
const PIECES = [
  '\r\n',
  '\r',
  '\n',
  '\0',
  ' ',
  '\t',
  ':',
  ',',
  ';',
  '"',
  '\x7f',
  '\xff',
  '%',
  '%2e',
  '/../',
  '#',
  '@',
  '\r\n\r\n',
  '\r\n ',
  'Content-Length: 5\r\n',
  'Content-Length: 1\r\n',
  'Transfer-Encoding: chunked\r\n',
  'Transfer-Encoding: xchunked\r\n',
  'Host: b\r\n',
  'Connection: close\r\n',
  '0\r\n\r\n',
  'ffffffffffffffff',
  'HTTP/1.1',
  '0x',
  '+',
  '-',
  'chunked',
  'A'.repeat(600),
] as const;

function mutate(random: Random, message: string): string {
  let text = message;
  for (let count = random.integer(0, MUTATIONS_MAX); count > 0; count--) {
    const at = random.integer(0, text.length);
    switch (random.integer(0, 5)) {
      case 0:
        text = text.slice(0, at) + random.pick(PIECES) + text.slice(at);
        break;
      case 1:
        text = text.slice(0, at) + text.slice(at + 1 + random.integer(0, 3));
        break;
      case 2:
        text = text.slice(0, at) + String.fromCharCode(random.integer(0, 255)) + text.slice(at + 1);
        break;
      case 3: {
        const lines = text.split('\r\n'); // twice the same line
        const line = random.integer(0, lines.length - 1);
        lines.splice(random.integer(0, lines.length - 1), 0, lines[line]!);
        text = lines.join('\r\n');
        break;
      }
      case 4:
        text = text.slice(0, at);
        break;
      default:
        text = text.slice(0, at) + random.pick(PIECES) + text.slice(at + 1);
    }
  }
  return text;
}

// Of a body that is refused in the end more is handed out the finer the input was cut.
function comparable(result: FedResult): string {
  const last = result.messages.at(-1);
  if (result.verdict === 'reject body' && last !== undefined) last.body = '';
  return JSON.stringify(result);
}

function fuzz(direction: 'request' | 'response', seeds: readonly string[]): void {
  const limits = {
    headBytesMax: 1_500,
    fieldBytesMax: 700,
    fieldsCountMax: 12,
    targetBytesMax: 650,
  };
  const feeder = new Http1Feeder({ ...OPTIONS_DEFAULT, direction, limits, isEnded: true });
  const lenient = new Http1Feeder({ ...OPTIONS_DEFAULT, direction, isEnded: true });
  for (let seed = SEED_FIRST; seed < SEED_FIRST + SEED_COUNT; seed++) {
    const random = new Random(seed);
    const text = mutate(random, random.pick(seeds));
    const input = Buffer.from(text, 'latin1');
    const cut = random.integer(0, input.length);
    const everyByte = Array.from(input, (_, i) => i).slice(1);
    try {
      const whole = feeder.feed(input, [], false);
      const wanted = comparable(structuredClone(whole));
      assert.equal(comparable(feeder.feed(input, [cut], false)), wanted);
      assert.equal(comparable(feeder.feed(input, [cut], true)), wanted);
      assert.equal(comparable(feeder.feed(input, everyByte, (seed & 1) === 0)), wanted);
      for (const message of whole.messages) checkForwarded(lenient, message.forwarded);
    } catch (error) {
      throw new Error(`seed ${seed}: ${JSON.stringify(text)}`, { cause: error });
    }
  }
}

// A head that we send is one head to whoever reads it, and carries nothing ambiguous.
function checkForwarded(feeder: Http1Feeder, head: string): void {
  const result = feeder.feed(Buffer.from(head, 'latin1'), [], false);
  const isHostless = head.includes('\r\nHost: \r\n'); // of an HTTP/1.0 request without Host
  assert.ok(result.messages.length === 1 || isHostless, head);
  assert.equal(head.indexOf('\r\n\r\n'), head.length - 4, head);
  const framings = head.match(/\r\n(content-length|transfer-encoding):/gi) ?? [];
  assert.ok(framings.length <= 1, head);
}

test(`request decoder: ${SEED_COUNT} mutations from seed ${SEED_FIRST}`, () => {
  fuzz('request', REQUESTS);
});

test(`response decoder: ${SEED_COUNT} mutations from seed ${SEED_FIRST}`, () => {
  fuzz('response', RESPONSES);
});

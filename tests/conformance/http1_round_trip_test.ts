// What is decoded and encoded again says the same: a second pass through the codec changes nothing,
// and a field of the message reaches the other side untouched. Messages are generated from their
// grammar.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { FedResult } from './http1_feeder.ts';
import { Http1Feeder, OPTIONS_DEFAULT } from './http1_feeder.ts';

const requests = new Http1Feeder(OPTIONS_DEFAULT);
const responses = new Http1Feeder({ ...OPTIONS_DEFAULT, direction: 'response' });

const TOKEN = [..."!#$%&'*+-.^`|~0123456789ABCXYZabcxyz"];
const token = fc.string({ unit: fc.constantFrom(...TOKEN), minLength: 1, maxLength: 12 });
const VALUE = [...'\t !"#%,/;=?@[\\]{}azAZ09\x80\xff'];
const value = fc.string({ unit: fc.constantFrom(...VALUE), maxLength: 30 });
const space = fc.constantFrom('', ' ', '\t', '  ');
// A prefix keeps the names clear of those that mean something.
const field = fc
  .tuple(token, space, value, space)
  .map(([name, before, text, behind]) => `X-T${name}:${before}${text}${behind}\r\n`);
const fields = fc.array(field, { maxLength: 8 }).map((lines) => lines.join(''));
const segment = fc.constantFrom('a', '.', '..', '%2e', '%2F', '%41', 'b.c', '', '|', '%25');
const path = fc.array(segment, { maxLength: 6 }).map((segments) => `/${segments.join('/')}`);
const query = fc.constantFrom('', '?', '?a=b', '?%zz&..', '?a?b/../c');
const prefix = fc.constantFrom('', 'http://h.example', 'https://[::1]:8');
const body = fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes).toString('latin1'));
const options = fc.constantFrom('', 'Connection: close\r\n', 'TE: trailers\r\nConnection: TE\r\n');
const framing = fc.constantFrom('none', 'length', 'chunked');

function bytes(text: string): Uint8Array {
  return Buffer.from(text, 'latin1');
}

function frame(kind: string, text: string): { lines: string; wire: string } {
  if (kind === 'none') return { lines: '', wire: '' };
  if (kind === 'length') return { lines: `Content-Length: ${text.length}\r\n`, wire: text };
  const chunk = text === '' ? '' : `${text.length.toString(16)}\r\n${text}\r\n`;
  return { lines: 'Transfer-Encoding: chunked\r\n', wire: `${chunk}0\r\n\r\n` };
}

function received(result: FedResult, name: string): string | undefined {
  return result.messages[0]!.properties[name];
}

test('a request that is decoded and encoded twice is the same as once', () => {
  fc.assert(
    fc.property(
      fc.tuple(token, prefix, path, query),
      fields,
      options,
      framing,
      body,
      ([method, origin, target, search], lines, connection, kind, text) => {
        if (method === 'CONNECT') return;
        const framed = frame(kind, text);
        const head = `${method} ${origin}${target}${search} HTTP/1.1\r\nHost: a\r\n`;
        const wire = `${head}${lines}${connection}${framed.lines}\r\n${framed.wire}`;
        const once = requests.feed(bytes(wire), [], false);
        assert.equal(once.verdict, 'accept', wire);
        assert.equal(once.messages[0]!.body, kind === 'none' ? '' : text);
        const again = `${once.messages[0]!.forwarded}${framed.wire}`;
        const twice = requests.feed(bytes(again), [], false);
        assert.equal(twice.verdict, 'accept', again);
        if (!target.includes('%25')) {
          assert.equal(twice.messages[0]!.forwarded, once.messages[0]!.forwarded);
        }
        assert.equal(twice.messages[0]!.body, once.messages[0]!.body);
        for (const name of ['method', 'authority', 'framing', 'content length', 'fields']) {
          assert.equal(received(twice, name), received(once, name), name);
        }
        assert.ok(once.messages[0]!.forwarded.includes(lines), 'fields pass untouched');
      },
    ),
    { numRuns: 2000 },
  );
});

test('a response that is decoded and encoded twice is the same as once', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 200, max: 599 }),
      value.filter((text) => text.trim() === text && text !== ''),
      fields,
      framing,
      body,
      (status, reason, lines, kind, text) => {
        const isBodyless = status === 204 || status === 304;
        const framed = frame(kind === 'none' ? 'length' : kind, text);
        const head = `HTTP/1.1 ${status} ${reason}\r\n${lines}${framed.lines}\r\n`;
        const payload = isBodyless ? '' : framed.wire;
        const once = responses.feed(bytes(head + payload), [], false);
        assert.equal(once.verdict, 'accept', head);
        const again = `${once.messages[0]!.forwarded}${payload}`;
        const twice = responses.feed(bytes(again), [], false);
        assert.equal(twice.verdict, 'accept', again);
        assert.equal(twice.messages[0]!.forwarded, once.messages[0]!.forwarded);
        assert.equal(twice.messages[0]!.body, isBodyless ? '' : text);
        assert.ok(once.messages[0]!.forwarded.includes(lines), 'fields pass untouched');
      },
    ),
    { numRuns: 2000 },
  );
});

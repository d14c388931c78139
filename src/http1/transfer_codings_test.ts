import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TransferCodings } from './transfer_codings.ts';

function read(...lines: string[]): TransferCodings {
  const bytes = Buffer.from(lines.join('|'), 'latin1');
  const codings = new TransferCodings(bytes);
  let at = 0;
  for (const line of lines) {
    codings.add(at, at + line.length);
    at += line.length + 1;
  }
  return codings;
}

test('TransferCodings knows chunked alone', () => {
  for (const line of ['chunked', ' Chunked', ' CHUNKED  ']) {
    assert.equal(read(line).isChunkedOnly, true, line);
  }
  for (const line of ['gzip', 'xchunked', 'chunkedx', 'chunked;a', 'chunked, chunked', '']) {
    assert.equal(read(line).isChunkedOnly, false, line);
  }
});

test('TransferCodings counts over several lines', () => {
  const codings = read(' gzip;q="a" , br', ' chunked');
  assert.equal(codings.count, 3);
  assert.equal(codings.chunkedCount, 1);
  assert.equal(codings.isChunkedLast, true);
  assert.equal(codings.isMalformed, false);
  assert.equal(read('chunked', 'gzip').isChunkedLast, false);
});

test('TransferCodings takes whatever could be read in two ways for malformed', () => {
  for (const line of [
    '',
    '\tchunked',
    'chunked\t',
    ',chunked',
    'chunked,',
    'a,,b',
    'chunked x',
    'chunked;q=1',
    '"chunked"',
    'chun ked',
    '\x0bchunked',
    'chunked\xa0',
    'gzip=1',
  ]) {
    assert.equal(read(line).isMalformed, true, JSON.stringify(line));
  }
});

test('TransferCodings forgets with clear()', () => {
  const codings = read(',\tchunked', 'x');
  codings.clear();
  assert.equal(codings.count, 0);
  assert.equal(codings.chunkedCount, 0);
  assert.equal(codings.isChunkedLast, false);
  assert.equal(codings.isMalformed, false);
});

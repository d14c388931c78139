import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  parseVersion,
  VERSION_INCOMPLETE,
  VERSION_MALFORMED,
  VERSION_UNSUPPORTED,
} from './http_version.ts';

function parse(text: string): number {
  return parseVersion(Buffer.from(`${text}1111`, 'latin1'), 0, text.length);
}

test('parseVersion() knows 1.0 from all later minor versions', () => {
  assert.equal(parse('HTTP/1.0'), 10);
  assert.equal(parse('HTTP/1.1'), 11);
  assert.equal(parse('HTTP/1.9\r\n'), 11);
});

test('parseVersion() tells other major versions from what is none', () => {
  for (const text of ['HTTP/0.9', 'HTTP/2.0', 'HTTP/9.1']) {
    assert.equal(parse(text), VERSION_UNSUPPORTED, text);
  }
  for (const text of ['http/1.1', 'HTTP/1,1', 'HTTP/11.', 'HTTP/x.1', 'HTTP/1.x', 'HTTQ', ' ']) {
    assert.equal(parse(text), VERSION_MALFORMED, text);
  }
});

test('parseVersion() waits for each good prefix and looks no further', () => {
  for (let count = 0; count < 8; count++) {
    assert.equal(parse('HTTP/1.1'.slice(0, count)), VERSION_INCOMPLETE, String(count));
  }
});

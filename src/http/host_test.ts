import assert from 'node:assert/strict';
import { isIPv6 } from 'node:net';
import { test } from 'node:test';
import fc from 'fast-check';
import { endOfHost, isAuthority, isAuthorityWithPort } from './host.ts';

function check(text: string, question: (b: Uint8Array, s: number, e: number) => boolean): boolean {
  const bytes = Buffer.from(`]:${text}:]`, 'latin1'); // nothing outside the range is looked at
  return question(bytes, 2, 2 + text.length);
}

test('isAuthority() accepts names, addresses and ports', () => {
  for (const text of [
    'a',
    'a.example',
    'A.Example:80',
    'a:',
    'a:0',
    'a:65535',
    '127.0.0.1:8080',
    'a_b-c~d',
    'a%20b',
    "!$&'()*+,;=",
    '[::]',
    '[::1]:80',
    '[1:2:3:4:5:6:7:8]',
    '[1::8]',
    '[::ffff:1.2.3.4]',
    '[1:2:3:4:5:6:1.2.3.4]',
    '[v1.a:b]',
  ]) {
    assert.equal(check(text, isAuthority), true, text);
  }
});

test('isAuthority() refuses all else', () => {
  for (const text of [
    '',
    ':80',
    'a b',
    'a/b',
    'a?b',
    'a#b',
    'u@a',
    'u:p@a',
    'a\\b',
    'a:b',
    'a:8:0',
    'a:-1',
    'a:65536',
    'a:000000000000065536',
    'a%',
    'a%2',
    'a%2g',
    'a\xe9',
    'a\0',
    'a\t',
    '<a>',
    '::1',
    '[',
    ']',
    '[]',
    '[::1',
    '[::1]a',
    '[::1]8080',
    '[:::1]',
    '[1::2::3]',
    '[1:2:3:4:5:6:7]',
    '[1:2:3:4:5:6:7:8:9]',
    '[1:2:3:4:5:6:7:]',
    '[:1:2:3:4:5:6:7]',
    '[12345::]',
    '[g::]',
    '[fe80::1%25eth0]',
    '[1.2.3.4]',
    '[::1.2.3]',
    '[::1.2.3.256]',
    '[::1.2.3.04]',
    '[1:2:3:4:5:6:7:1.2.3.4]',
    '[v.a]',
    '[v1a]',
    '[v1.]',
    '[127.0.0.1]',
  ]) {
    assert.equal(check(text, isAuthority), false, text);
  }
});

test('isAuthority() agrees with node:net about IPv6 addresses', () => {
  const group = fc.constantFrom('', '0', 'ffff', '12345', 'g', '1.2.3.4', 'a', '1', 'Bc');
  fc.assert(
    fc.property(fc.array(group, { minLength: 1, maxLength: 10 }), (groups) => {
      const text = groups.join(':');
      assert.equal(check(`[${text}]`, isAuthority), isIPv6(text), text);
    }),
    { numRuns: 3000 },
  );
});

test('isAuthorityWithPort() wants a port', () => {
  assert.equal(check('a:443', isAuthorityWithPort), true);
  assert.equal(check('[::1]:443', isAuthorityWithPort), true);
  for (const text of ['a', 'a:', 'a:0', ':443', 'http://a:443', 'a:443/']) {
    assert.equal(check(text, isAuthorityWithPort), false, text);
  }
});

test('endOfHost() is the offset of the port', () => {
  const bytes = Buffer.from('[::1]:80 a.b:8', 'latin1');
  assert.equal(endOfHost(bytes, 0, 8), 5);
  assert.equal(endOfHost(bytes, 9, 14), 12);
  assert.equal(endOfHost(bytes, 9, 12), 12);
});

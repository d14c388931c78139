// Networks in CIDR form: the bits, and the network that a host inside it belongs to.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseAddressRange } from './address_range.ts';
import { Refusal } from './refusal.ts';

test('parseAddressRange() reads addresses and networks of both families', () => {
  const cases: readonly (readonly [string, string, 4 | 6, number])[] = [
    ['10.0.0.0/8', '10.0.0.0', 4, 8],
    ['0.0.0.0/0', '0.0.0.0', 4, 0],
    ['192.168.1.7', '192.168.1.7', 4, 32],
    ['2001:db8::/32', '2001:db8::', 6, 32],
    ['::1', '::1', 6, 128],
    ['::ffff:10.0.0.0/104', '::ffff:10.0.0.0', 6, 104],
  ];
  for (const [text, host, family, bits] of cases) {
    assert.deepEqual(parseAddressRange(text), { host, family, bits }, text);
  }
});

test('parseAddressRange() names the network of a host with a prefix', () => {
  const cases: readonly (readonly [unknown, string])[] = [
    ['10.1.2.3/8', '10.0.0.0/8'],
    ['192.168.1.255/25', '192.168.1.128/25'],
    ['2001:db8::1/32', '2001:db8::/32'],
    ['fe80::1/10', 'fe80::/10'],
    ['10.0.0.0/33', ''],
    ['10.0.0.0/', ''],
    ['10.0.0.0/-1', ''],
    ['10.0.0', ''],
    ['fe80::1%eth0', ''],
    ['localhost', ''],
    [10, ''],
  ];
  for (const [value, suggestion] of cases) {
    const result = parseAddressRange(value);
    assert.ok(result instanceof Refusal, String(value));
    assert.equal(result.suggestion, suggestion, String(value));
  }
});

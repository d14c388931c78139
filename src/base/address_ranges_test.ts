// Trusted proxies: which addresses a range holds.

import { strict as assert } from 'node:assert';
import { describe, it } from 'node:test';
import { compileAddressRanges, parseAddress } from './address_ranges.ts';

describe('compileAddressRanges()', () => {
  const isTrusted = compileAddressRanges([
    { host: '10.1.0.0', family: 4, bits: 16 },
    { host: '192.0.2.128', family: 4, bits: 25 },
    { host: '203.0.113.9', family: 4, bits: 32 },
    { host: '2001:db8::', family: 6, bits: 33 },
    { host: '::ffff:198.51.100.0', family: 6, bits: 120 },
  ]);
  const inside = [
    '10.1.0.0',
    '10.1.255.255',
    '::ffff:10.1.2.3',
    '192.0.2.128',
    '192.0.2.255',
    '203.0.113.9',
    '2001:db8::1',
    '2001:db8:7fff::',
    '2001:db8::1%eth0',
    '198.51.100.77',
  ];
  const outside = [
    '10.2.0.0',
    '192.0.2.127',
    '203.0.113.8',
    '2001:db8:8000::',
    '::a01:1',
    '::1',
    '198.51.101.0',
    '',
    'unix',
    '10.1.2',
    '10.1.2.3.4',
    '10.1.2.256',
    '10.1.2.03',
    '1:2',
    ':::',
    '1::2::3',
  ];
  for (const host of inside) it(`holds ${host}`, () => assert.equal(isTrusted(host), true));
  for (const host of outside)
    it(`does not hold "${host}"`, () => assert.equal(isTrusted(host), false));

  it('holds every address of its family with no bits', () => {
    const isAnyIpv4 = compileAddressRanges([{ host: '0.0.0.0', family: 4, bits: 0 }]);
    assert.equal(isAnyIpv4('255.1.2.3'), true);
    assert.equal(isAnyIpv4('::1'), false);
  });

  it('holds nothing without ranges', () =>
    assert.equal(compileAddressRanges([])('127.0.0.1'), false));
});

describe('parseAddress()', () => {
  it('reads every form of IPv6', () => {
    assert.deepEqual(parseAddress('1:2:3:4:5:6:7:8'), [1, 2, 3, 4, 5, 6, 7, 8]);
    assert.deepEqual(parseAddress('::'), [0, 0, 0, 0, 0, 0, 0, 0]);
    assert.deepEqual(parseAddress('fe80::1:2'), [0xfe80, 0, 0, 0, 0, 0, 1, 2]);
    assert.deepEqual(parseAddress('64:ff9b::1.2.3.4'), [0x64, 0xff9b, 0, 0, 0, 0, 0x102, 0x304]);
    assert.equal(parseAddress('1:2:3:4:5:6:7'), null);
    assert.equal(parseAddress('1:2:3:4:5:6:7:8:9'), null);
    assert.equal(parseAddress('12345::'), null);
  });
});

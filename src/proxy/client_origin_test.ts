import { strict as assert } from 'node:assert';
import { describe, it } from 'node:test';
import { compileAddressRanges } from '../base/address_ranges.ts';
import type { ClientConnectionInfo } from '../http/exchange_contract.ts';
import { identifyField } from '../http/field_names.ts';
import { RequestHead } from '../http/message_head.ts';
import { ClientOrigin } from './client_origin.ts';

const isTrusted = compileAddressRanges([
  { host: '10.0.0.0', family: 4, bits: 8 },
  { host: 'fd00::', family: 6, bits: 8 },
]);

describe('ClientOrigin', () => {
  it('is the connection itself where that is not trusted', () => {
    const origin = of([['X-Forwarded-For', '1.2.3.4']], { remoteHost: '192.0.2.7' });
    assert.equal(origin.clientHost(), '192.0.2.7');
    assert.equal(of([['X-Forwarded-Proto', 'https']], {}).scheme, 'http');
  });

  it('is the last address that somebody trusted has seen', () => {
    const cases: Record<string, string> = {
      '1.2.3.4': '1.2.3.4',
      '6.6.6.6, 1.2.3.4': '1.2.3.4',
      '6.6.6.6, 1.2.3.4, 10.9.9.9': '1.2.3.4',
      '10.1.1.1, 10.2.2.2': '10.1.1.1',
      ' 1.2.3.4:5678 ': '1.2.3.4',
      '[2001:db8::1]:80': '2001:db8::1',
      '2001:db8::1, fd00::2': '2001:db8::1',
      'unknown, 10.2.2.2': '10.2.2.2',
      'not an address': '10.0.0.1',
      '': '10.0.0.1',
    };
    for (const [value, wanted] of Object.entries(cases)) {
      assert.equal(trusted([['X-Forwarded-For', value]]).clientHost(), wanted, value);
    }
    const split = trusted([
      ['X-Forwarded-For', '6.6.6.6'],
      ['x-forwarded-for', '1.2.3.4, 10.1.1.1'],
    ]);
    assert.equal(split.clientHost(), '1.2.3.4');
  });

  it('reads Forwarded (RFC 7239) where there is no X-Forwarded-For', () => {
    const value = 'for=6.6.6.6, for="[2001:db8::7]:4711";proto=https, For=10.1.1.1;by=10.0.0.2';
    assert.equal(trusted([['Forwarded', value]]).clientHost(), '2001:db8::7');
    assert.equal(trusted([['Forwarded', 'proto=http']]).clientHost(), '10.0.0.1');
  });

  it('takes the scheme that a trusted proxy tells', () => {
    assert.equal(trusted([['X-Forwarded-Proto', 'https']]).scheme, 'https');
    assert.equal(trusted([['X-Forwarded-Proto', 'http, HTTPS ']]).scheme, 'https');
    assert.equal(trusted([['X-Forwarded-Proto', 'ftp']]).scheme, 'http');
    assert.equal(trusted([]).scheme, 'http');
  });
});

function trusted(fields: readonly (readonly [string, string])[]): ClientOrigin {
  return of(fields, { remoteHost: '10.0.0.1', isTrusted: true });
}

function of(
  fields: readonly (readonly [string, string])[],
  more: Partial<ClientConnectionInfo>,
): ClientOrigin {
  const bytes = Buffer.alloc(1_024);
  const head = new RequestHead();
  let at = 1;
  for (const [name, value] of fields) {
    bytes.write(name + value, at, 'latin1');
    const middle = at + name.length;
    head.fields.add(at, middle, middle, middle + value.length, identifyField(bytes, at, middle));
    at = middle + value.length;
  }
  const origin = new ClientOrigin(bytes);
  const connection: ClientConnectionInfo = {
    remoteHost: '192.0.2.7',
    remotePort: 1,
    localHost: '192.0.2.1',
    localPort: 80,
    scheme: 'http',
    isTrusted: false,
    ...more,
  };
  origin.begin(head, connection, isTrusted);
  return origin;
}

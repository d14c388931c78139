import { strict as assert } from 'node:assert';
import { describe, it } from 'node:test';
import { identifyField } from '../http/field_names.ts';
import { RequestHead } from '../http/message_head.ts';
import type { SplitKey } from './options.ts';
import { Split } from './split.ts';

describe('Split.choose()', () => {
  it('gives each upstream the share of its weight', () => {
    const split = splitBy({ kind: 'none' });
    const { bytes, head } = request([]);
    const at = (random: number): number => split.choose(bytes, head, random);
    assert.deepEqual([at(0), at(0.899), at(0.9), at(0.9999)], [7, 7, 3, 3]);
  });

  it('never picks a share of weight 0', () => {
    const shares = [
      { upstreamIndex: 1, weight: 0 },
      { upstreamIndex: 2, weight: 5 },
      { upstreamIndex: 3, weight: 0 },
    ];
    const split = new Split(shares, { kind: 'none' });
    const { bytes, head } = request([]);
    for (const random of [0, 0.5, 0.999_999_999]) {
      assert.equal(split.choose(bytes, head, random), 2);
    }
  });

  it('keeps a client by its cookie, whatever chance says', () => {
    const split = splitBy({ kind: 'cookie', name: 'sid' });
    for (let i = 0; i < 50; i++) {
      const { bytes, head } = request([['Cookie', `a=1; sid=client${i}; xsid=${i * 7}`]]);
      const first = split.choose(bytes, head, 0);
      assert.equal(split.choose(bytes, head, 0.99), first);
      const other = request([
        ['cookie', 'b=2'],
        ['Cookie', `sid=client${i}`],
      ]);
      assert.equal(split.choose(other.bytes, other.head, 0.99), first);
    }
  });

  it('spreads clients by weight', () => {
    const split = splitBy({ kind: 'header', name: 'X-User' });
    let count = 0;
    for (let i = 0; i < 10_000; i++) {
      const { bytes, head } = request([['x-user', `u${i}`]]);
      if (split.choose(bytes, head, 0) === 3) count++;
    }
    assert(count > 900 && count < 1_100, `${count} of 10,000 with a weight of 10 %`);
  });

  it('leaves it to chance where the key is missing or empty, and tells names apart', () => {
    const byCookie = splitBy({ kind: 'cookie', name: 'sid' });
    for (const value of ['SID=1', 'xsid=1', 'sidx=1', 'sid', 'sid=', '']) {
      const { bytes, head } = request([['Cookie', value]]);
      assert.equal(byCookie.choose(bytes, head, 0), 7, value);
      assert.equal(byCookie.choose(bytes, head, 0.99), 3, value);
    }
    const byHeader = splitBy({ kind: 'header', name: 'x-user' });
    const { bytes, head } = request([['x-user2', '1']]);
    assert.equal(byHeader.choose(bytes, head, 0.99), 3);
  });
});

function splitBy(key: SplitKey): Split {
  const shares = [
    { upstreamIndex: 7, weight: 90 },
    { upstreamIndex: 3, weight: 10 },
  ];
  return new Split(shares, key);
}

function request(fields: readonly (readonly [string, string])[]): {
  bytes: Uint8Array;
  head: RequestHead;
} {
  const bytes = Buffer.alloc(1_024);
  const head = new RequestHead();
  let at = 1;
  for (const [name, value] of fields) {
    bytes.write(name + value, at, 'latin1');
    const middle = at + name.length;
    const end = middle + value.length;
    head.fields.add(at, middle, middle, end, identifyField(bytes, at, middle));
    at = end;
  }
  return { bytes, head };
}

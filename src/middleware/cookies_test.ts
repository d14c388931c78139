import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { addCookies, cookieValue } from './cookies.ts';

const CASES: [list: string, name: string, value: string | null][] = [
  ['a=1', 'a', '1'],
  ['a=1; b=2', 'b', '2'],
  ['a=1;b=2;  c = 3 ;', 'c', '3'],
  ['a=first; a=second', 'a', 'first'],
  ['a=', 'a', ''],
  ['a=b=c', 'a', 'b=c'],
  ['ab=1', 'a', null],
  ['xa=1', 'a', null],
  ['a', 'a', null],
  ['a; b=1', 'a', null],
  ['a ;=1', 'a', null],
  ['', 'a', null],
  [';;=x', 'a', null],
  ['A=1', 'a', null],
  ['a="q"', 'a', '"q"'],
];

for (const [list, name, value] of CASES) {
  test(`cookieValue() of "${name}" in "${list}" is ${JSON.stringify(value)}`, () => {
    assert.equal(cookieValue(list, name), value);
    const cookies: Record<string, string> = Object.create(null);
    addCookies(list, cookies);
    assert.equal(cookies[name] ?? null, value);
  });
}

test('cookieValue() and addCookies() agree on any list', () => {
  const list = fc.stringMatching(/^[ab=; \t"]{0,20}$/);
  fc.assert(
    fc.property(list, fc.constantFrom('a', 'b', 'ab'), (text, name) => {
      const cookies: Record<string, string> = Object.create(null);
      addCookies(text, cookies);
      assert.equal(cookieValue(text, name), cookies[name] ?? null);
    }),
  );
});

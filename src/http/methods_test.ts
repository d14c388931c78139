import assert from 'node:assert/strict';
import { test } from 'node:test';
import { identifyMethod, isIdempotent, Method, methodName } from './methods.ts';

function identify(text: string): Method {
  const bytes = new TextEncoder().encode(`__${text}__`);
  return identifyMethod(bytes, 2, 2 + text.length);
}

test('identifyMethod() knows every method and no other token', () => {
  for (const method of Object.values(Method)) {
    if (method !== Method.OTHER) assert.equal(identify(methodName(method)), method);
  }
  for (const text of ['get', 'GETS', 'GE', 'PURGE', 'POS', 'PATCHES', 'PUTT', 'M-SEARCH', 'PRI']) {
    assert.equal(identify(text), Method.OTHER, text);
  }
});

test('isIdempotent() follows RFC 9110 section 9.2.2', () => {
  for (const text of ['GET', 'HEAD', 'PUT', 'DELETE', 'OPTIONS', 'TRACE']) {
    assert.ok(isIdempotent(identify(text)), text);
  }
  for (const text of ['POST', 'PATCH', 'CONNECT', 'PURGE']) {
    assert.ok(!isIdempotent(identify(text)), text);
  }
});

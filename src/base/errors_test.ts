// The class of the operator's errors, over several copies of it.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ZProxyError } from './errors.ts';

test('ZProxyError is told by its brand, so that that of another bundle is one, too', async () => {
  const again = './errors.ts?again';
  const other = (await import(again)) as { ZProxyError: typeof ZProxyError };
  assert.notEqual(other.ZProxyError, ZProxyError);
  const error = new other.ZProxyError('ZP_X', 'text');
  assert(error instanceof ZProxyError);
  assert(new ZProxyError('ZP_X', 'text') instanceof other.ZProxyError);
  for (const value of [new Error('text'), null, undefined, 'ZP_X', { code: 'ZP_X' }]) {
    assert.equal(value instanceof ZProxyError, false);
  }
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ZProxyError } from '../base/errors.ts';
import { ConfigRefusedError } from './config_refused_error.ts';

test('ConfigRefusedError is a ZProxyError, and no other ZProxyError is one', () => {
  const refused = new ConfigRefusedError([]);
  assert(refused instanceof ZProxyError);
  assert(refused instanceof ConfigRefusedError);
  assert.equal(new ZProxyError('ZP_X', 'text') instanceof ConfigRefusedError, false);
});

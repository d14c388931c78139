// The nearest known name, and that nothing far away is suggested.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nearestName } from './nearest_name.ts';

const NAMES = ['upstream', 'upgrades', 'host', 'path', 'limits'];

test('nearestName() finds typos, swaps and other cases', () => {
  assert.equal(nearestName('upsteam', NAMES), 'upstream');
  assert.equal(nearestName('Upstream', NAMES), 'upstream');
  assert.equal(nearestName('upstraem', NAMES), 'upstream');
  assert.equal(nearestName('hots', NAMES), 'host');
  assert.equal(nearestName('limit', NAMES), 'limits');
});

test('nearestName() is silent where nothing is near', () => {
  assert.equal(nearestName('middleware', NAMES), '');
  assert.equal(nearestName('x', NAMES), '');
  assert.equal(nearestName('', NAMES), '');
  assert.equal(nearestName('upsteam', []), '');
});

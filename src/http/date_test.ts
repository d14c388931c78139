import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Arena } from '../base/arena.ts';
import { Clock } from '../base/clock.ts';
import { HttpDate } from './date.ts';

test('HttpDate is the current second as IMF-fixdate, always in the same place', () => {
  const arena = new Arena(65_536);
  const date = new HttpDate(arena);
  const clock = new Clock();
  clock.wallMs = Date.UTC(1994, 10, 6, 8, 49, 37) + 999;
  const range = date.range(clock);
  const read = (): string => Buffer.from(arena.bytes.slice(range.start, range.end)).toString();
  assert.equal(read(), 'Sun, 06 Nov 1994 08:49:37 GMT');
  clock.wallMs += 1;
  assert.equal(date.range(clock), range);
  assert.equal(read(), 'Sun, 06 Nov 1994 08:49:38 GMT');
  clock.wallMs -= 3_600_000; // a clock may be set back
  date.range(clock);
  assert.equal(read(), 'Sun, 06 Nov 1994 07:49:38 GMT');
});

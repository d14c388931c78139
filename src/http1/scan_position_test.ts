import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  isPositionInSecond,
  POSITION_BYTES_MAX,
  POSITION_LINES_MAX,
  packPosition,
  positionLineStart,
  positionLinesCount,
  positionLookedBytes,
} from './scan_position.ts';

test('packPosition() keeps line, count and a lower bound of what was looked at', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: POSITION_BYTES_MAX }),
      fc.integer({ min: 0, max: POSITION_LINES_MAX }),
      fc.integer({ min: 0, max: 70_000 }),
      fc.integer({ min: -1, max: 70_000 }),
      (line, count, looked, second) => {
        const position = packPosition(line, count, looked, second);
        assert.ok(position >= 0 && Number.isInteger(position) && position < 2 ** 31);
        assert.equal(positionLineStart(position), line);
        assert.equal(positionLinesCount(position), count);
        const remembered = positionLookedBytes(position);
        assert.ok(remembered <= looked);
        assert.ok(looked - remembered < 512 || looked > 32_000);
        assert.equal(isPositionInSecond(position), second >= 0 && second < remembered);
      },
    ),
  );
});

test('packPosition() of the beginning is 0', () => {
  assert.equal(packPosition(0, 0, 0, -1), 0);
  assert.equal(packPosition(0, 0, 300, 5), 0);
});

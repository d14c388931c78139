// What wrk prints is read as it means.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatMeasurement } from './report.ts';
import { summarise, summariseRatio } from './statistics.ts';
import { parseWrk } from './wrk.ts';

const TEXT = `Running 5s test @ http://127.0.0.1:8080/
  1 threads and 64 connections
  Latency Distribution
     50%    1.02ms
     75%    1.20ms
     90%    1.60ms
     99%  500.00us
  123456 requests in 5.10s, 20.50MB read
Requests/sec:  24207.06
Transfer/sec:      4.02MB
`;

test('parseWrk() reads counts, sizes and latencies in their units', () => {
  assert.deepEqual(parseWrk(TEXT), {
    requests: 123_456,
    seconds: 5.1,
    bytes: 20.5 * 1024 ** 2,
    p50Ms: 1.02,
    p99Ms: 0.5,
    failures: 0,
  });
});

test('parseWrk() counts answers that were errors, and socket errors', () => {
  const errors = 'Socket errors: connect 1, read 2, write 0, timeout 3';
  const bad = `${TEXT}  Non-2xx or 3xx responses: 7\n  ${errors}\n`;
  assert.equal(parseWrk(bad).failures, 13);
  assert.throws(() => parseWrk('unable to connect'), /something else/);
});

test('summarise() takes the middle, and the mean of the two middles', () => {
  assert.deepEqual(summarise([3, 1, 2]), { median: 2, least: 1, most: 3 });
  assert.equal(summarise([4, 1, 2, 3]).median, 2.5);
});

test('summariseRatio() compares values of the same round', () => {
  assert.deepEqual(summariseRatio([1, 4], [2, 4]), { median: 0.75, least: 0.5, most: 1 });
});

test('formatMeasurement() shows each median and the ratio to the subject', () => {
  const lines = formatMeasurement({
    metric: 'CPU per request',
    unit: 'µs',
    isLowerBetter: true,
    values: { zproxy: [12, 13, 14], nginx: [20, 20, 20] },
  });
  assert.deepEqual(lines, [
    'CPU per request (µs)',
    '  zproxy            13.0',
    '  nginx             20.0   zproxy is 0.65 (0.60 to 0.70) of it',
  ]);
});
